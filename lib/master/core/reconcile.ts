import type { AgentId, TaskId, TaskState, scheduler } from "#lib/mesos/index.ts"
import type { Context } from "./context.ts"
import type { FrameworkRecord, TaskRecord } from "./records.ts"
import { sendMasterStatus, statusFacts, type MasterStatus } from "./statuses.ts"
import { stateFor } from "./task-states.ts"

/** RECONCILE: tells the state of the named tasks, or of all live ones when none is named. */
export function reconcile(
  ctx: Context,
  framework: FrameworkRecord,
  { tasks = [] }: scheduler.CallReconcile,
): void {
  ctx.count("messages_reconcile_tasks")
  if (tasks.length === 0) {
    for (const task of framework.tasks.values()) tellLive(ctx, framework, task)
    return
  }
  // Of one task the history is looked through; for many it is sorted by task once.
  const ended = tasks.length === 1 ? framework.completedTasks : endsOf(framework)
  for (const { taskId, agentId } of tasks) {
    const among = ended instanceof Map ? (ended.get(taskId) ?? []) : ended
    reconcileTask(ctx, framework, taskId, agentId, among)
  }
}

/** Explicit reconciliation of one task; silent while its agent may still come back with it. */
export function reconcileTask(
  ctx: Context,
  framework: FrameworkRecord,
  taskId: TaskId,
  agentId: AgentId | undefined,
  among: Iterable<TaskRecord> = framework.completedTasks,
): void {
  const live = framework.tasks.get(taskId)
  if (live !== undefined) return tellLive(ctx, framework, live)
  const answer = (status: Pick<MasterStatus, "state" | "message" | "unreachableAt">): void => {
    const reason = "REASON_RECONCILIATION"
    sendMasterStatus(ctx, framework, { taskId, agentId, reason, ...status })
  }
  if (agentId === undefined ? ctx.recovered.size > 0 : ctx.recovered.has(agentId)) return
  // An end that was told once is not told otherwise later: its own update may still be on its way.
  const ended = lastEndOf(among, taskId, agentId)
  if (ended !== undefined) return tellState(ctx, framework, ended, ended.state)
  const message = "Reconciliation: "
  if (agentId !== undefined && ctx.agents.has(agentId))
    return answer({
      state: stateFor(framework, "TASK_GONE"),
      message: `${message}Task is unknown to the agent`,
    })
  if (agentId !== undefined && ctx.gone.has(agentId))
    return answer({
      state: stateFor(framework, "TASK_GONE_BY_OPERATOR"),
      message: `${message}Task is gone`,
    })
  const shelved = framework.unreachableTasks.get(taskId)
  const unreachableAt = ctx.unreachable.get(agentId ?? shelved?.agentId ?? NOWHERE)?.unreachableAt
  if (unreachableAt !== undefined)
    return answer({
      state: stateFor(framework, "TASK_UNREACHABLE"),
      message: `${message}Task is unreachable`,
      unreachableAt,
    })
  answer({ state: stateFor(framework, "TASK_UNKNOWN"), message: `${message}Task is unknown` })
}

/** The ended tasks that are remembered, by their id, the oldest first. */
function endsOf({ completedTasks }: FrameworkRecord): Map<TaskId, TaskRecord[]> {
  const ends = new Map<TaskId, TaskRecord[]>()
  for (const task of completedTasks) {
    const known = ends.get(task.taskId)
    if (known === undefined) ends.set(task.taskId, [task])
    else known.push(task)
  }
  return ends
}

/** The newest task of this id that ended on the agent, of those that are remembered. */
function lastEndOf(
  among: Iterable<TaskRecord>,
  taskId: TaskId,
  agentId: AgentId | undefined,
): TaskRecord | undefined {
  let newest: TaskRecord | undefined
  for (const task of among)
    if (task.taskId === taskId && (agentId === undefined || task.agentId === agentId)) newest = task
  return newest
}

const NOWHERE = "" as AgentId

/**
 * The agent may know more than it could tell so far: the framework hears the state of the update that
 * is under way, so that it hears of no end before what came ahead of it.
 * Source: apache/mesos: src/master/master.cpp (Master::reconcile).
 */
function tellLive(ctx: Context, framework: FrameworkRecord, task: TaskRecord): void {
  tellState(ctx, framework, task, task.statusUpdateState ?? task.state)
}

function tellState(
  ctx: Context,
  framework: FrameworkRecord,
  task: TaskRecord,
  state: TaskState,
): void {
  const { taskId, agentId, executorId } = task
  sendMasterStatus(ctx, framework, {
    taskId,
    agentId,
    executorId,
    state,
    reason: "REASON_RECONCILIATION",
    message: "Reconciliation: Latest task state",
    ...statusFacts(task),
  })
}
