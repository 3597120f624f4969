import {
  defineCommand,
  flag,
  optionalArgument,
  renderPlainTable,
  renderSortedJson,
} from "#lib/cli/index.ts"
import { absoluteId, connectMarathon, type Task } from "#lib/client/index.ts"

const HEADINGS = ["APP", "HEALTHY", "STARTED", "HOST", "ID", "ROLE"]

export const command = defineCommand({
  input: {
    id: optionalArgument("app-id", { from: "marathon app list --quiet" }),
    json: flag("Print in JSON format."),
    quiet: flag("Print only the ids.", { alias: "q" }),
  },
  async run(context, { id, json, quiet }) {
    const all = await (await connectMarathon(context)).tasks()
    const wanted = id === undefined ? undefined : absoluteId(id)
    const tasks = all
      .filter((task) => wanted === undefined || task.appId === wanted)
      .sort((a, b) => (a.appId < b.appId || (a.appId === b.appId && a.id < b.id) ? -1 : 1))
    if (json) context.stdout.write(renderSortedJson(tasks))
    else if (quiet) for (const task of tasks) context.print(task.id)
    else context.stdout.write(renderPlainTable(HEADINGS, tasks.map(renderTask)))
  },
})

function renderTask(task: Task): string[] {
  const healthy = (task.healthCheckResults ?? []).every((result) => result.alive === true)
  return [
    task.appId,
    healthy ? "True" : "False",
    task.startedAt ?? "N/A",
    task.host ?? "N/A",
    task.id,
    task.role ?? "N/A",
  ]
}
