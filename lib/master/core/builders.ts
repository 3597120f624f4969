/**
 * Builders for tests: a master on a bench, with one call per thing that the world may do to it.
 * Defaults are valid; a test sets what matters to it.
 */
import {
  brandId,
  normalizeResources,
  parseResources,
  type AgentId,
  type AgentInfoCapabilityType,
  type AgentToMaster,
  type FrameworkId,
  type FrameworkInfo,
  type FrameworkInfoCapabilityType,
  type MasterToAgent,
  type Offer,
  type OfferId,
  type RegisterMessage,
  type Resources,
  type Task,
  type TaskId,
  type TaskInfo,
  type TaskState,
  type TaskStatus,
  type scheduler,
} from "#lib/mesos/index.ts"
import { must } from "#lib/std/assert.ts"
import { Master } from "./master.ts"
import type {
  LinkId,
  MasterEffect,
  MasterInput,
  MasterOptions,
  MasterReply,
  OperatorCall,
  OtherCall,
  RequestId,
  StreamId,
} from "./types.ts"

/** Resources from text such as "cpus:4;mem:1024". */
export function resources(text: string, allocationRole?: string): Resources {
  const parsed = parseResources(text)
  if (!parsed.ok) throw new Error(`bad resources in a test: ${text}`)
  return allocationRole === undefined
    ? parsed.value
    : normalizeResources(parsed.value.map((resource) => ({ ...resource, allocationRole })))
}

/** Every capability that our agents have. */
export const AGENT_CAPABILITIES: readonly AgentInfoCapabilityType[] = [
  "MULTI_ROLE",
  "HIERARCHICAL_ROLE",
  "RESERVATION_REFINEMENT",
  "RESOURCE_PROVIDER",
  "RESIZE_VOLUME",
  "AGENT_OPERATION_FEEDBACK",
  "AGENT_DRAINING",
  "TASK_RESOURCE_LIMITS",
]

/** A registration of an agent with 8 cpus and 16 GB. */
export const registration = (over: Partial<RegisterMessage> = {}): RegisterMessage => ({
  kind: "register",
  info: { hostname: "a1", resources: resources("cpus:8;mem:16384;disk:1000;ports:[31000-32000]") },
  version: "1.12.0",
  capabilities: AGENT_CAPABILITIES,
  checkpointedResources: [],
  frameworks: [],
  executors: [],
  tasks: [],
  ...over,
})

/** A framework with the capabilities of a modern scheduler. */
export function frameworkInfo(
  over: Partial<FrameworkInfo> & { readonly caps?: readonly FrameworkInfoCapabilityType[] } = {},
): FrameworkInfo {
  const { caps = ["MULTI_ROLE", "PARTITION_AWARE", "RESERVATION_REFINEMENT"], ...rest } = over
  const roles = caps.includes("MULTI_ROLE") ? { roles: ["*"] } : {}
  return {
    user: "svc",
    name: "test",
    failoverTimeout: 3600,
    capabilities: caps.map((type) => ({ type })),
    ...roles,
    ...rest,
  }
}

/** A task that sleeps. */
export const taskInfo = (id: string, agentId: AgentId, over: Partial<TaskInfo> = {}): TaskInfo => ({
  name: id,
  taskId: brandId<TaskId>(id),
  agentId,
  resources: resources("cpus:1;mem:128"),
  command: { value: "sleep 1000" },
  ...over,
})

/** A task as an agent reports it. */
export const reportedTask = (
  id: string,
  frameworkId: FrameworkId,
  agentId: AgentId,
  over: Partial<Task> = {},
): Task => ({
  name: id,
  taskId: brandId<TaskId>(id),
  frameworkId,
  agentId,
  state: "TASK_RUNNING",
  resources: resources("cpus:1;mem:128", "*"),
  statuses: [],
  ...over,
})

type EventOf<K extends scheduler.Event["kind"]> = Extract<scheduler.Event, { readonly kind: K }>
type MessageOf<K extends MasterToAgent["kind"]> = Extract<MasterToAgent, { readonly kind: K }>

/** One scheduler on the bench. */
export type TestScheduler = { readonly stream: StreamId; readonly id: FrameworkId }

/** One agent on the bench. */
export type TestAgent = { readonly link: LinkId; readonly id: AgentId }

/** The id of a master is new in each life: "M", then "M1" and so on. */
function newMasterId(store: ReadonlyMap<string, unknown>): string {
  const keys = [...store.keys()]
  for (let life = 0; ; life++) {
    const id = life === 0 ? "M" : `M${life}`
    if (!keys.some((key) => key.includes(`/${id}-`))) return id
  }
}

/**
 * A master on a bench with a clock of its own, a store that takes every write, and an alarm that rings
 * by itself. It keeps what the master asked for until a test takes it, and checks all invariants after
 * every input unless told not to.
 */
export class Bench {
  now: number
  readonly master: Master
  readonly store: Map<string, unknown>
  effects: MasterEffect[] = []
  readonly #check: boolean
  #alarmAt: number | undefined
  #serial = 0

  constructor(
    options: {
      readonly master?: Partial<MasterOptions>
      readonly store?: ReadonlyMap<string, unknown>
      readonly now?: number
      readonly check?: boolean
    } = {},
  ) {
    this.now = options.now ?? 1_000_000
    this.store = new Map(options.store)
    this.#check = options.check ?? true
    const entries = [...this.store].sort(([a], [b]) => (a < b ? -1 : 1))
    const info = {
      id: newMasterId(this.store),
      ip: 16777343,
      port: 5050,
      hostname: "m1",
      version: "1.12.0",
    }
    const master = Master.recover({ info, seed: 1, ...options.master }, entries, this.now)
    if (!master.ok) throw new Error(master.error.message)
    this.master = master.value
    this.feed({ kind: "wake" })
  }

  /** One input, and every wake that is due after it. */
  feed(input: MasterInput): void {
    this.#step(input)
    while (this.#alarmAt !== undefined && this.#alarmAt <= this.now) {
      this.#alarmAt = undefined
      this.#step({ kind: "wake" })
    }
  }

  /** Lets time pass; alarms ring when they are due. */
  advance(ms: number): void {
    const end = this.now + ms
    while (this.#alarmAt !== undefined && this.#alarmAt <= end) {
      this.now = Math.max(this.now, this.#alarmAt)
      this.#alarmAt = undefined
      this.#step({ kind: "wake" })
    }
    this.now = end
  }

  /** Forgets the effects so far. */
  clear(): void {
    this.effects = []
  }

  openLink(address = "10.0.0.1"): LinkId {
    const link = `link-${this.#serial++}` as LinkId
    this.feed({ kind: "linkOpened", link, address })
    return link
  }

  fromAgent(link: LinkId, message: AgentToMaster): void {
    this.feed({ kind: "linkMessage", link, message })
  }

  /** Opens a link and registers; the agent as the master confirmed it. */
  register(over: Partial<RegisterMessage> = {}): TestAgent {
    const link = this.openLink()
    this.fromAgent(link, registration(over))
    const confirmed = this.sent(link, "registered").at(-1)
    return { link, id: must(confirmed, "the agent was not confirmed").agentId }
  }

  /** The agent answers pings for so long. */
  keepAlive(agents: readonly TestAgent[], ms: number): void {
    for (let passed = 0; passed < ms; passed += 5_000) {
      this.advance(Math.min(5_000, ms - passed))
      for (const { link } of agents) {
        const sequence = this.sent(link, "ping").at(-1)?.sequence
        if (sequence !== undefined) this.fromAgent(link, { kind: "pong", sequence })
      }
    }
  }

  subscribe(
    info: FrameworkInfo = frameworkInfo(),
    over: Partial<Omit<scheduler.CallSubscribe, "frameworkInfo">> & { principal?: string } = {},
  ): TestScheduler {
    const stream = this.subscribeRaw(info, over)
    const subscribed = must(this.events(stream, "subscribed")[0], "not subscribed")
    return { stream, id: subscribed.frameworkId }
  }

  /** Subscribes and says which stream it used, whatever came of it. */
  subscribeRaw(
    info: FrameworkInfo,
    over: Partial<Omit<scheduler.CallSubscribe, "frameworkInfo">> & { principal?: string } = {},
  ): StreamId {
    const stream = `stream-${this.#serial++}` as StreamId
    const { principal, ...rest } = over
    this.feed({
      kind: "subscribe",
      stream,
      frameworkId: info.id,
      subscribe: { frameworkInfo: info, ...rest },
      principal,
    })
    return stream
  }

  call({ stream, id }: TestScheduler, call: OtherCall): MasterReply {
    const request = this.#serial++ as RequestId
    this.feed({ kind: "call", request, stream, frameworkId: id, call })
    return this.replyTo(request)
  }

  /** An operator's call. */
  operate(call: OperatorCall, principal?: string): MasterReply {
    const request = this.#serial++ as RequestId
    this.feed({ kind: "operate", request, call, principal })
    return this.replyTo(request)
  }

  replyTo(request: RequestId): MasterReply {
    for (const effect of this.effects)
      if (effect.kind === "reply" && effect.request === request) return effect.reply
    throw new Error(`no reply to ${request}`)
  }

  /** Launches tasks on the newest offer of their agent. */
  launch(scheduler: TestScheduler, tasks: readonly TaskInfo[], refuseSeconds = 3600): MasterReply {
    const agentId = tasks[0]?.agentId
    const offer = this.offers(scheduler).findLast((each) => each.agentId === agentId)
    return this.call(scheduler, {
      kind: "accept",
      offerIds: [must(offer, `no offer of ${String(agentId)}`).id],
      operations: [{ kind: "launch", taskInfos: tasks }],
      filters: { refuseSeconds },
    })
  }

  decline(scheduler: TestScheduler, offers: readonly Offer[], refuseSeconds?: number): MasterReply {
    const offerIds: readonly OfferId[] = offers.map(({ id }) => id)
    return this.call(scheduler, { kind: "decline", offerIds, filters: { refuseSeconds } })
  }

  /** A status from an agent, with a uuid unless it is set to undefined. */
  update(
    agent: TestAgent,
    frameworkId: FrameworkId,
    status: { readonly id: string; readonly state: TaskState } & Partial<TaskStatus>,
    latestState: TaskState = status.state,
  ): void {
    const { id, ...rest } = status
    this.fromAgent(agent.link, {
      kind: "update",
      frameworkId,
      latestState,
      status: { taskId: brandId<TaskId>(id), uuid: `uuid-${this.#serial++}`, ...rest },
    })
  }

  /** Every event of a kind on a stream since the last `clear`. */
  events<K extends scheduler.Event["kind"]>(stream: StreamId, kind: K): EventOf<K>[] {
    const events: EventOf<K>[] = []
    for (const effect of this.effects)
      if (effect.kind === "event" && effect.stream === stream && effect.event.kind === kind)
        events.push(effect.event as EventOf<K>)
    return events
  }

  /** Every offer made since the last `clear`, outstanding or not. */
  offers({ stream }: TestScheduler): readonly Offer[] {
    return this.events(stream, "offers").flatMap(({ offers = [] }) => offers)
  }

  /** Every status since the last `clear`. */
  statuses({ stream }: TestScheduler): readonly TaskStatus[] {
    return this.events(stream, "update").map(({ status }) => status)
  }

  /** Every message of a kind over a link since the last `clear`. */
  sent<K extends MasterToAgent["kind"]>(link: LinkId, kind: K): MessageOf<K>[] {
    const messages: MessageOf<K>[] = []
    for (const effect of this.effects)
      if (effect.kind === "send" && effect.link === link && effect.message.kind === kind)
        messages.push(effect.message as MessageOf<K>)
    return messages
  }

  #step(input: MasterInput): void {
    const out: MasterEffect[] = []
    this.master.step(input, this.now, out)
    for (const effect of out)
      if (effect.kind === "put")
        this.store.set(effect.key, JSON.parse(JSON.stringify(effect.value)))
      else if (effect.kind === "delete") this.store.delete(effect.key)
      else if (effect.kind === "wakeAt") this.#alarmAt = effect.at
    this.effects.push(...out)
    if (this.#check) this.master.checkInvariants()
  }
}
