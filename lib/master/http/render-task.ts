import {
  encodeMessage,
  flattenResources,
  type ContainerInfo,
  type ContainerStatus,
  type DiscoveryInfo,
  type HealthCheck,
  type Labels,
  type NetworkInfo,
  type Port,
  type TaskStatus,
} from "#lib/mesos/index.ts"
import type { TaskView } from "#lib/master/core/views.ts"
import { JsonText } from "./lazy-json.ts"
import { Memo } from "./memo.ts"
import { renderLabels } from "./render-labels.ts"

/**
 * A task as `/state` and `/tasks` show it; an executor id is shown only for executors of the
 * framework's own. Of a large cluster that is some hundred megabytes, of which most is as it was when
 * somebody last asked: what is the task's own is kept with it, and what instances of a service share is
 * added as text. Source: apache/mesos: src/common/http.cpp (json of Task).
 */
export function renderTask(task: TaskView): JsonText {
  const { labels, container, healthCheck, limits } = task
  return new JsonText(
    task.text(ownText).slice(0, -1) +
      (labels === undefined ? "" : `,"labels":${labelTexts.of(labels)}`) +
      (container === undefined ? "" : `,"container":${containerTexts.of(container)}`) +
      (healthCheck === undefined ? "" : `,"health_check":${healthCheckTexts.of(healthCheck)}`) +
      (limits === undefined ? "" : `,"limits":${JSON.stringify(renderLimits(limits))}`) +
      "}",
  )
}

const ownText = (task: TaskView): string =>
  JSON.stringify({
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
    discovery: task.discovery && renderDiscovery(task.discovery),
  })

const labelTexts = new Memo((labels: Labels) => JSON.stringify(renderLabels(labels)))

const containerTexts = new Memo((container: ContainerInfo) =>
  JSON.stringify(encodeMessage("mesos.v1.ContainerInfo", container)),
)

const healthCheckTexts = new Memo((healthCheck: HealthCheck) =>
  JSON.stringify(encodeMessage("mesos.v1.HealthCheck", healthCheck)),
)

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
  container_status: status.containerStatus && renderContainerStatus(status.containerStatus),
  healthy: status.healthy,
})

/** The same on the wire as in our types but for what is shared, or seldom there. */
function renderContainerStatus(status: ContainerStatus): object {
  const { containerId, networkInfos = [], cgroupInfo, executorPid } = status
  if (cgroupInfo !== undefined) return encodeMessage("mesos.v1.ContainerStatus", status)
  return {
    container_id: containerId,
    network_infos: networkInfos.length === 0 ? undefined : networks.of(networkInfos),
    executor_pid: executorPid,
  }
}

const networks = new Memo((infos: readonly NetworkInfo[]) =>
  infos.map((each) => encodeMessage("mesos.v1.NetworkInfo", each)),
)

/** A whole is a task's own, because of its ports; each of these is not. */
function renderDiscovery(discovery: DiscoveryInfo): object {
  const { ports: { ports: all = [] } = {}, labels, ...rest } = discovery
  return {
    ...rest,
    ports: all.length === 0 ? discovery.ports && {} : { ports: all.map((port) => ports.of(port)) },
    labels: labels && encodeMessage("mesos.v1.Labels", labels),
  }
}

const ports = new Memo((port: Port) => encodeMessage("mesos.v1.Port", port))
