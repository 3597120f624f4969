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
    if ((app.tasksRunning ?? 0) === 0)
      fail(
        `unable to perform rolling restart of application '${app.id}' because it has no running tasks`,
      )
    const { deploymentId } = await marathon.restartApp(id, force)
    context.print(`Created deployment ${deploymentId}`)
    return 0
  },
})
