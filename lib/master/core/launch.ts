import {
  allocate,
  exclusive,
  NO_RESOURCES,
  normalizeResources,
  renderResources,
  shared,
  subtractResources,
  sumDisjoint,
  unallocate,
  type ExecutorInfo,
  type OfferOperation,
  type Resources,
  type TaskInfo,
  type TaskStatusReason,
} from "#lib/mesos/index.ts"
import type { Context } from "./context.ts"
import { inRole, type Pool } from "./pool.ts"
import { ExecutorRecord, executorKey, taskOf, TaskRecord } from "./records.ts"
import { sendMasterStatus } from "./statuses.ts"
import { addExecutor, addTask } from "./tasks.ts"
import { inferHealthCheckType } from "./validation/check.ts"
import {
  groupProblem,
  offersHold,
  sharesCgroups,
  taskProblem,
  type TaskRules,
} from "./validation/task.ts"

function refuseTask(
  ctx: Context,
  { framework, agent }: Pool,
  { taskId }: TaskInfo,
  problem: { readonly reason: TaskStatusReason; readonly message: string },
): void {
  sendMasterStatus(ctx, framework, { taskId, agentId: agent.id, state: "TASK_ERROR", ...problem })
}

function rulesOf({ framework, agent, role }: Pool, executor: ExecutorInfo | undefined): TaskRules {
  const key = executor && executorKey(framework.id, executor.executorId)
  return {
    agentId: agent.id,
    agentCapabilities: agent.capabilities,
    role,
    inUse: (taskId) => {
      if (framework.tasks.has(taskId)) return "live"
      return framework.unreachableTasks.has(taskId) ? "unreachable" : undefined
    },
    executor: {
      frameworkId: framework.id,
      live: key === undefined ? undefined : agent.executorsByKey.get(key)?.info,
      liveShares: () => {
        for (const task of agent.tasks)
          if (task.framework === framework && task.executorId === executor?.executorId)
            return sharesCgroups(task)
        return undefined
      },
    },
  }
}

/** LAUNCH of one task: sends it to the agent and books it, or refuses it alone. */
export function launch(
  ctx: Context,
  pool: Pool,
  received: TaskInfo,
  hasOperationId: boolean,
): void {
  const { framework, agent } = pool
  const task = completed(pool, received)
  const rules = rulesOf(pool, task.executor)
  const problem = hasOperationId
    ? "The 'id' field was set in the LAUNCH operation, which reports by task statuses"
    : (taskProblem(task, rules) ?? shortage(pool, [task], rules))
  if (problem !== undefined)
    return refuseTask(ctx, pool, task, { reason: "REASON_TASK_INVALID", message: problem })
  if (task.executor !== undefined) bookExecutor(ctx, pool, task.executor, rules)
  bookTask(ctx, pool, task)
  const launchExecutor = rules.executor.live === undefined
  ctx.send(agent, {
    kind: "runTask",
    framework: framework.info,
    task,
    acceptedAt: ctx.now,
    ...(task.executor === undefined ? {} : { launchExecutor }),
  })
}

/** LAUNCH_GROUP: all of its tasks, or none. */
export function launchGroup(
  ctx: Context,
  pool: Pool,
  operation: Extract<OfferOperation, { readonly kind: "launchGroup" }>,
): void {
  const { framework, agent } = pool
  const executor = completedExecutor(pool, operation.executor)
  const tasks = (operation.taskGroup.tasks ?? []).map((task) => completed(pool, task))
  const rules = rulesOf(pool, executor)
  const problem =
    operation.id === undefined
      ? (groupProblem({ ...executor, frameworkId: operation.executor.frameworkId }, tasks, rules) ??
        shortage(pool, tasks, rules, executor))
      : "The 'id' field was set in the LAUNCH_GROUP operation, which reports by task statuses"
  if (problem !== undefined) {
    const reason = "REASON_TASK_GROUP_INVALID"
    for (const task of tasks) refuseTask(ctx, pool, task, { reason, message: problem })
    return
  }
  bookExecutor(ctx, pool, executor, rules)
  for (const task of tasks) bookTask(ctx, pool, task, executor)
  ctx.send(agent, {
    kind: "runTaskGroup",
    framework: framework.info,
    executor,
    taskGroup: { tasks },
    acceptedAt: ctx.now,
    launchExecutor: rules.executor.live === undefined,
  })
}

/** A task with what the scheduler may leave out: allocation role, ids, the type of its health check. */
function completed(pool: Pool, task: TaskInfo): TaskInfo {
  const { executor, healthCheck, resources } = task
  return {
    ...task,
    resources: inRole(resources, pool.role),
    ...(executor === undefined ? {} : { executor: completedExecutor(pool, executor) }),
    ...(healthCheck === undefined ? {} : { healthCheck: inferHealthCheckType(healthCheck) }),
  }
}

const completedExecutor = (pool: Pool, executor: ExecutorInfo): ExecutorInfo => ({
  ...executor,
  frameworkId: executor.frameworkId ?? pool.framework.id,
  resources: inRole(executor.resources, pool.role),
})

/** Why the pool does not hold what the tasks, and an executor that must start first, need. */
function shortage(
  { remaining }: Pool,
  tasks: readonly TaskInfo[],
  rules: TaskRules,
  executor: ExecutorInfo | undefined = tasks[0]?.executor,
): string | undefined {
  const users =
    executor !== undefined && rules.executor.live === undefined ? [...tasks, executor] : tasks
  const parts = users.map(({ resources }) => normalizeResources(resources ?? NO_RESOURCES))
  const needed = sumDisjoint(parts)
  if (needed === undefined)
    return `There are overlapping resources in what the tasks and their executor use: ${parts.map(text).join(" and ")}`
  return offersHold(remaining, exclusive(needed)) &&
    shared(needed).every((volume) => offersHold(remaining, [volume]))
    ? undefined
    : `Total resources ${text(needed)} required by task and its executor is more than available ${text(remaining)}`
}

const text = (resources: Resources): string => renderResources(unallocate(resources))

function bookExecutor(ctx: Context, pool: Pool, info: ExecutorInfo, rules: TaskRules): void {
  if (rules.executor.live !== undefined) return
  const { framework, agent, role } = pool
  const resources = allocate(normalizeResources(info.resources ?? NO_RESOURCES), role)
  take(ctx, pool, resources)
  addExecutor(new ExecutorRecord(framework, agent, { info, resources, role }))
}

function bookTask(ctx: Context, pool: Pool, info: TaskInfo, executor = info.executor): void {
  const { framework, agent, role } = pool
  const resources = normalizeResources(info.resources ?? NO_RESOURCES)
  take(ctx, pool, resources)
  const task = taskOf(info, { framework, executorId: executor?.executorId })
  const kept = ctx.shared.task(task, { role, resources, agent })
  addTask(ctx, new TaskRecord(framework, agent, kept))
}

/** Takes from the pool; of a shared volume the user gets a copy of its own. */
function take(ctx: Context, pool: Pool, resources: Resources): void {
  pool.remaining = subtractResources(pool.remaining, exclusive(resources))
  ctx.allocator.charge(pool.framework.id, pool.agent.id, shared(resources))
}
