import { argument, defineCommand, fail, flag, renderSortedJson } from "#lib/cli/index.ts"
import { connectMarathon } from "#lib/client/index.ts"

export const command = defineCommand({
  input: {
    id: argument("task-id", { from: "marathon task list --quiet" }),
    wipe: flag("Remove the task's persistent data too."),
  },
  async run(context, { id, wipe }) {
    const marathon = await connectMarathon(context)
    const { tasks = [] } = await marathon.killTasks([id], { scale: false, wipe })
    context.stdout.write(renderSortedJson(tasks[0] ?? fail(`Task '${id}' does not exist`)))
  },
})
