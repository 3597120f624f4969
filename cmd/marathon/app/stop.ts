import { argument, defineCommand, fail, flag } from "#lib/cli/index.ts"
import { absoluteId, connectMarathon } from "#lib/client/index.ts"

export const command = defineCommand({
  input: {
    id: argument("app-id", { from: "marathon app list --quiet" }),
    force: flag("Override a deployment that is under way."),
  },
  async run(context, { id, force }) {
    const marathon = await connectMarathon(context)
    const app = await marathon.findApp(id)
    if (app === undefined) return fail(`App '${absoluteId(id)}' does not exist`)
    if ((app.instances ?? 0) === 0) fail(`app '${app.id}' already stopped: 0 instances`)
    const { deploymentId } = await marathon.updateApp(id, { instances: 0 }, force)
    context.print(`Created deployment ${deploymentId}`)
    return 0
  },
})
