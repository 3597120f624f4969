import {
  defineCommand,
  fail,
  flag,
  matchesFilter,
  optionalArgument,
  renderJson,
  renderTable,
  text,
} from "#lib/cli/index.ts"
import { connectMesos, placeTasks, type PlacedTask } from "#lib/client/index.ts"

const HEADINGS = ["NAME", "HOST", "USER", "STATE", "ID", "AGENT ID", "REGION", "ZONE"]

export const command = defineCommand({
  input: {
    filter: optionalArgument("task"),
    all: flag("Show running and completed tasks."),
    completed: flag("Show only completed tasks."),
    agentId: text("agent-id", "Show only the tasks of this agent."),
    json: flag("Print in JSON format."),
    quiet: flag("Print only the ids.", { alias: "q" }),
  },
  examples: ["dcos task list", "dcos task list 'web*'"],
  async run(context, { filter, all, completed, agentId, json, quiet }) {
    if (all && completed) fail("cannot accept both options --all and --completed")
    const placed = placeTasks(await (await connectMesos(context)).state())
    const tasks = placed.filter(
      (one) =>
        (all || one.completed === completed) &&
        (filter === undefined || matchesFilter(one.task.id, filter)) &&
        (agentId === undefined || one.task.slave_id === agentId),
    )
    if (json) context.stdout.write(renderJson(tasks.map(describeTask)))
    else if (tasks.length === 0 && (filter !== undefined || agentId !== undefined))
      fail(noneFound(filter, agentId))
    else if (quiet) for (const { task } of tasks) context.print(task.id)
    else context.stdout.write(renderTable(HEADINGS, tasks.map(renderTask)))
  },
})

function noneFound(filter: string | undefined, agentId: string | undefined): string {
  if (filter === undefined) return `no task found in agent '${agentId}'`
  const where = agentId === undefined ? "" : ` in agent '${agentId}'`
  return `no task ID found containing '${filter}'${where}`
}

function renderTask({ task, framework, agent }: PlacedTask): string[] {
  const domain = agent?.domain?.fault_domain
  return [
    task.name,
    agent?.hostname ?? "",
    task.user ?? framework.user ?? "",
    task.state,
    task.id,
    task.slave_id,
    domain?.region?.name ?? "",
    domain?.zone?.name ?? "",
  ]
}

const describeTask = ({ task }: PlacedTask) => ({
  executor_id: task.executor_id ?? "",
  framework_id: task.framework_id,
  id: task.id,
  labels: task.labels ?? [],
  name: task.name,
  resources: task.resources ?? {},
  slave_id: task.slave_id,
  state: task.state,
  statuses: task.statuses ?? [],
  discovery: task.discovery,
  container: task.container,
})
