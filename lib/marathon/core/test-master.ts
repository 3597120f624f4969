import { brandId } from "#lib/mesos/index.ts"
import type {
  AgentId,
  Attribute,
  FrameworkId,
  Offer,
  OfferId,
  Resource,
  scheduler,
  TaskId,
  TaskInfo,
  TaskState,
  TaskStatus,
} from "#lib/mesos/index.ts"

/** One agent of the scripted cluster. */
export type TestAgent = {
  readonly id: string
  readonly host?: string
  readonly cpus?: number
  readonly mem?: number
  readonly ports?: readonly [number, number]
  readonly attributes?: Readonly<Record<string, string>>
}

/** A task as the scripted master and its agents know it. */
export type TestTask = {
  readonly info: TaskInfo
  readonly agent: TestAgent
  state: TaskState
  /** The last update that was not acknowledged, if any. */
  pending: TaskStatus | undefined
}

const ENDED: readonly TaskState[] = ["TASK_FINISHED", "TASK_FAILED", "TASK_KILLED", "TASK_GONE"]

/** A master with agents, in memory and obedient: what a framework hears is up to the test. */
export class TestMaster {
  readonly agents = new Map<string, TestAgent>()
  readonly tasks = new Map<string, TestTask>()
  readonly calls: scheduler.Call[] = []
  /** Every task id ever launched, to prove that none is launched twice. */
  readonly launched: string[] = []
  /** What becomes of a launched task; undefined leaves it staging. */
  onLaunch: (info: TaskInfo) => TaskState | undefined = () => "TASK_RUNNING"
  /** Whether a kill ends the task at once. */
  onKill: (info: TaskInfo) => boolean = () => true
  #subscribed = false
  #suppressed = false
  readonly #declined = new Map<string, number>()
  readonly #offered = new Map<string, string>()
  #events: scheduler.Event[] = []
  #lastId = 0

  constructor(agents: readonly TestAgent[]) {
    for (const agent of agents) this.agents.set(agent.id, agent)
  }

  /** The events not delivered yet. */
  takeEvents(): readonly scheduler.Event[] {
    const events = this.#events
    this.#events = []
    return events
  }

  /** The stream is gone, with all that was under way in it. */
  disconnect(): void {
    this.#subscribed = false
    this.#events = []
    this.#offered.clear()
    this.#declined.clear()
  }

  subscribe(call: Extract<scheduler.Call, { readonly kind: "subscribe" }>): void {
    this.disconnect()
    this.#subscribed = true
    this.#suppressed = (call.suppressedRoles ?? []).includes("*")
    this.#events.push({
      kind: "subscribed",
      frameworkId: brandId<FrameworkId>("m-0000"),
    })
    for (const { pending } of this.tasks.values())
      if (pending !== undefined) this.#events.push({ kind: "update", status: pending })
  }

  call(call: Exclude<scheduler.Call, { readonly kind: "subscribe" }>, now: number): void {
    if (!this.#subscribed) return
    this.calls.push(call)
    switch (call.kind) {
      case "accept":
        for (const operation of call.operations ?? [])
          if (operation.kind === "launch") this.#launch(operation.taskInfos ?? [])
        for (const id of call.offerIds ?? []) this.#offered.delete(id)
        return
      case "decline":
        for (const id of call.offerIds ?? []) {
          const agent = this.#offered.get(id)
          this.#offered.delete(id)
          const until = now + (call.filters?.refuseSeconds ?? 5) * 1000
          if (agent !== undefined) this.#declined.set(agent, until)
        }
        return
      case "revive":
        this.#suppressed = false
        this.#declined.clear()
        return
      case "suppress":
        this.#suppressed = true
        return
      case "kill":
        return this.#kill(call.taskId)
      case "acknowledge": {
        const task = this.tasks.get(call.taskId)
        if (task?.pending?.uuid === call.uuid) task.pending = undefined
        return
      }
      case "reconcile":
        return this.#reconcile(call.tasks ?? [])
      default:
        return
    }
  }

  /** Offers what is free on each agent, unless it is offered or declined already. */
  offer(now: number): void {
    if (!this.#subscribed || this.#suppressed) return
    const offers: Offer[] = []
    for (const agent of this.agents.values()) {
      if ([...this.#offered.values()].includes(agent.id)) continue
      if ((this.#declined.get(agent.id) ?? 0) > now) continue
      const id = brandId<OfferId>(`m-O${this.#lastId++}`)
      this.#offered.set(id, agent.id)
      offers.push(testOffer(id, agent, this.#free(agent)))
    }
    if (offers.length > 0) this.#events.push({ kind: "offers", offers })
  }

  /** A task reports a state, as the agent would. */
  update(taskId: string, state: TaskState, change: Partial<TaskStatus> = {}): void {
    const task = this.tasks.get(taskId)
    const agentId = brandId<AgentId>(task?.agent.id ?? "a1")
    const uuid = `u${this.#lastId++}`
    const status = { taskId: brandId<TaskId>(taskId), state, agentId, uuid, ...change }
    if (task !== undefined) {
      task.state = state
      task.pending = status
      if (ENDED.includes(state)) this.#declined.delete(task.agent.id)
    }
    if (this.#subscribed) this.#events.push({ kind: "update", status })
  }

  /** Tasks that have not ended, in order of launch. */
  alive(): readonly TestTask[] {
    return [...this.tasks.values()].filter(({ state }) => !ENDED.includes(state))
  }

  #launch(infos: readonly TaskInfo[]): void {
    for (const info of infos) {
      const agent = this.agents.get(info.agentId)
      if (agent === undefined) continue
      this.launched.push(info.taskId)
      this.tasks.set(info.taskId, { info, agent, state: "TASK_STAGING", pending: undefined })
      const state = this.onLaunch(info)
      if (state !== undefined) this.update(info.taskId, state)
    }
  }

  #kill(taskId: TaskId): void {
    const task = this.tasks.get(taskId)
    if (task === undefined || ENDED.includes(task.state)) this.update(taskId, "TASK_GONE")
    else if (this.onKill(task.info)) this.update(taskId, "TASK_KILLED")
  }

  #reconcile(named: readonly { readonly taskId: TaskId }[]): void {
    const ids = named.length > 0 ? named.map(({ taskId }) => taskId) : [...this.tasks.keys()]
    for (const id of ids) {
      const task = this.tasks.get(id)
      if (named.length === 0 && task !== undefined && ENDED.includes(task.state)) continue
      this.#events.push({
        kind: "update",
        status: {
          taskId: brandId<TaskId>(id),
          state: task?.state ?? "TASK_GONE",
          reason: "REASON_RECONCILIATION",
          source: "SOURCE_MASTER",
          agentId: brandId<AgentId>(task?.agent.id ?? "a1"),
        },
      })
    }
  }

  #free(agent: TestAgent): readonly Resource[] {
    const used = this.alive().filter((task) => task.agent.id === agent.id)
    const sum = (name: string): number =>
      used
        .flatMap(({ info }) => info.resources ?? [])
        .filter((resource) => resource.name === name)
        .reduce((total, { value }) => total + (value.kind === "scalar" ? value.milli : 0), 0)
    const [begin, end] = agent.ports ?? [31_000, 32_000]
    const taken = new Set(
      used
        .flatMap(({ info }) => info.resources ?? [])
        .flatMap(({ value }) => (value.kind === "ranges" ? value.ranges : []))
        .flatMap((range) =>
          Array.from({ length: range.end - range.begin + 1 }, (_, index) => range.begin + index),
        ),
    )
    const ranges = Array.from({ length: end - begin + 1 }, (_, index) => begin + index)
      .filter((port) => !taken.has(port))
      .map((port) => ({ begin: port, end: port }))
    return [
      testScalar("cpus", (agent.cpus ?? 4) * 1000 - sum("cpus")),
      testScalar("mem", (agent.mem ?? 4096) * 1000 - sum("mem")),
      { name: "ports", value: { kind: "ranges", ranges }, reservations: [], allocationRole: "*" },
    ]
  }
}

/** A scalar resource of an offer to role "*", in thousandths. */
export const testScalar = (name: string, milli: number, reservedFor?: string): Resource => ({
  name,
  value: { kind: "scalar", milli },
  reservations: reservedFor === undefined ? [] : [{ type: "STATIC", role: reservedFor }],
  allocationRole: "*",
})

/** An offer of an agent. */
export function testOffer(id: OfferId, agent: TestAgent, resources: readonly Resource[]): Offer {
  const attributes: Attribute[] = Object.entries(agent.attributes ?? {}).map(([name, value]) => ({
    name,
    type: "TEXT",
    text: { value },
  }))
  return {
    id,
    frameworkId: brandId<FrameworkId>("m-0000"),
    agentId: brandId<AgentId>(agent.id),
    hostname: agent.host ?? agent.id,
    resources,
    attributes,
    allocationInfo: { role: "*" },
  }
}
