import { defineCommand, renderJson } from "#lib/cli/index.ts"
import { connectMarathon } from "#lib/client/index.ts"

export const command = defineCommand({
  input: {},
  async run(context) {
    const marathon = await connectMarathon(context)
    context.stdout.write(renderJson(await marathon.info()))
  },
})
