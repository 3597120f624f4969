import { argument, defineCommand, fail, flag, optionalArgument } from "#lib/cli/index.ts"
import { absoluteId, connectMarathon } from "#lib/client/index.ts"

export const command = defineCommand({
  input: {
    id: argument("app-id", { from: "marathon app list --quiet" }),
    instances: optionalArgument("instances"),
    force: flag("Override a deployment that is under way."),
  },
  async run(context, { id, instances = "1", force }) {
    const count = /^\d{1,9}$/.test(instances) ? Number(instances) : 0
    if (count === 0) fail(`the number of instances must be positive: ${instances}`)
    const marathon = await connectMarathon(context)
    const app = await marathon.findApp(id)
    if (app === undefined) return fail(`App '${absoluteId(id)}' does not exist`)
    if ((app.instances ?? 0) > 0)
      fail(`application '${app.id}' already started: ${app.instances} instances`)
    const { deploymentId } = await marathon.updateApp(id, { instances: count }, force)
    context.print(`Created deployment ${deploymentId}`)
    return 0
  },
})
