import {
  addResources,
  allocate,
  NO_RESOURCES,
  normalizeResources,
  renderResources,
  subtractResources,
  sumResources,
  unallocate,
  type ExecutorInfo,
  type Filters,
  type OfferOperation,
  type Resources,
  type TaskInfo,
  type TaskStatusReason,
  type scheduler,
} from "#lib/mesos/index.ts"
import { compactTask } from "./compact.ts"
import type { Context } from "./context.ts"
import { discardOffer, forgetOffer, recoverOffered } from "./offers.ts"
import {
  ExecutorRecord,
  executorKey,
  taskOf,
  TaskRecord,
  type AgentRecord,
  type FrameworkRecord,
} from "./records.ts"
import { sendMasterStatus } from "./statuses.ts"
import { stateFor } from "./task-states.ts"
import { addExecutor, addTask } from "./tasks.ts"
import type { MasterReply } from "./types.ts"
import { inferHealthCheckType } from "./validation/check.ts"
import { resolveOffers } from "./validation/offers.ts"
import { groupProblem, offersHold, taskProblem, type TaskRules } from "./validation/task.ts"

/** Source: apache/mesos: include/mesos/v1/mesos.proto (Filters.refuse_seconds). */
const REFUSE_SECONDS = 5

/** The offers of one ACCEPT while its operations use them up. */
type Pool = {
  readonly framework: FrameworkRecord
  readonly agent: AgentRecord
  readonly role: string
  remaining: Resources
}

/** ACCEPT: runs the operations on the pooled offers, in order, and gives back what they leave. */
export function accept(
  ctx: Context,
  framework: FrameworkRecord,
  { offerIds = [], operations = [], filters }: scheduler.CallAccept,
): MasterReply {
  ctx.count("messages_launch_tasks")
  const unsupported = operations.find(
    (operation) => operation.id === undefined && !isLaunch(operation),
  )
  if (unsupported !== undefined)
    return { status: 501, message: `${wireName(unsupported)} is not implemented in this version` }
  const resolved = resolveOffers(offerIds, framework.id, ctx.offers)
  if (!resolved.ok) {
    for (const id of offerIds) {
      const offer = ctx.offers.get(id)
      if (offer?.framework === framework) discardOffer(ctx, offer)
    }
    dropOperations(ctx, framework, operations, resolved.error)
    return { status: 202 }
  }
  const offers = resolved.value
  for (const offer of offers) forgetOffer(ctx, offer)
  framework.count("offers/accepted", offers.length)
  const [{ agent, role }] = offers
  const resources =
    offers.length === 1 ? offers[0].resources : sumResources(offers.map((o) => o.resources))
  const pool: Pool = { framework, agent, role, remaining: resources }
  for (const operation of operations) apply(ctx, pool, operation)
  if (pool.remaining.length > 0) {
    const usedSome = pool.remaining !== resources
    const refusedForMs = refusalMs(ctx, filters, usedSome)
    recoverOffered(ctx, { frameworkId: framework.id, agentId: agent.id }, pool.remaining, {
      refusedForMs,
    })
  }
  return { status: 202 }
}

/** DECLINE: gives the offers back; those that are gone or another's are ignored. */
export function decline(
  ctx: Context,
  framework: FrameworkRecord,
  { offerIds = [], filters }: scheduler.CallDecline,
): void {
  ctx.count("messages_decline_offers")
  for (const id of offerIds) {
    const offer = ctx.offers.get(id)
    if (offer?.framework !== framework) continue
    framework.count("offers/declined")
    discardOffer(ctx, offer, { refusedForMs: refusalMs(ctx, filters, false) })
  }
}

/**
 * How long refused resources stay hidden. No time at all is kept only for what a framework left after
 * it used some: one that used nothing would otherwise be offered the same again at once, for ever.
 */
function refusalMs(ctx: Context, filters: Filters | undefined, usedSome: boolean): number {
  const seconds = filters?.refuseSeconds ?? REFUSE_SECONDS
  const wanted = seconds >= 0 ? seconds : REFUSE_SECONDS
  if (wanted === 0 && usedSome) return 0
  return Math.max(wanted * 1000, ctx.timings.refusalPauseMs)
}

const isLaunch = ({ kind }: OfferOperation): boolean => kind === "launch" || kind === "launchGroup"

/** The operation's name on the wire, such as "GROW_VOLUME". */
const wireName = ({ kind }: OfferOperation): string =>
  kind.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()

function apply(ctx: Context, pool: Pool, operation: OfferOperation): void {
  pool.framework.count("operations")
  switch (operation.kind) {
    case "launch":
      pool.framework.count("operations/launch")
      for (const task of operation.taskInfos ?? [])
        launch(ctx, pool, task, operation.id !== undefined)
      return
    case "launchGroup":
      pool.framework.count("operations/launch_group")
      return launchGroup(ctx, pool, operation)
    case "reserve":
    case "unreserve":
    case "create":
    case "destroy":
    case "growVolume":
    case "shrinkVolume":
    case "createDisk":
    case "destroyDisk":
      return refuseOperation(
        ctx,
        pool.framework,
        operation,
        `${wireName(operation)} is not implemented in this version`,
      )
    default:
      return operation satisfies never
  }
}

function refuseOperation(
  ctx: Context,
  framework: FrameworkRecord,
  { id }: OfferOperation,
  message: string,
): void {
  if (id === undefined) return
  ctx.event(framework, {
    kind: "updateOperationStatus",
    status: { operationId: id, state: "OPERATION_ERROR", message },
  })
}

/** None of the operations can be tried: the offers they were for are not there. */
function dropOperations(
  ctx: Context,
  framework: FrameworkRecord,
  operations: readonly OfferOperation[],
  message: string,
): void {
  for (const operation of operations) {
    if (!isLaunch(operation)) refuseOperation(ctx, framework, operation, message)
    for (const { taskId, agentId } of tasksOf(operation))
      sendMasterStatus(ctx, framework, {
        taskId,
        agentId,
        state: stateFor(framework, "TASK_DROPPED"),
        reason: "REASON_INVALID_OFFERS",
        message: `Task launched with invalid offers: ${message}`,
      })
  }
}

function tasksOf(operation: OfferOperation): readonly TaskInfo[] {
  if (operation.kind === "launch") return operation.taskInfos ?? []
  return operation.kind === "launchGroup" ? (operation.taskGroup.tasks ?? []) : []
}

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
    inUse: (taskId) => framework.tasks.has(taskId) || framework.unreachableTasks.has(taskId),
    executor: {
      frameworkId: framework.id,
      live: key === undefined ? undefined : agent.executorsByKey.get(key)?.info,
    },
  }
}

function launch(ctx: Context, pool: Pool, received: TaskInfo, hasOperationId: boolean): void {
  const { framework, agent } = pool
  const task = completed(pool, received)
  const rules = rulesOf(pool, task.executor)
  const problem = hasOperationId
    ? "The 'id' field was set in the LAUNCH operation, which reports by task statuses"
    : (taskProblem(task, rules) ?? shortage(pool, [task], rules))
  if (problem !== undefined)
    return refuseTask(ctx, pool, task, { reason: "REASON_TASK_INVALID", message: problem })
  if (task.executor !== undefined) bookExecutor(pool, task.executor, rules)
  bookTask(ctx, pool, task)
  ctx.send(agent, { kind: "runTask", framework: framework.info, task, acceptedAt: ctx.now })
}

function launchGroup(
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
  bookExecutor(pool, executor, rules)
  for (const task of tasks) bookTask(ctx, pool, task, executor)
  ctx.send(agent, {
    kind: "runTaskGroup",
    framework: framework.info,
    executor,
    taskGroup: { tasks },
    acceptedAt: ctx.now,
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

/** Resources that name no role get the offer's; a wrong one stays for validation to find. */
const inRole = (resources: Resources | undefined, role: string): Resources =>
  (resources ?? NO_RESOURCES).map((resource) =>
    resource.allocationRole === undefined ? { ...resource, allocationRole: role } : resource,
  )

/** Why the pool does not hold what the tasks, and an executor that must start first, need. */
function shortage(
  { remaining }: Pool,
  tasks: readonly TaskInfo[],
  rules: TaskRules,
  executor: ExecutorInfo | undefined = tasks[0]?.executor,
): string | undefined {
  let needed = NO_RESOURCES
  for (const { resources } of tasks)
    needed = addResources(needed, normalizeResources(resources ?? NO_RESOURCES))
  if (executor !== undefined && rules.executor.live === undefined)
    needed = addResources(needed, normalizeResources(executor.resources ?? NO_RESOURCES))
  return offersHold(remaining, needed)
    ? undefined
    : `Total resources ${text(needed)} required by task and its executor is more than available ${text(remaining)}`
}

const text = (resources: Resources): string => renderResources(unallocate(resources))

function bookExecutor(pool: Pool, info: ExecutorInfo, rules: TaskRules): void {
  if (rules.executor.live !== undefined) return
  const { framework, agent, role } = pool
  const resources = allocate(normalizeResources(info.resources ?? NO_RESOURCES), role)
  pool.remaining = subtractResources(pool.remaining, resources)
  addExecutor(new ExecutorRecord(framework, agent, { info, resources, role }))
}

function bookTask(ctx: Context, pool: Pool, info: TaskInfo, executor = info.executor): void {
  const { framework, agent, role } = pool
  const resources = normalizeResources(info.resources ?? NO_RESOURCES)
  pool.remaining = subtractResources(pool.remaining, resources)
  const task = taskOf(info, { framework, executorId: executor?.executorId })
  addTask(
    ctx,
    new TaskRecord(framework, agent, compactTask(ctx.shared, { ...task, resources, role })),
  )
}
