import type { FrameworkId, FrameworkInfo, TaskStatus, scheduler } from "#lib/mesos/index.ts"
import { equal } from "#lib/std/equal.ts"
import { ok, type Result } from "#lib/std/result.ts"
import type { Context } from "./context.ts"
import { countCall, forgetPrincipal } from "./framework-metrics.ts"
import { abandonOperations } from "./operations/ending.ts"
import { isRemoved, parseFramework, storeFramework, storeRemoval } from "./framework-store.ts"
import { discardInverseOffersOf, forgetAnswersOf } from "./inverse-offers.ts"
import { leave, usesOf } from "./leaving.ts"
import { discardOffersOf, rescindOffer } from "./offers.ts"
import { FrameworkRecord, type AgentRecord, type TaskRecord } from "./records.ts"
import type { RegistryError } from "./registry.ts"
import { countStatus, masterStatus } from "./statuses.ts"
import { isTerminal } from "./task-states.ts"
import { completeTask, recordStatus, removeExecutor, setTaskState } from "./tasks.ts"
import type { MasterReply, StreamId, SubscribeInput } from "./types.ts"
import { changeProblem, frameworkProblem } from "./validation/framework.ts"
import {
  tellEnded,
  tellFrameworkAdded,
  tellFrameworkRemoved,
  tellFrameworkUpdated,
} from "./watch.ts"

/** A scheduler subscribes: a new framework, one that returns, or one that replaces its own scheduler. */
export function subscribe(ctx: Context, input: SubscribeInput): void {
  const { stream, subscribe, principal } = input
  ctx.count(
    input.frameworkId === undefined
      ? "messages_register_framework"
      : "messages_reregister_framework",
  )
  const info: FrameworkInfo = {
    ...subscribe.frameworkInfo,
    ...(subscribe.frameworkInfo.principal === undefined && principal !== undefined
      ? { principal }
      : {}),
  }
  const id = input.frameworkId ?? info.id
  const problem = subscribeProblem(ctx, input, { ...info, id })
  if (problem !== undefined) {
    ctx.log("warn", "framework refused", { framework: id, name: info.name, reason: problem })
    ctx.out.push({ kind: "event", stream, event: { kind: "error", message: problem } })
    ctx.out.push({ kind: "closeStream", stream })
    return
  }
  const known = id === undefined ? undefined : ctx.frameworks.get(id)
  if (known !== undefined)
    return takeOver(ctx, known, stream, { ...subscribe, frameworkInfo: info })
  // One that brings an id was known to an earlier master: whoever watches hears of it in two steps.
  const returns = id !== undefined
  const named = { ...info, id: id ?? ctx.newFrameworkId() }
  const framework = newFramework(ctx, named, { recovered: returns })
  if (returns) tellFrameworkAdded(ctx, framework)
  framework.recovered = false
  start(ctx, framework, stream, subscribe)
  if (returns) tellFrameworkUpdated(ctx, framework)
  else tellFrameworkAdded(ctx, framework)
}

function subscribeProblem(
  ctx: Context,
  input: SubscribeInput,
  info: FrameworkInfo,
): string | undefined {
  const declared = input.subscribe.frameworkInfo.id
  if (input.frameworkId !== declared && input.frameworkId !== undefined && declared !== undefined)
    return "'framework_id' differs from 'subscribe.framework_info.id'"
  if (input.principal !== undefined && info.principal !== input.principal)
    return `Principal '${input.principal}' may not subscribe as principal '${String(info.principal)}'`
  const { suppressedRoles, offerConstraints } = input.subscribe
  const problem = frameworkProblem({ info, suppressedRoles, offerConstraints }, ctx.options)
  if (problem !== undefined || info.id === undefined) return problem
  if (isRemoved(ctx, info.id)) return "Framework has been removed"
  const known = ctx.frameworks.get(info.id)
  return known && !known.recovered && known.info.principal !== info.principal
    ? `Changing framework's principal is not allowed`
    : undefined
}

function newFramework(
  ctx: Context,
  info: FrameworkInfo & { readonly id: FrameworkId },
  { recovered = false, registeredAt = ctx.now } = {},
): FrameworkRecord {
  const framework = new FrameworkRecord({
    info,
    recovered,
    registeredAt,
    completedTasksMax: ctx.limits.completedTasks,
  })
  ctx.frameworks.set(framework.id, framework)
  if (ctx.leavingFrameworks.has(framework.id))
    ctx.allocator.updateFramework(allocatorView(framework))
  else ctx.allocator.addFramework(allocatorView(framework), false)
  return framework
}

/** What the allocator is told of a framework. */
const allocatorView = (framework: FrameworkRecord) => ({
  id: framework.id,
  roles: framework.roles,
  capabilities: framework.capabilities,
  suppressedRoles: framework.suppressedRoles,
  offerFilters: framework.info.offerFilters,
  offerConstraints: framework.offerConstraints,
})

/** Takes over what was stored of a framework, in this version or an older one. */
export function restoreFramework(
  ctx: Context,
  key: string,
  value: unknown,
): Result<void, RegistryError> {
  const stored = parseFramework(key, value)
  if (!stored.ok) return stored
  if (stored.value.kind === "removed") {
    ctx.removedFrameworks.set(stored.value.id, stored.value.removedAt)
    return ok(undefined)
  }
  const { info, registeredAt } = stored.value
  ctx.storedFrameworks.set(info.id, JSON.stringify(info))
  recoverFramework(ctx, info, registeredAt)
  return ok(undefined)
}

/**
 * Enters a framework that only the store or its agents told of. It may subscribe for its failover timeout, and
 * for as long as agents may take to come back: the master that lost it must not be the one to end it.
 */
export function recoverFramework(
  ctx: Context,
  info: FrameworkInfo & { readonly id: FrameworkId },
  registeredAt = ctx.now,
): FrameworkRecord {
  const framework = newFramework(ctx, info, { recovered: true, registeredAt })
  const patienceMs = Math.max(failoverMs(framework), ctx.timings.agentReregisterMs)
  ctx.failovers.set(framework, ctx.now + patienceMs)
  ctx.log("info", "framework recovered", { framework: info.id, name: info.name })
  tellFrameworkAdded(ctx, framework)
  return framework
}

const failoverMs = ({ info }: FrameworkRecord): number => (info.failoverTimeout ?? 0) * 1000

function takeOver(
  ctx: Context,
  framework: FrameworkRecord,
  stream: StreamId,
  subscribe: scheduler.CallSubscribe,
): void {
  if (framework.stream !== undefined && framework.stream !== stream) {
    ctx.event(framework, { kind: "error", message: "Framework failed over" })
    closeStream(ctx, framework)
  }
  discardOffersOf(ctx, framework)
  discardInverseOffersOf(ctx, framework)
  ctx.allocator.setFrameworkActive(framework.id, false)
  framework.setInfo(mergeInfo(framework, subscribe.frameworkInfo))
  framework.reregisteredAt = ctx.now
  framework.recovered = false
  start(ctx, framework, stream, subscribe)
  tellAgents(ctx, framework)
  tellFrameworkUpdated(ctx, framework)
}

/** `user` and `checkpoint` cannot change while tasks run under the old ones. */
const mergeInfo = ({ info }: FrameworkRecord, next: FrameworkInfo): FrameworkInfo => ({
  ...next,
  user: info.user,
  ...(info.checkpoint === undefined ? {} : { checkpoint: info.checkpoint }),
})

function tellAgents(ctx: Context, framework: FrameworkRecord): void {
  for (const agent of agentsOf(framework))
    ctx.send(agent, { kind: "updateFramework", framework: framework.info })
}

function agentsOf(framework: FrameworkRecord): ReadonlySet<AgentRecord> {
  const agents = new Set<AgentRecord>()
  for (const { agent } of framework.tasks.values()) agents.add(agent)
  for (const { agent } of framework.executors) agents.add(agent)
  return agents
}

/** Connects a framework to its stream and lets the allocator serve it. */
function start(
  ctx: Context,
  framework: FrameworkRecord,
  stream: StreamId,
  { suppressedRoles, offerConstraints }: scheduler.CallSubscribe,
): void {
  storeFramework(ctx, framework)
  countCall(ctx, framework, "subscribe")
  framework.stream = stream
  framework.suppressedRoles = new Set(suppressedRoles)
  framework.offerConstraints = offerConstraints
  ctx.streams.set(stream, framework)
  ctx.failovers.clear(framework)
  ctx.event(framework, {
    kind: "subscribed",
    frameworkId: framework.id,
    heartbeatIntervalSeconds: ctx.timings.heartbeatMs / 1000,
    masterInfo: ctx.options.info,
  })
  heartbeat(ctx, framework)
  ctx.allocator.updateFramework(allocatorView(framework))
  ctx.allocator.setFrameworkActive(framework.id, true)
  ctx.log("info", "framework subscribed", { framework: framework.id, name: framework.info.name })
}

/** Tells a scheduler that its stream lives. */
export function heartbeat(ctx: Context, framework: FrameworkRecord): void {
  if (ctx.event(framework, { kind: "heartbeat" }))
    ctx.heartbeats.set(framework, ctx.now + ctx.timings.heartbeatMs)
}

/** The master ends the framework's stream. */
function closeStream(ctx: Context, framework: FrameworkRecord): void {
  if (framework.stream === undefined) return
  ctx.out.push({ kind: "closeStream", stream: framework.stream })
  ctx.streams.delete(framework.stream)
  framework.stream = undefined
  ctx.heartbeats.clear(framework)
}

/** The scheduler's end of a stream closed: it has its failover timeout to come back. */
export function onStreamClosed(ctx: Context, stream: StreamId): void {
  const framework = ctx.streams.get(stream)
  if (framework === undefined) return
  ctx.streams.delete(stream)
  framework.stream = undefined
  ctx.heartbeats.clear(framework)
  discardOffersOf(ctx, framework)
  discardInverseOffersOf(ctx, framework)
  ctx.allocator.setFrameworkActive(framework.id, false)
  ctx.failovers.set(framework, ctx.now + failoverMs(framework))
  ctx.log("info", "framework disconnected", { framework: framework.id, name: framework.info.name })
}

/** UPDATE_FRAMEWORK: changes what a framework says of itself without a new stream. */
export function updateFramework(
  ctx: Context,
  framework: FrameworkRecord,
  call: scheduler.CallUpdateFramework,
): { readonly status: number; readonly message?: string } {
  const { frameworkInfo: info, suppressedRoles, offerConstraints } = call
  const problem =
    frameworkProblem({ info, suppressedRoles, offerConstraints }, ctx.options) ??
    changeProblem(framework.info, info)
  if (problem !== undefined) return { status: 400, message: problem }
  const before = framework.info
  framework.setInfo(info)
  storeFramework(ctx, framework)
  framework.suppressedRoles = new Set(suppressedRoles)
  framework.offerConstraints = offerConstraints
  for (const offer of framework.offers)
    if (!framework.roles.includes(offer.role)) rescindOffer(ctx, offer)
  ctx.allocator.updateFramework(allocatorView(framework))
  tellAgents(ctx, framework)
  if (!equal(before, framework.info)) tellFrameworkUpdated(ctx, framework)
  return { status: 200 }
}

/**
 * Ends a framework and everything it runs. Its tasks are booked as killed and nobody is told: the
 * one who would hear it is gone.
 */
export function removeFramework(ctx: Context, framework: FrameworkRecord): void {
  for (const agent of agentsOf(framework))
    ctx.send(agent, { kind: "shutdownFramework", frameworkId: framework.id })
  closeStream(ctx, framework)
  discardOffersOf(ctx, framework)
  discardInverseOffersOf(ctx, framework)
  forgetAnswersOf(ctx, framework.id)
  const uses = usesOf(ctx, framework)
  endTasksOf(ctx, framework)
  for (const executor of framework.executors) removeExecutor(ctx, executor)
  abandonOperations(ctx, framework.id)
  for (const agent of ctx.agents.values()) dropStrays(ctx, agent, framework.id)
  ctx.allocator.setFrameworkActive(framework.id, false)
  leave(ctx, framework, uses)
  if (!ctx.leavingFrameworks.has(framework.id)) ctx.allocator.removeFramework(framework.id)
  ctx.failovers.clear(framework)
  ctx.frameworks.delete(framework.id)
  forgetPrincipal(ctx, framework.info.principal)
  framework.unregisteredAt = ctx.now
  storeRemoval(ctx, framework.id)
  ctx.completedFrameworks.set(framework.id, framework)
  for (const oldest of ctx.completedFrameworks.keys()) {
    if (ctx.completedFrameworks.size <= ctx.limits.completedFrameworks) break
    ctx.completedFrameworks.delete(oldest)
  }
  ctx.log("info", "framework removed", { framework: framework.id, name: framework.info.name })
  tellFrameworkRemoved(ctx, framework)
}

function endTasksOf(ctx: Context, framework: FrameworkRecord): void {
  const kill = ({ taskId, agentId }: TaskRecord): TaskStatus =>
    masterStatus(ctx, {
      taskId,
      agentId,
      state: "TASK_KILLED",
      reason: "REASON_FRAMEWORK_REMOVED",
      message: `Framework ${framework.id} removed`,
    })
  for (const task of framework.tasks.values()) {
    const status = kill(task)
    if (isTerminal(task.state)) tellEnded(ctx, task, status)
    else {
      countStatus(ctx, status)
      setTaskState(ctx, task, "TASK_KILLED")
      recordStatus(ctx, task, status)
    }
    completeTask(ctx, task)
  }
  // They may run on where nobody reaches them, but nobody will ever ask for them.
  for (const task of framework.unreachableTasks.values()) {
    if (!isTerminal(task.state)) task.change({ state: "TASK_KILLED" })
    recordStatus(ctx, task, kill(task))
    framework.completedTasks.push(task)
  }
  framework.unreachableTasks.clear()
}

function dropStrays(ctx: Context, agent: AgentRecord, frameworkId: FrameworkId): void {
  for (const [key, stray] of agent.strays) {
    if (stray.frameworkId !== frameworkId) continue
    agent.strays.delete(key)
    ctx.allocator.recover(frameworkId, agent.id, stray.resources)
  }
}

/** An operator removes a framework. */
export function teardown(ctx: Context, frameworkId: FrameworkId): MasterReply {
  const framework = ctx.frameworks.get(frameworkId)
  if (framework === undefined)
    return { status: 400, message: "No framework found with specified ID" }
  removeFramework(ctx, framework)
  return { status: 200 }
}
