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
  for (const { taskId, agentId } of tasks) reconcileTask(ctx, framework, taskId, agentId)
}

/** Explicit reconciliation of one task; silent while its agent may still come back with it. */
export function reconcileTask(
  ctx: Context,
  framework: FrameworkRecord,
  taskId: TaskId,
  agentId: AgentId | undefined,
): void {
  const live = framework.tasks.get(taskId)
  if (live !== undefined) return tellLive(ctx, framework, live)
  const answer = (status: Pick<MasterStatus, "state" | "message" | "unreachableAt">): void => {
    const reason = "REASON_RECONCILIATION"
    sendMasterStatus(ctx, framework, { taskId, agentId, reason, ...status })
  }
  if (agentId === undefined ? ctx.recovered.size > 0 : ctx.recovered.has(agentId)) return
  // An end that was told once is not told otherwise later: its own update may still be on its way.
  const ended = lastEndOf(framework, taskId, agentId)
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

/** The newest task of this id that ended on the agent and is remembered. */
function lastEndOf(
  framework: FrameworkRecord,
  taskId: TaskId,
  agentId: AgentId | undefined,
): TaskRecord | undefined {
  let newest: TaskRecord | undefined
  for (const task of framework.completedTasks)
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
