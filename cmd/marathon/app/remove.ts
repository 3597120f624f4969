import { argument, defineCommand, flag } from "#lib/cli/index.ts"
import { connectMarathon } from "#lib/client/index.ts"

export const command = defineCommand({
  input: {
    id: argument("app-id", { from: "marathon app list --quiet" }),
    force: flag("Override a deployment that is under way."),
  },
  async run(context, { id, force }) {
    await (await connectMarathon(context)).removeApp(id, force)
  },
})
