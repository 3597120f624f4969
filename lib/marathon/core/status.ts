import type { TaskStatus } from "#lib/mesos/index.ts"
import { conditionOf, countsAsFailure, isTerminal } from "./condition.ts"
import type { Core } from "./core.ts"
import { watchHealth } from "./health.ts"
import { noteAgentHealth } from "./health-results.ts"
import { appIdOfTask, instanceIdOfTask } from "./instance-id.ts"
import { reschedule } from "./instances.ts"
import { killEnded, killUnknown, requestKill } from "./kill.ts"
import { delaysAfterFailure, delaysAfterProgress } from "./launch-delay.ts"
import { watchReadiness } from "./readiness.ts"
import type { Condition, Instance, TaskRecord } from "./records.ts"
import { watchUnreachable } from "./unreachable.ts"

/** Takes a task status, and acknowledges it: what came of it is stored before the call leaves. */
export function takeStatus(core: Core, status: TaskStatus): void {
  const instance = core.state.instanceOfTask(status.taskId)
  const condition = conditionOf(status)
  if (instance === undefined) takeUnknown(core, status, condition)
  else if (isTerminal(condition)) takeEnd(core, instance, status, condition)
  else takeProgress(core, instance, status, condition)
  if (status.uuid !== undefined && status.agentId !== undefined)
    core.call({
      kind: "acknowledge",
      agentId: status.agentId,
      taskId: status.taskId,
      uuid: status.uuid,
    })
}

function takeUnknown(core: Core, status: TaskStatus, condition: Condition): void {
  const alive = !isTerminal(condition) && condition !== "Unreachable"
  if (alive) return killUnknown(core, status.taskId, status.agentId)
  if (!isTerminal(condition) || status.reason === "REASON_RECONCILIATION") return
  core.publish("unknown_instance_terminated_event", {
    instanceId: instanceIdOfTask(status.taskId) ?? status.taskId,
    runSpecId: appIdOfTask(status.taskId),
    condition,
  })
}

function takeProgress(
  core: Core,
  instance: Instance,
  status: TaskStatus,
  condition: Condition,
): void {
  const { task } = instance
  if (task === undefined) return
  // A reconciliation may repeat what is known, also what our own timer made of it since.
  const known =
    condition === "Unreachable" && instance.condition === "UnreachableInactive"
      ? instance.condition
      : condition
  const progress: Instance = {
    ...instance,
    condition: known,
    since: instance.condition === known ? instance.since : core.now,
    task: progressed(core, task, status, condition),
  }
  const next = noteAgentHealth(core, progress, status)
  const changed = status.reason !== "REASON_RECONCILIATION" || task.state !== status.state
  if (changed) {
    publishStatus(core, next, status)
    core.setInstance(next)
    noteProgress(core, next, condition)
  }
  if (next.task?.killRequestedAt !== undefined) requestKill(core, next)
  watchUnreachable(core, next)
  watchHealth(core, next)
  watchReadiness(core, next)
}

function progressed(
  core: Core,
  task: TaskRecord,
  status: TaskStatus,
  condition: Condition,
): TaskRecord {
  const addresses = (status.containerStatus?.networkInfos ?? []).flatMap((network) =>
    (network.ipAddresses ?? []).map(({ ipAddress, protocol }) => ({
      ipAddress: ipAddress ?? "",
      protocol: protocol ?? "IPv4",
    })),
  )
  const unreachableMs = Math.floor((status.unreachableTime?.nanoseconds ?? 0) / 1_000_000)
  return {
    ...task,
    state: status.state,
    startedAt: task.startedAt ?? (condition === "Running" ? core.now : undefined),
    ipAddresses: addresses.length > 0 ? addresses : task.ipAddresses,
    checkStatus: status.checkStatus ?? task.checkStatus,
    unreachableAt:
      condition === "Unreachable"
        ? (task.unreachableAt ?? Math.min(unreachableMs || core.now, core.now))
        : undefined,
  }
}

// A launch token comes back with each task that runs; a delay in force counts from now again.
function noteProgress(core: Core, instance: Instance, condition: Condition): void {
  const { link, options, state } = core
  if (condition === "Running")
    link.launchTokens = Math.min(options.launchTokens, link.launchTokens + 1)
  if (condition === "Unreachable" || condition === "Killing") return
  const app = state.ensureApp(instance.appId)
  core.setDelays(app, delaysAfterProgress(app.delays, state.definition(instance), core.now))
}

function takeEnd(core: Core, instance: Instance, status: TaskStatus, condition: Condition): void {
  const { state } = core
  const definition = state.definition(instance)
  const app = state.ensureApp(instance.appId)
  publishStatus(core, instance, status)
  core.publishCondition({ ...instance, condition })
  noteFailure(core, instance, status)
  killEnded(core, instance.id)
  if (instance.goal === "Decommissioned") return core.removeInstance(instance)
  if (countsAsFailure(condition, status))
    core.setDelays(app, delaysAfterFailure(app.delays, definition, core.now))
  else if (status.reason === "REASON_AGENT_DRAINING") core.setDelays(app, [])
  reschedule(core, instance)
}

const FAILURES: ReadonlySet<TaskStatus["state"]> = new Set<TaskStatus["state"]>([
  "TASK_FAILED",
  "TASK_ERROR",
  "TASK_LOST",
  "TASK_DROPPED",
  "TASK_GONE",
  "TASK_GONE_BY_OPERATOR",
  "TASK_UNKNOWN",
])

function noteFailure(core: Core, instance: Instance, status: TaskStatus): void {
  if (!FAILURES.has(status.state)) return
  core.setFailure({
    appId: instance.appId,
    host: instance.placement?.host ?? "",
    message: status.message ?? "",
    state: status.state,
    taskId: status.taskId,
    timestamp: core.now,
    version: instance.version,
    agentId: instance.placement?.agentId,
  })
}

function publishStatus(core: Core, instance: Instance, status: TaskStatus): void {
  core.publish("status_update_event", {
    slaveId: status.agentId ?? instance.placement?.agentId ?? "",
    taskId: status.taskId,
    taskStatus: status.state,
    message: status.message ?? "",
    appId: instance.appId,
    host: instance.placement?.host ?? "",
    ipAddresses: instance.task?.ipAddresses ?? [],
    ports: instance.task?.hostPorts ?? [],
    version: instance.version,
  })
}
