import { defineCommand } from "#lib/cli/index.ts"
import { connectMarathon } from "#lib/client/index.ts"

export const command = defineCommand({
  input: {},
  async run(context) {
    context.print(await (await connectMarathon(context)).abdicate())
  },
})
