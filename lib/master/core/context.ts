import {
  brandId,
  type AgentId,
  type FrameworkId,
  type MasterToAgent,
  type OfferId,
  type TaskState,
  type scheduler,
} from "#lib/mesos/index.ts"
import type { LogFields, LogLevel } from "#lib/ports/index.ts"
import { Deadlines } from "#lib/std/deadlines.ts"
import type { Allocator } from "./allocator/allocator.ts"
import type { RoleQuota } from "./allocator/quota-book.ts"
import { HierarchicalAllocator } from "./allocator/hierarchical.ts"
import { SharedParts } from "./compact.ts"
import { InverseOfferBook } from "./inverse-offers.ts"
import { MaintenanceBook } from "./maintenance.ts"
import { OperationBook } from "./operations/book.ts"
import type { StoredOperation } from "./operations/stored.ts"
import { operationUuid } from "./operations/uuid.ts"
import { countTaskState, EVENT_METRICS } from "./framework-metrics.ts"
import type { AgentRecord, FrameworkRecord, KillTask, OfferRecord, TaskRecord } from "./records.ts"
import { RemovalQueue } from "./removal-limiter.ts"
import type { StoredAgent } from "./registry.ts"
import {
  DEFAULT_LIMITS,
  DEFAULT_TIMINGS,
  type LinkId,
  type MasterEffect,
  type MasterLimits,
  type MasterOptions,
  type MasterReply,
  type MasterTimings,
  type RequestId,
  type StreamId,
} from "./types.ts"

/** An open link and, once it registered, the agent at its other end. */
export type LinkRecord = {
  readonly id: LinkId
  readonly address: string
  /** Greater than that of every link that was opened before. */
  readonly order: number
  agent: AgentRecord | undefined
}

/** The master's whole state, and what the step under way is given: its time and its outbox. */
export class Context {
  now: number
  out: MasterEffect[] = []

  readonly options: MasterOptions
  readonly timings: MasterTimings
  readonly limits: MasterLimits
  readonly startedAt: number
  readonly allocator: Allocator

  readonly agents = new Map<AgentId, AgentRecord>()
  /** Registered agents whose link is broken. */
  readonly disconnected = new Set<AgentRecord>()
  readonly recovered = new Map<AgentId, StoredAgent>()
  /** Kills for tasks of recovered agents, by agent and taskKey: they wait until it is back. */
  readonly recoveredKills = new Map<AgentId, Map<string, KillTask>>()
  /** Oldest first, bounded by the sweep of the registry. */
  readonly unreachable = new Map<AgentId, StoredAgent>()
  /** Declared gone by an operator, oldest first, bounded by the sweep of the registry. */
  readonly gone = new Map<AgentId, StoredAgent>()
  /** Draining agents on which something ended in this step: they may be drained now. */
  readonly drainsToSettle = new Set<AgentRecord>()
  readonly frameworks = new Map<FrameworkId, FrameworkRecord>()
  /** Oldest first, bounded. */
  readonly completedFrameworks = new Map<FrameworkId, FrameworkRecord>()
  /** What is stored of each live framework, as text. */
  readonly storedFrameworks = new Map<FrameworkId, string>()
  /** On how many agents a removed framework still uses something. */
  readonly leavingFrameworks = new Map<FrameworkId, number>()
  /** When frameworks were removed, oldest first, bounded. */
  readonly removedFrameworks = new Map<FrameworkId, number>()
  readonly offers = new Map<OfferId, OfferRecord>()
  readonly maintenance = new MaintenanceBook()
  readonly inverseOffers = new InverseOfferBook()
  /** Operations whose outcome is not acknowledged. */
  readonly operations = new OperationBook()
  /** Operators' operations that no agent has confirmed, by agent and uuid. */
  readonly storedOperations = new Map<AgentId, Map<string, StoredOperation>>()
  /** Quotas of top-level roles. */
  readonly quotas = new Map<string, RoleQuota>()
  /** Weights of role paths that are not 1. */
  readonly weights = new Map<string, number>()
  readonly links = new Map<LinkId, LinkRecord>()
  /** How many links were opened so far. */
  linksOpened = 0
  readonly streams = new Map<StreamId, FrameworkRecord>()
  /** How many hear of everything that changes. */
  watchers = 0

  /** When to ping each registered agent again. */
  readonly pings = new Deadlines<AgentRecord>()
  readonly heartbeats = new Deadlines<FrameworkRecord>()
  /** When disconnected and recovered frameworks are removed. */
  readonly failovers = new Deadlines<FrameworkRecord>()
  readonly offerTimeouts = new Deadlines<OfferRecord>()
  /** When the recovered agents that did not come back become unreachable. */
  recoveryEndsAt: number | undefined
  /** Agents of an earlier master, whether they came back or not. */
  recoveredCount = 0
  readonly removals: RemovalQueue
  sweepAt: number

  /** Metrics that only grow, by their name without "master/". */
  readonly counters = new Map<string, number>()
  /** Calls of live frameworks, by their principal. */
  readonly callsByPrincipal = new Map<string, number>()
  /** Live tasks by state. */
  readonly taskStates = new Map<TaskState, number>()

  /** What tasks have in common, such as the container of all instances of a service. */
  readonly shared = new SharedParts()

  #nextAgent = 0
  #nextFramework = 0
  #nextOffer = 0
  #nextOperation = 0

  constructor(options: MasterOptions, now: number) {
    this.now = now
    this.startedAt = now
    this.options = options
    this.timings = { ...DEFAULT_TIMINGS, ...options.timings }
    this.limits = { ...DEFAULT_LIMITS, ...options.limits }
    this.removals = new RemovalQueue(options.removalRate)
    this.sweepAt = now + this.timings.registrySweepMs
    this.allocator = new HierarchicalAllocator({
      ...options.allocation,
      seed: options.seed,
      region: options.info.domain?.faultDomain?.region.name,
    })
    for (const [role, weight] of Object.entries(options.weights ?? {})) {
      this.weights.set(role, weight)
      this.allocator.setWeight(role, weight)
    }
  }

  /** The weight of a role path, 1 unless an operator said otherwise. */
  weightOf(role: string): number {
    return this.weights.get(role) ?? 1
  }

  newAgentId(): AgentId {
    return brandId(`${this.options.info.id}-S${this.#nextAgent++}`)
  }

  newFrameworkId(): FrameworkId {
    return brandId(`${this.options.info.id}-${String(this.#nextFramework++).padStart(4, "0")}`)
  }

  newOfferId(): OfferId {
    return brandId(`${this.options.info.id}-O${this.#nextOffer++}`)
  }

  newOperationUuid(): string {
    return operationUuid(this.options.info.id, this.#nextOperation++)
  }

  /** Sends to the agent if it is connected; says whether it is. */
  send(agent: AgentRecord, message: MasterToAgent): boolean {
    if (agent.link === undefined) return false
    this.out.push({ kind: "send", link: agent.link, message })
    return true
  }

  /** Sends to the framework if it is connected; says whether it is. */
  event(framework: FrameworkRecord, event: scheduler.Event): boolean {
    if (framework.stream === undefined) return false
    this.out.push({ kind: "event", stream: framework.stream, event })
    framework.count("events")
    framework.count(EVENT_METRICS[event.kind])
    return true
  }

  reply(request: RequestId, reply: MasterReply): void {
    this.out.push({ kind: "reply", request, reply })
  }

  log(level: LogLevel, message: string, fields?: LogFields): void {
    this.out.push(
      fields === undefined
        ? { kind: "log", level, message }
        : { kind: "log", level, message, fields },
    )
  }

  count(name: string, by = 1): void {
    this.counters.set(name, (this.counters.get(name) ?? 0) + by)
  }

  countTasks({ framework }: TaskRecord, state: TaskState, by: 1 | -1): void {
    this.taskStates.set(state, (this.taskStates.get(state) ?? 0) + by)
    countTaskState(framework, state, by)
  }
}
