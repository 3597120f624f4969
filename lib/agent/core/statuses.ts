import type {
  AgentId,
  CheckInfo,
  CheckStatusInfo,
  ContainerStatus,
  Task,
  TaskInfo,
  TaskStatus,
} from "#lib/mesos/index.ts"
import type { ContainerId } from "#lib/ports/index.ts"
import { isTerminal, type TaskRecord } from "./records.ts"

/** What a status says beyond what the agent fills in for every one. */
export type StatusChange = Pick<
  TaskStatus,
  "state" | "message" | "reason" | "source" | "data" | "healthy" | "limitation"
>

/**
 * A status of a task that the agent knows; the stream gives it its uuid. What its check found last is in
 * each, up to the end, but for those that executors of Mesos have no part in. Source: apache/mesos:
 * include/mesos/v1/mesos.proto (TaskStatus.check_status).
 */
export function buildStatus(
  task: TaskRecord,
  change: StatusChange,
  by: { readonly agentId: AgentId; readonly now: number },
): TaskStatus {
  const { launch, progress } = task
  const lives = !isTerminal(change.state)
  return {
    source: "SOURCE_EXECUTOR",
    ...(lives && progress.health?.healthy !== undefined
      ? { healthy: progress.health.healthy }
      : {}),
    ...(progress.checkStatus !== undefined && change.source !== "SOURCE_AGENT"
      ? { checkStatus: progress.checkStatus }
      : {}),
    ...change,
    taskId: launch.info.taskId,
    agentId: by.agentId,
    executorId: launch.executorId,
    timestamp: by.now / 1000,
    ...(progress.containerStatus === undefined
      ? {}
      : { containerStatus: progress.containerStatus }),
  }
}

/** The statuses of a task with a newer one: of consecutive equal states the newest stays. */
export function withStatus(
  statuses: readonly TaskStatus[],
  status: TaskStatus,
): readonly TaskStatus[] {
  const { data: _data, uuid: _uuid, ...kept } = status
  const earlier = statuses.at(-1)?.state === status.state ? statuses.slice(0, -1) : statuses
  return [...earlier, kept]
}

/** A container id as the API nests it. */
export function nestedContainerId(containerId: ContainerId): ApiContainerId {
  let nested: ApiContainerId | undefined
  for (const value of containerId.split("."))
    nested = nested === undefined ? { value } : { value, parent: nested }
  return nested ?? { value: containerId }
}

type ApiContainerId = NonNullable<ContainerStatus["containerId"]>

/** The status of a container: what its runtime says, completed with its id and the agent's address. */
export function containerStatus(
  containerId: ContainerId,
  agentIp: string,
  reported: ContainerStatus | undefined,
): ContainerStatus {
  const addressed = reported?.networkInfos?.some(({ ipAddresses }) => ipAddresses?.length)
  const protocol = agentIp.includes(":") ? ("IPv6" as const) : ("IPv4" as const)
  return {
    ...reported,
    containerId: nestedContainerId(containerId),
    networkInfos: addressed
      ? reported?.networkInfos
      : [{ ipAddresses: [{ protocol, ipAddress: agentIp }] }],
  }
}

/** What `check_status` says before there is a result: the type, and an empty sub-message. */
export function emptyCheckStatus(check: CheckInfo | undefined): CheckStatusInfo | undefined {
  const type = check?.type
  switch (type) {
    case "COMMAND":
      return { type: "COMMAND", command: {} }
    case "HTTP":
      return { type: "HTTP", http: {} }
    case "TCP":
      return { type: "TCP", tcp: {} }
    case "UNKNOWN":
    case undefined:
      return undefined
    default:
      return type satisfies never
  }
}

/** Whether two results of a check say the same. */
export function sameCheckStatus(a: CheckStatusInfo | undefined, b: CheckStatusInfo): boolean {
  return (
    a?.type === b.type &&
    a?.command?.exitCode === b.command?.exitCode &&
    a?.http?.statusCode === b.http?.statusCode &&
    a?.tcp?.succeeded === b.tcp?.succeeded
  )
}

/** A task as the master and the APIs show it. `pending` are its unacknowledged updates. */
export function describeTask(
  task: TaskRecord,
  agentId: AgentId,
  pending: readonly TaskStatus[],
): Task {
  const { launch, progress, executor } = task
  const { info } = launch
  const user = (launch.spec ?? executor.launch.process?.spec)?.user
  const inFlight = pending[0]
  return {
    name: info.name,
    taskId: info.taskId,
    frameworkId: launch.frameworkId,
    ...(executor.launch.kind !== "command" ? { executorId: launch.executorId } : {}),
    agentId,
    state: progress.state,
    resources: info.resources ?? [],
    statuses: progress.statuses,
    ...(inFlight === undefined
      ? {}
      : { statusUpdateState: inFlight.state, statusUpdateUuid: inFlight.uuid }),
    ...shownMembers(info),
    ...(user === undefined ? {} : { user }),
  }
}

function shownMembers(info: TaskInfo): Partial<Task> {
  return {
    ...(info.labels === undefined ? {} : { labels: info.labels }),
    ...(info.discovery === undefined ? {} : { discovery: info.discovery }),
    ...(info.container === undefined ? {} : { container: info.container }),
    ...(info.healthCheck === undefined ? {} : { healthCheck: info.healthCheck }),
    ...(info.killPolicy === undefined ? {} : { killPolicy: info.killPolicy }),
    ...(info.limits === undefined ? {} : { limits: info.limits }),
  }
}
