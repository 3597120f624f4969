import { argument, defineCommand, fail, renderCompletion } from "#lib/cli/index.ts"

export const command = defineCommand({
  input: { shell: argument("shell") },
  examples: ["source <(dcos completion bash)", "dcos completion fish | source"],
  async run(context, { shell }) {
    const script = await renderCompletion(shell, context.table)
    context.stdout.write(
      script ?? fail(`invalid shell '${shell}' given, expected bash, fish or zsh`),
    )
  },
})
