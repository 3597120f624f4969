import { defineCommand, fail, flag, renderSortedJson, restArguments } from "#lib/cli/index.ts"
import { connectMarathon } from "#lib/client/index.ts"

export const command = defineCommand({
  input: {
    ids: restArguments("task-id", { from: "marathon task list --quiet" }),
    scale: flag("Scale the applications down by the killed tasks."),
    wipe: flag("Remove the tasks' persistent data too."),
    json: flag("Print in JSON format."),
  },
  async run(context, { ids, scale, wipe, json }) {
    if (ids.length === 0) fail("requires at least 1 arg(s), only received 0")
    const marathon = await connectMarathon(context)
    const { deploymentId, tasks = [] } = await marathon.killTasks(ids, { scale, wipe })
    if (deploymentId === undefined && tasks.length === 0)
      fail("Failed to kill tasks. task-ids seems to be unknown")
    if (json)
      context.stdout.write(renderSortedJson(deploymentId === undefined ? tasks : { deploymentId }))
    else if (deploymentId !== undefined) context.print(`Created deployment: ${deploymentId}`)
    else context.print(`Killed tasks: [${tasks.map((task) => `'${task.id}'`).join(", ")}]`)
  },
})
