import type {
  AgentId,
  ExecutorId,
  Task,
  TaskId,
  TaskState,
  TaskStatus,
  TaskStatusReason,
  UpdateMessage,
  scheduler,
} from "#lib/mesos/index.ts"
import { clip } from "./clip.ts"
import type { Context } from "./context.ts"
import { isRemoved } from "./framework-store.ts"
import { taskKey, type AgentRecord, type FrameworkRecord } from "./records.ts"
import { isBefore, isTerminal } from "./task-states.ts"
import { completeTask, recordStatus, setTaskState } from "./tasks.ts"

/** What a status that the master itself makes says. */
export type MasterStatus = {
  readonly taskId: TaskId
  readonly state: TaskState
  readonly reason: TaskStatusReason
  readonly message: string
  readonly agentId?: AgentId | undefined
  readonly executorId?: ExecutorId | undefined
  /** Milliseconds since the epoch. */
  readonly unreachableAt?: number | undefined
} & StatusFacts

/** What a status made by the master repeats of the task's own ones. */
export type StatusFacts = Pick<TaskStatus, "healthy" | "checkStatus" | "containerStatus">

/**
 * What is known of a task by the statuses that it has told: health and check of the latest, and the
 * latest that says where its container is.
 * Source: apache/mesos: src/common/protobuf_utils.cpp (getTaskHealth and those after it).
 */
export function statusFacts({ statuses = [] }: Pick<Task, "statuses">): StatusFacts {
  const { healthy, checkStatus } = statuses.at(-1) ?? {}
  const containerStatus = statuses.findLast((status) => status.containerStatus)?.containerStatus
  return {
    ...(healthy === undefined ? {} : { healthy }),
    ...(checkStatus === undefined ? {} : { checkStatus }),
    ...(containerStatus === undefined ? {} : { containerStatus }),
  }
}

/** A status made by the master: without uuid, so nobody acknowledges or repeats it. */
export const masterStatus = (
  { now }: Context,
  { unreachableAt, ...status }: MasterStatus,
): TaskStatus => ({
  ...status,
  message: clip(status.message),
  source: "SOURCE_MASTER",
  timestamp: now / 1000,
  ...(unreachableAt === undefined
    ? {}
    : { unreachableTime: { nanoseconds: unreachableAt * 1_000_000 } }),
})

/** Sends a status made by the master, and counts it. */
export function sendMasterStatus(
  ctx: Context,
  framework: FrameworkRecord,
  status: MasterStatus,
): TaskStatus {
  const full = masterStatus(ctx, status)
  countStatus(ctx, full)
  ctx.event(framework, { kind: "update", status: full })
  return full
}

/**
 * Counts a status under the metric of its state, source and reason; metrics say slave for agent.
 * Source: apache/mesos: src/master/metrics.cpp (incrementTasksStates).
 */
export function countStatus(ctx: Context, { state, source, reason }: TaskStatus): void {
  if (isTerminal(state)) ctx.count(`tasks_${nameOf(state, "TASK_")}`)
  if (source === undefined || reason === undefined) return
  const origin = source === "SOURCE_AGENT" ? "slave" : nameOf(source, "SOURCE_")
  const why = nameOf(reason, "REASON_").replace(/^agent_/, "slave_")
  ctx.count(`task_${nameOf(state, "TASK_")}/source_${origin}/reason_${why}`)
}

const nameOf = (value: string, prefix: string): string => value.slice(prefix.length).toLowerCase()

/** A status arrives from an agent: forward it, and let the books follow. */
export function onUpdate(ctx: Context, agent: AgentRecord, message: UpdateMessage): void {
  const { frameworkId, status, latestState } = message
  ctx.count("messages_status_update")
  const framework = ctx.frameworks.get(frameworkId)
  if (framework === undefined) {
    ctx.count("invalid_status_updates")
    // The agent did not hear that the framework is gone; it would repeat the status for ever.
    if (isRemoved(ctx, frameworkId)) ctx.send(agent, { kind: "shutdownFramework", frameworkId })
    return
  }
  ctx.count("valid_status_updates")
  if (onStrayUpdate(ctx, agent, message)) return
  countStatus(ctx, status)
  const full = status.agentId === undefined ? { ...status, agentId: agent.id } : status
  ctx.event(framework, { kind: "update", status: full })
  const task = framework.tasks.get(status.taskId)
  if (task?.agent !== agent) return
  // A late copy of an earlier update is passed on like any other, but the books know better already.
  if (!isBefore(latestState, task.state)) setTaskState(ctx, task, latestState)
  if (isBefore(status.state, task.statusUpdateState ?? status.state)) return
  recordStatus(ctx, task, full)
  if (status.uuid === undefined && isTerminal(status.state)) completeTask(ctx, task)
}

/** Strays answer to nobody: the master acknowledges for the framework and waits for their end. */
function onStrayUpdate(ctx: Context, agent: AgentRecord, message: UpdateMessage): boolean {
  if (agent.strays.size === 0) return false
  const { frameworkId, status, latestState } = message
  const key = taskKey(frameworkId, status.taskId)
  const stray = agent.strays.get(key)
  if (stray === undefined) return false
  if (isTerminal(latestState)) {
    agent.strays.delete(key)
    ctx.allocator.recover(frameworkId, agent.id, stray.resources)
  }
  if (status.uuid !== undefined)
    ctx.send(agent, {
      kind: "acknowledge",
      frameworkId,
      taskId: status.taskId,
      uuid: status.uuid,
    })
  return true
}

/** ACKNOWLEDGE: the agent may forget the status, and after a terminal one everybody the task. */
export function acknowledge(
  ctx: Context,
  framework: FrameworkRecord,
  { agentId, taskId, uuid }: scheduler.CallAcknowledge,
): void {
  ctx.count("messages_status_update_acknowledgement")
  const agent = ctx.agents.get(agentId)
  const sent =
    agent !== undefined &&
    ctx.send(agent, { kind: "acknowledge", frameworkId: framework.id, taskId, uuid })
  if (!sent) {
    ctx.count("invalid_status_update_acknowledgements")
    return
  }
  ctx.count("valid_status_update_acknowledgements")
  const task = framework.tasks.get(taskId)
  if (task?.agent !== agent || task.statusUpdateUuid !== uuid) return
  if (task.statusUpdateState !== undefined && isTerminal(task.statusUpdateState))
    completeTask(ctx, task)
}
