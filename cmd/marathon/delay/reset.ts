import { argument, defineCommand } from "#lib/cli/index.ts"
import { absoluteId, connectMarathon } from "#lib/client/index.ts"

export const command = defineCommand({
  input: { id: argument("app-id", { from: "marathon app list --quiet" }) },
  async run(context, { id }) {
    await (await connectMarathon(context)).resetDelay(id)
    context.print(`Delay on [${absoluteId(id)}] has been reset`)
  },
})
