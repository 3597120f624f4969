import {
  unallocate,
  sumResources,
  equalResources,
  addResources,
  exclusive,
} from "#lib/mesos/index.ts"
import type { AgentToMaster } from "#lib/mesos/index.ts"
import type { BaseEffect, Machine } from "#lib/runtime/index.ts"
import { assert } from "#lib/std/assert.ts"
import { ok, type Result } from "#lib/std/result.ts"
import {
  endRecovery,
  giveUpAgent,
  onLinkClosed,
  onPong,
  pingAgent,
  sweepRegistry,
  unregisterAgent,
} from "./agents.ts"
import { callRefusal, onCall } from "./calls.ts"
import { Context, type LinkRecord } from "./context.ts"
import { settleDrains } from "./drain.ts"
import {
  heartbeat,
  onStreamClosed,
  removeFramework,
  restoreFramework,
  subscribe,
} from "./frameworks.ts"
import { inverseOffersDueAt, sendInverseOffers } from "./inverse-offers.ts"
import { endLeaving } from "./leaving.ts"
import { maintenanceStatus, restoreMaintenance } from "./maintenance.ts"
import { masterMetrics } from "./metrics.ts"
import { rescindOffer, sendOffers } from "./offers.ts"
import { operate } from "./operate.ts"
import { onOperationUpdate } from "./operations/statuses.ts"
import { restoreOperation } from "./operations/stored.ts"
import { executorKey, type AgentRecord } from "./records.ts"
import { register } from "./registration.ts"
import { parseAgent, STORE_PATHS, type RegistryError, type StoredAgent } from "./registry.ts"
import { parseQuota, parseWeight } from "./registry-settings.ts"
import { runRemovals } from "./removal-limiter.ts"
import { onUpdate } from "./statuses.ts"
import { removeExecutor } from "./tasks.ts"
import type { LinkId, MasterEffect, MasterInput, MasterOptions } from "./types.ts"
import type { MasterView } from "./views.ts"

/**
 * The master: knows the agents and frameworks, offers the ones' resources to the others, and carries
 * launches, kills and statuses between them. Agents are stored before they are confirmed; all else is
 * rebuilt from what agents and schedulers say when they come back.
 */
export class Master implements Machine<MasterInput, MasterEffect> {
  readonly #ctx: Context
  /** What the driver was last asked to wake the machine at. */
  #alarmAt: number | undefined
  readonly view: MasterView

  /** The master as the stored entries under MASTER_STORE_PREFIXES describe it. */
  static recover(
    options: MasterOptions,
    entries: readonly (readonly [key: string, value: unknown])[],
    now: number,
  ): Result<Master, RegistryError> {
    const ctx = new Context(options, now)
    for (const [key, value] of entries) {
      const restored = restore(ctx, key, value)
      if (!restored.ok) return restored
    }
    sortByTime(ctx)
    ctx.recoveredCount = ctx.recovered.size
    if (ctx.recovered.size > 0) ctx.recoveryEndsAt = now + ctx.timings.agentReregisterMs
    if (ctx.quotas.size > 0)
      ctx.allocator.hold(
        ctx.recovered.size * (ctx.options.recoveryFactor ?? DEFAULT_RECOVERY_FACTOR),
        now + ctx.timings.allocatorRecoveryMs,
      )
    return ok(new Master(ctx))
  }

  private constructor(ctx: Context) {
    this.#ctx = ctx
    this.view = createView(ctx)
  }

  step(input: MasterInput, now: number, out: (MasterEffect | BaseEffect)[]): void {
    const ctx = this.#ctx
    ctx.now = now
    ctx.out = out
    this.#handle(input)
    settleDrains(ctx)
    this.#arm()
  }

  /** Recounts every book; a mismatch fails an assertion. Costs a pass over everything: for tests. */
  checkInvariants(): void {
    this.#ctx.allocator.checkInvariants()
    this.#ctx.operations.checkInvariants()
    for (const agent of this.#ctx.agents.values()) checkAgent(this.#ctx, agent)
    for (const framework of this.#ctx.frameworks.values())
      for (const task of framework.tasks.values())
        assert(task.agent.tasks.has(task), `${task.taskId}: not among its agent's tasks`)
  }

  #handle(input: MasterInput): void {
    const ctx = this.#ctx
    switch (input.kind) {
      case "wake":
        this.#alarmAt = undefined
        return this.#wake()
      case "linkOpened":
        return openLink(ctx, input.link, input.address)
      case "linkMessage": {
        const link = ctx.links.get(input.link)
        if (link !== undefined) onMessage(ctx, link, input.message)
        return
      }
      case "linkClosed": {
        const link = ctx.links.get(input.link)
        if (link !== undefined) onLinkClosed(ctx, link)
        return
      }
      case "subscribe":
        return subscribe(ctx, input)
      case "call":
        return onCall(ctx, input)
      case "streamClosed":
        return onStreamClosed(ctx, input.stream)
      case "whitelist":
        return ctx.allocator.setWhitelist(input.hostnames)
      case "operate":
        return operate(ctx, input)
      case "watch":
        return void (ctx.watchers = input.watchers)
      default:
        return input satisfies never
    }
  }

  #wake(): void {
    const ctx = this.#ctx
    const { now, pings, heartbeats, failovers, offerTimeouts } = ctx
    if (ctx.recoveryEndsAt !== undefined && ctx.recoveryEndsAt <= now) endRecovery(ctx)
    if (ctx.sweepAt <= now) sweepRegistry(ctx)
    runRemovals(ctx, (id) => giveUpAgent(ctx, id))
    drain(
      () => pings.takeDue(now),
      (agent) => pingAgent(ctx, agent),
    )
    drain(
      () => failovers.takeDue(now),
      (framework) => removeFramework(ctx, framework),
    )
    drain(
      () => heartbeats.takeDue(now),
      (framework) => heartbeat(ctx, framework),
    )
    drain(
      () => offerTimeouts.takeDue(now),
      (offer) => rescindOffer(ctx, offer),
    )
    sendOffers(ctx, ctx.allocator.run(now))
    if ((inverseOffersDueAt(ctx) ?? Infinity) <= now) sendInverseOffers(ctx)
  }

  /**
   * Asks for the next wake. What could be offered asks for one at once: everything that the inputs of
   * a batch free is then offered in one run, right after them.
   */
  #arm(): void {
    const { now, allocator, pings, heartbeats, failovers, offerTimeouts, sweepAt, recoveryEndsAt } =
      this.#ctx
    let next = allocator.pending ? now : sweepAt
    for (const at of [
      pings.next(),
      heartbeats.next(),
      failovers.next(),
      offerTimeouts.next(),
      allocator.nextExpiry(),
      recoveryEndsAt,
      this.#ctx.removals.dueAt,
      inverseOffersDueAt(this.#ctx),
    ])
      if (at !== undefined && at < next) next = at
    if (this.#alarmAt !== undefined && this.#alarmAt <= next) return
    this.#alarmAt = next
    this.#ctx.out.push({ kind: "wakeAt", at: next })
  }
}

function drain<T>(take: () => T | undefined, handle: (item: T) => void): void {
  for (let item = take(); item !== undefined; item = take()) handle(item)
}

function openLink(ctx: Context, id: LinkId, address: string): void {
  ctx.links.set(id, { id, address, order: ++ctx.linksOpened, agent: undefined })
}

function onMessage(ctx: Context, link: LinkRecord, message: AgentToMaster): void {
  if (message.kind === "register") return register(ctx, link, message)
  const { agent } = link
  // What a link says before it registered, or after its agent was forgotten, counts for nothing.
  if (agent === undefined) return
  switch (message.kind) {
    case "update":
      return onUpdate(ctx, agent, message)
    case "pong":
      return onPong(ctx, agent, message.sequence)
    case "unregister":
      return unregisterAgent(ctx, agent)
    case "frameworkEnded":
      return endLeaving(ctx, agent, message.frameworkId)
    case "executorMessage":
      return onExecutorMessage(ctx, agent, message)
    case "executorExited":
      return onExecutorExited(ctx, agent, message)
    case "operationUpdate":
      return onOperationUpdate(ctx, agent, message)
    default:
      return message satisfies never
  }
}

function onExecutorMessage(
  ctx: Context,
  agent: AgentRecord,
  message: Extract<AgentToMaster, { readonly kind: "executorMessage" }>,
): void {
  const { frameworkId, executorId, data } = message
  ctx.count("messages_executor_to_framework")
  const framework = ctx.frameworks.get(frameworkId)
  const sent =
    framework !== undefined &&
    ctx.event(framework, { kind: "message", agentId: agent.id, executorId, data })
  ctx.count(
    sent ? "valid_executor_to_framework_messages" : "invalid_executor_to_framework_messages",
  )
}

function onExecutorExited(
  ctx: Context,
  agent: AgentRecord,
  message: Extract<AgentToMaster, { readonly kind: "executorExited" }>,
): void {
  const { frameworkId, executorId, status } = message
  ctx.count("messages_exited_executor")
  const executor = agent.executorsByKey.get(executorKey(frameworkId, executorId))
  if (executor === undefined) return
  removeExecutor(ctx, executor)
  ctx.event(executor.framework, { kind: "failure", agentId: agent.id, executorId, status })
}

/** Takes one stored entry over, by the path it is stored under. */
function restore(ctx: Context, key: string, value: unknown): Result<void, RegistryError> {
  if (key.startsWith(STORE_PATHS.agents)) {
    const agent = parseAgent(key, value)
    if (!agent.ok) return agent
    const { id, unreachableAt, goneAt } = agent.value
    if (goneAt !== undefined) ctx.gone.set(id, agent.value)
    else if (unreachableAt === undefined) ctx.recovered.set(id, agent.value)
    else ctx.unreachable.set(id, agent.value)
  } else if (key.startsWith(STORE_PATHS.quota)) {
    const quota = parseQuota(key, value)
    if (!quota.ok) return quota
    ctx.quotas.set(quota.value.role, quota.value.quota)
    ctx.allocator.setQuota(quota.value.role, quota.value.quota)
  } else if (key.startsWith(STORE_PATHS.weights)) {
    const weight = parseWeight(key, value)
    if (!weight.ok) return weight
    ctx.weights.set(weight.value.role, weight.value.weight)
    ctx.allocator.setWeight(weight.value.role, weight.value.weight)
  }
  if (key.startsWith(STORE_PATHS.frameworks)) return restoreFramework(ctx, key, value)
  if (key.startsWith(STORE_PATHS.maintenance)) return restoreMaintenance(ctx, key, value)
  if (key.startsWith(STORE_PATHS.operations)) return restoreOperation(ctx, key, value)
  return ok(undefined)
}

/** Source: apache/mesos: docs/configuration/master.md (--allocator_agent_recovery_factor). */
const DEFAULT_RECOVERY_FACTOR = 0.8

/** Stored agents come in key order; the sweep wants the oldest first. */
function sortByTime(ctx: Context): void {
  const timeOf = ({ goneAt, unreachableAt }: StoredAgent): number => goneAt ?? unreachableAt ?? 0
  const removed = [...ctx.removedFrameworks].sort(([, a], [, b]) => a - b)
  ctx.removedFrameworks.clear()
  for (const [id, at] of removed) ctx.removedFrameworks.set(id, at)
  for (const agents of [ctx.unreachable, ctx.gone]) {
    const sorted = [...agents].sort(([, a], [, b]) => timeOf(a) - timeOf(b))
    agents.clear()
    for (const [id, agent] of sorted) agents.set(id, agent)
  }
}

function createView(ctx: Context): MasterView {
  return {
    info: ctx.options.info,
    startedAt: ctx.startedAt,
    agents: ctx.agents,
    recoveredAgents: ctx.recovered,
    unreachableAgents: ctx.unreachable,
    goneAgents: ctx.gone,
    frameworks: ctx.frameworks,
    completedFrameworks: ctx.completedFrameworks,
    offers: ctx.offers,
    inverseOffers: ctx.inverseOffers.outstanding,
    maintenance: ctx.maintenance,
    maintenanceStatus: () => maintenanceStatus(ctx),
    operations: ctx.operations.all,
    frameworkOfStream: (stream) => ctx.streams.get(stream),
    callRefusal: (sender) => callRefusal(ctx, sender),
    weight: (role) => ctx.weightOf(role),
    weights: ctx.weights,
    quotas: ctx.quotas,
    consumed: (role) => ctx.allocator.consumed(role),
    metrics: (now) => masterMetrics(ctx, now),
    allocation: ctx.allocator,
    explain: (frameworkId, role) => ctx.allocator.explain(frameworkId, role),
  }
}

/** What is offered, used and free on an agent is all it has, counted from the single entries. */
function checkAgent(ctx: Context, agent: AgentRecord): void {
  const strays = sumResources([...agent.strays.values()].map(({ resources }) => resources))
  const operations = [...ctx.operations.ofAgent(agent.id)].filter(({ held }) => held)
  const held = sumResources(operations.map(({ conversion }) => conversion.consumed))
  const allocated = exclusive(unallocate(sumResources([agent.used, strays, held, agent.offered])))
  assert(
    equalResources(addResources(allocated, ctx.allocator.free(agent.id)), agent.total),
    `${agent.id}: offered + used + free is not its total`,
  )
}
