import { defineCommand, restArguments } from "#lib/cli/index.ts"

export const command = defineCommand({
  input: { words: restArguments("command") },
  run: (context, { words }) => context.help(words),
})
