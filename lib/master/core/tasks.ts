import type { TaskState, TaskStatus } from "#lib/mesos/index.ts"
import { assert } from "#lib/std/assert.ts"
import { compactStatus } from "./compact-status.ts"
import type { Context } from "./context.ts"
import { executorKey, taskKey, type ExecutorRecord, type TaskRecord } from "./records.ts"
import { isTerminal } from "./task-states.ts"
import { tellTaskAdded, tellTaskUpdated } from "./watch.ts"

/** Enters a live task in the books; within the step its resources are allocated to its framework. */
export function addTask(ctx: Context, task: TaskRecord): void {
  const { framework, agent } = task
  assert(!framework.tasks.has(task.taskId), `task ${task.taskId} is live already`)
  framework.tasks.set(task.taskId, task)
  agent.tasks.add(task)
  ctx.countTasks(task, task.state, 1)
  tasksChanged(task)
  if (!isTerminal(task.state)) chargeTask(task)
  tellTaskAdded(ctx, task)
}

function tasksChanged({ framework, agent }: TaskRecord): void {
  framework.tasksRevision++
  agent.tasksRevision++
}

/** Counts the task's resources, which are allocated to its framework, as used. */
export function chargeTask(task: TaskRecord): void {
  assert(!task.charged, `task ${task.taskId} is charged already`)
  task.charged = true
  changeUsed(task, 1)
}

/** Moves a live task to a new state; the end of a task frees its resources. Ended tasks stay ended. */
export function setTaskState(ctx: Context, task: TaskRecord, state: TaskState): void {
  if (task.state === state || isTerminal(task.state)) return
  ctx.countTasks(task, task.state, -1)
  ctx.countTasks(task, state, 1)
  task.change({ state })
  tasksChanged(task)
  if (isTerminal(state)) releaseTask(ctx, task)
}

/** Frees what the task uses, if it still does. */
export function releaseTask(ctx: Context, task: TaskRecord): void {
  const { pendingKills } = task.agent
  if (pendingKills.size > 0) pendingKills.delete(taskKey(task.frameworkId, task.taskId))
  if (!task.charged) return
  task.charged = false
  changeUsed(task, -1)
  ctx.allocator.recover(task.frameworkId, task.agentId, task.resources)
}

/**
 * Remembers a status that was forwarded to the framework: one entry per run of equal states. The
 * task's own state is set before.
 */
export function recordStatus(ctx: Context, task: TaskRecord, status: TaskStatus): void {
  const last = task.statuses.at(-1)
  const kept = compactStatus(status, { task, host: task.agent, before: last })
  const repeated = last?.state === status.state
  task.change({
    statuses: [...(repeated ? task.statuses.slice(0, -1) : task.statuses), kept],
    statusUpdateState: status.state,
    statusUpdateUuid: status.uuid,
  })
  tellTaskUpdated(ctx, task, { status, repeated })
}

/** Takes a task out of the live ones and keeps it in its framework's history. */
export function completeTask(ctx: Context, task: TaskRecord): void {
  removeTask(ctx, task)
  task.framework.completedTasks.push(task)
}

/** Takes a task out of the live ones because its agent is out of reach. */
export function shelveTask(ctx: Context, task: TaskRecord): void {
  removeTask(ctx, task)
  const { unreachableTasks } = task.framework
  unreachableTasks.set(task.taskId, task)
  if (unreachableTasks.size <= ctx.limits.unreachableTasks) return
  for (const oldest of unreachableTasks.keys()) {
    unreachableTasks.delete(oldest)
    return
  }
}

function removeTask(ctx: Context, task: TaskRecord): void {
  releaseTask(ctx, task)
  ctx.countTasks(task, task.state, -1)
  if (task.agent.drain !== undefined) ctx.drainsToSettle.add(task.agent)
  const removed = task.framework.tasks.delete(task.taskId) && task.agent.tasks.delete(task)
  tasksChanged(task)
  assert(removed, `task ${task.taskId} is not live`)
}

/** Enters an executor in the books; within the step its resources are allocated to its framework. */
export function addExecutor(executor: ExecutorRecord): void {
  const { framework, agent } = executor
  const key = executorKey(executor.frameworkId, executor.executorId)
  assert(!agent.executorsByKey.has(key), `executor ${executor.executorId} is there already`)
  agent.executorsByKey.set(key, executor)
  agent.executors.add(executor)
  framework.executors.add(executor)
  changeUsed(executor, 1)
}

/** Takes an executor out of the books and frees what it uses. */
export function removeExecutor(ctx: Context, executor: ExecutorRecord): void {
  const { framework, agent } = executor
  agent.executorsByKey.delete(executorKey(executor.frameworkId, executor.executorId))
  agent.executors.delete(executor)
  framework.executors.delete(executor)
  changeUsed(executor, -1)
  ctx.allocator.recover(framework.id, agent.id, executor.resources)
}

function changeUsed(
  { framework, agent, resources }: TaskRecord | ExecutorRecord,
  sign: 1 | -1,
): void {
  framework.usedChanged()
  agent.usedChanged()
  const sums = framework.usedMilli
  for (const { name, value } of resources)
    if (value.kind === "scalar") sums.set(name, (sums.get(name) ?? 0) + sign * value.milli)
}
