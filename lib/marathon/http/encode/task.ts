import type { TaskState } from "#lib/mesos/index.ts"
import type { Condition, HealthResult, Instance } from "#lib/marathon/core/records.ts"
import { formatTimestamp } from "#lib/marathon/model/index.ts"
import type { App, Encoded } from "#lib/marathon/model/index.ts"

/** The instances that have a task to show: those that wait for an offer have none. */
export const withTasks = (instances: readonly Instance[]): readonly Instance[] =>
  instances.filter((instance) => instance.task !== undefined && instance.condition !== "Scheduled")

const STATES: Readonly<Record<Condition, TaskState>> = {
  Scheduled: "TASK_STAGING",
  Provisioned: "TASK_STAGING",
  Staging: "TASK_STAGING",
  Starting: "TASK_STARTING",
  Running: "TASK_RUNNING",
  Killing: "TASK_KILLING",
  Unreachable: "TASK_UNREACHABLE",
  UnreachableInactive: "TASK_UNREACHABLE",
  Error: "TASK_ERROR",
  Failed: "TASK_FAILED",
  Finished: "TASK_FINISHED",
  Killed: "TASK_KILLED",
  Gone: "TASK_GONE",
  Dropped: "TASK_DROPPED",
  Unknown: "TASK_UNKNOWN",
}

/** The state of an instance's task as responses show it. */
export const taskState = (instance: Instance): TaskState => STATES[instance.condition]

const time = (ms: number | undefined): string | undefined =>
  ms === undefined ? undefined : formatTimestamp(ms)

/** The task of an instance. Source: mesosphere/marathon: …/raml/TaskConversion.scala. */
export function encodeTask(instance: Instance): Encoded {
  const { task, placement } = instance
  return {
    id: task?.id ?? instance.id,
    appId: instance.appId,
    host: placement?.host ?? "",
    slaveId: placement?.agentId,
    state: taskState(instance),
    ipAddresses: task?.ipAddresses ?? [],
    ports: task?.hostPorts ?? [],
    stagedAt: time(task?.stagedAt),
    startedAt: time(task?.startedAt),
    version: instance.version,
    healthCheckResults: (task?.health ?? []).flatMap((result) =>
      result === null ? [] : [encodeHealth(result, instance.id)],
    ),
    checkResult: checkResult(instance),
    localVolumes: [],
    region: placement?.region,
    zone: placement?.zone,
    role: instance.role,
  }
}

const encodeHealth = (result: HealthResult, instanceId: string): Encoded => ({
  alive: result.alive,
  consecutiveFailures: result.consecutiveFailures,
  firstSuccess: time(result.firstSuccess),
  lastSuccess: time(result.lastSuccess),
  lastFailure: time(result.lastFailure),
  lastFailureCause: result.lastFailureCause,
  instanceId: `instance [${instanceId}]`,
})

function checkResult({ task }: Instance): Encoded | undefined {
  const status = task?.checkStatus
  if (status === undefined) return undefined
  return { http: status.http, tcp: status.tcp, command: status.command }
}

/** The service ports of an app in order of declaration. */
export const servicePorts = (app: App): readonly number[] => [
  ...app.portDefinitions.map(({ port }) => port),
  ...(app.container?.portMappings ?? []).map(({ servicePort }) => servicePort),
]
