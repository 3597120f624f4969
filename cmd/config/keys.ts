import { defineCommand, flag, SETTING_DESCRIPTIONS } from "#lib/cli/index.ts"

export const command = defineCommand({
  input: { quiet: flag("Print only the keys.", { alias: "q" }) },
  async run(context, { quiet }) {
    for (const [key, description] of Object.entries(SETTING_DESCRIPTIONS))
      context.print(quiet ? key : `${key} : ${description}`)
  },
})
