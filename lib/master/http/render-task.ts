import {
  encodeMessage,
  type CommandInfo,
  type ContainerInfo,
  type Labels,
  type TaskStatus,
} from "#lib/mesos/index.ts"
import type { ExecutorView, OfferView, TaskView } from "#lib/master/core/views.ts"
import { flatResources, flattenResources } from "./flat-resources.ts"

/** Labels as a plain array; absent when there are none to speak of. */
export const renderLabels = (labels: Labels | undefined): readonly object[] | undefined =>
  labels === undefined ? undefined : (labels.labels ?? []).map(({ key, value }) => ({ key, value }))

/**
 * A task as `/state` and `/tasks` show it; an executor id is shown only for executors of the
 * framework's own. Source: apache/mesos: src/common/http.cpp (json of Task).
 */
export const renderTask = (task: TaskView): object => ({
  id: task.taskId,
  name: task.name,
  framework_id: task.frameworkId,
  executor_id: task.executorId ?? "",
  slave_id: task.agentId,
  state: task.state,
  resources: flattenResources(task.resources),
  role: task.role,
  statuses: (task.statuses ?? []).map(renderStatus),
  user: task.user,
  labels: renderLabels(task.labels),
  discovery: task.discovery && encodeMessage("mesos.v1.DiscoveryInfo", task.discovery),
  container: task.container && renderContainer(task.container),
  health_check: task.healthCheck && encodeMessage("mesos.v1.HealthCheck", task.healthCheck),
  limits: task.limits && renderLimits(task.limits),
})

/** Instances of a service share their container: it is encoded once for all of them. */
const containers = new WeakMap<ContainerInfo, object>()

function renderContainer(container: ContainerInfo): object {
  let rendered = containers.get(container)
  if (rendered === undefined)
    containers.set(container, (rendered = encodeMessage("mesos.v1.ContainerInfo", container)))
  return rendered
}

const renderLimits = (limits: NonNullable<TaskView["limits"]>): object =>
  Object.fromEntries(
    Object.entries(limits).map(([name, { value }]) => [
      name,
      Number.isFinite(value) ? value : "Infinity",
    ]),
  )

const renderStatus = (status: TaskStatus): object => ({
  state: status.state,
  timestamp: status.timestamp ?? 0,
  labels: renderLabels(status.labels),
  container_status:
    status.containerStatus && encodeMessage("mesos.v1.ContainerStatus", status.containerStatus),
  healthy: status.healthy,
})

/** Source: apache/mesos: src/common/http.cpp (json of ExecutorInfo). */
export const renderExecutor = (executor: ExecutorView): object => {
  const { info } = executor
  return {
    executor_id: executor.executorId,
    name: info.name ?? "",
    framework_id: executor.frameworkId,
    command: renderCommand(info.command),
    resources: flatResources(executor.resources),
    role: executor.role,
    labels: renderLabels(info.labels),
    type: info.type,
    slave_id: executor.agentId,
  }
}

const renderCommand = (command: CommandInfo | undefined): object => ({
  shell: command?.shell,
  value: command?.value,
  argv: command?.arguments ?? [],
  environment:
    command?.environment && encodeMessage("mesos.v1.CommandInfo", command)["environment"],
  uris: (command?.uris ?? []).map(({ value, executable }) => ({
    value,
    executable: executable ?? false,
  })),
})

/** An outstanding offer. */
export const renderOffer = (offer: OfferView): object => ({
  id: offer.id,
  framework_id: offer.frameworkId,
  allocation_info: { role: offer.role },
  slave_id: offer.agentId,
  resources: flatResources(offer.resources),
})
