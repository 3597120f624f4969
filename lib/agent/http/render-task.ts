import {
  encodeMessage,
  flattenResources,
  type AgentId,
  type Labels,
  type Resources,
  type TaskStatus,
} from "#lib/mesos/index.ts"
import { executorResources } from "#lib/agent/core/executor-sizes.ts"
import {
  isQueued,
  isTerminal,
  type ExecutorRecord,
  type TaskRecord,
} from "#lib/agent/core/records.ts"

/** The role that resources are allocated to; "*" when none says so. */
const roleOf = (resources: Resources | undefined): string =>
  resources?.find(({ allocationRole }) => allocationRole !== undefined)?.allocationRole ?? "*"

/** Labels as a plain array; absent when there are none to speak of. */
const renderLabels = (labels: Labels | undefined): readonly object[] | undefined =>
  labels?.labels?.map(({ key, value }) => ({ key, value }))

/**
 * A task as `/state` shows it; an executor id is shown only for executors of the framework's own.
 * Source: apache/mesos: src/common/http.cpp (json of Task).
 */
export function renderTask(task: TaskRecord, agentId: AgentId): object {
  const { launch, progress, executor } = task
  const { info } = launch
  return {
    id: info.taskId,
    name: info.name,
    framework_id: launch.frameworkId,
    executor_id: executor.launch.kind !== "command" ? launch.executorId : "",
    slave_id: agentId,
    state: progress.state,
    resources: flattenResources(info.resources ?? []),
    role: roleOf(info.resources),
    statuses: progress.statuses.map(renderStatus),
    user: (launch.spec ?? executor.launch.process?.spec)?.user,
    labels: renderLabels(info.labels),
    discovery: info.discovery && encodeMessage("mesos.v1.DiscoveryInfo", info.discovery),
    container: info.container && encodeMessage("mesos.v1.ContainerInfo", info.container),
    health_check: info.healthCheck && encodeMessage("mesos.v1.HealthCheck", info.healthCheck),
    limits: info.limits && renderLimits(info.limits),
  }
}

/** A task that its executor does not have yet. */
function renderQueuedTask({ launch }: TaskRecord, agentId: AgentId): object {
  const { info } = launch
  return {
    id: info.taskId,
    name: info.name,
    slave_id: agentId,
    resources: flattenResources(info.resources ?? []),
    role: roleOf(info.resources),
    command: info.command && encodeMessage("mesos.v1.CommandInfo", info.command),
    discovery: info.discovery && encodeMessage("mesos.v1.DiscoveryInfo", info.discovery),
  }
}

const renderStatus = (status: TaskStatus): object => ({
  state: status.state,
  timestamp: status.timestamp ?? 0,
  labels: renderLabels(status.labels),
  container_status:
    status.containerStatus && encodeMessage("mesos.v1.ContainerStatus", status.containerStatus),
  healthy: status.healthy,
})

const renderLimits = (limits: Readonly<Record<string, { readonly value: number }>>): object =>
  Object.fromEntries(
    Object.entries(limits).map(([name, { value }]) => [
      name,
      Number.isFinite(value) ? value : "Infinity",
    ]),
  )

/** A made-up executor has no type. */
const EXECUTOR_TYPES = { command: undefined, default: "DEFAULT", custom: "CUSTOM" } as const

/**
 * An executor with its tasks; those whose end is not acknowledged count as completed.
 * Source: apache/mesos: src/slave/http.cpp (ExecutorWriter).
 */
export function renderExecutor(executor: ExecutorRecord, agentId: AgentId): object {
  const { info, containerId, directory, kind } = executor.launch
  const tasks = [...executor.tasks.values()]
  const ended = tasks.filter(({ progress }) => isTerminal(progress.state))
  const queued = tasks.filter(isQueued)
  const launched = tasks.filter((task) => !ended.includes(task) && !queued.includes(task))
  const resources = executorResources(executor)
  return {
    id: info.executorId,
    name: info.name ?? "",
    source: info.source ?? "",
    container: containerId,
    directory,
    resources: flattenResources(resources),
    role: roleOf(resources.length > 0 ? resources : tasks[0]?.launch.info.resources),
    labels: renderLabels(info.labels),
    type: EXECUTOR_TYPES[kind],
    tasks: launched.map((task) => renderTask(task, agentId)),
    queued_tasks: queued.map((task) => renderQueuedTask(task, agentId)),
    completed_tasks: [...executor.completedTasks, ...ended].map((task) =>
      renderTask(task, agentId),
    ),
  }
}
