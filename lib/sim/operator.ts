import type { MasterDriver, MasterView, OperatorCall } from "#lib/master/index.ts"
import { scalarResource, type AgentId, type Resources } from "#lib/mesos/index.ts"
import type { Random } from "#lib/std/random.ts"
import type { MasterAt } from "./stream.ts"
import { note, randomMs, type World } from "./world.ts"

/** Roles that get quotas and weights. */
const ROLES = ["a", "b"] as const

/** The role of what the operator reserves. */
const ROLE = "ops"

/** Between two calls that undo what was done, once the cluster is to come to rest. */
const UNDO_MS = 1_000

/** A machine that the operator deals with. */
export type OperatedNode = { readonly name: string; readonly ip: string }

/** Something that the operator decides, and how the master shows it. */
type Matter = {
  readonly key: string
  /** The agent that it is about, if it is about one. */
  readonly agentId?: AgentId | undefined
  /** What the master shows where nothing was decided. */
  readonly initial: string
  readonly read: (view: MasterView) => string
  /** The call that goes back to `initial`. */
  readonly undo: () => OperatorCall
}

/**
 * An operator who changes quotas, weights, agents, the maintenance schedule, reservations and volumes at
 * random. What was answered with success it takes for decided: the master must show it from then on,
 * whatever crashes. A call without an answer may have been done or not.
 */
export class Operator {
  readonly #world: World
  readonly #master: MasterAt
  readonly #nodes: readonly OperatedNode[]
  readonly #random: Random
  readonly #matters = new Map<string, { readonly matter: Matter; may: readonly string[] }>()
  /** What an answer must find to count: a call of a master that died is never answered. */
  #asked: object | undefined
  #volumes = 0
  #busy = true

  constructor(world: World, parts: { master: MasterAt; nodes: readonly OperatedNode[] }) {
    this.#world = world
    this.#master = parts.master
    this.#nodes = parts.nodes
    this.#random = world.chance.fork()
  }

  /** Begins to make calls, if this run has an operator who does. */
  start(): void {
    const { swarm, schedule } = this.#world
    if (swarm.operatorMs === 0) return
    schedule.after(randomMs(this.#random, swarm.operatorMs), () => {
      if (!this.#busy) return
      this.#act()
      this.start()
    })
  }

  /** The master's process died: who waits for its answer waits no more. */
  masterDied(): void {
    this.#asked = undefined
  }

  /** From now on only undoes what was done. */
  quiet(): void {
    this.#busy = false
    this.#undo()
  }

  /** Decisions that are not undone yet, once quiet. */
  open(): readonly string[] {
    const view = this.#master()?.driver.view
    if (view === undefined) return []
    return this.#unsettled(view).map(({ key, read }) => `${key} is still ${read(view)}`)
  }

  /** Holds what the master shows against what it was told, and answered. */
  check(driver: MasterDriver): void {
    const { monitor } = this.#world
    for (const { matter, may } of this.#matters.values()) {
      const shown = matter.read(driver.view)
      if (!may.includes(shown))
        monitor.broken(
          "what an operator was answered holds",
          `${matter.key} is ${shown}, not ${may.join(" or ")}`,
        )
    }
    for (const agent of driver.view.agents.values())
      if (agent.deactivated && agent.offers.size > 0)
        monitor.broken("nothing is offered on deactivated agents", agent.id)
  }

  #act(): void {
    if (this.#asked !== undefined) return
    const random = this.#random
    const dice = random.below(10)
    if (dice < 2) this.#updateQuota()
    else if (dice === 2) this.#updateWeight()
    else if (dice === 3) this.#schedule()
    else if (dice < 8) this.#handleAgent()
    else this.#handleResources()
  }

  #updateQuota(): void {
    const random = this.#random
    const role = random.pick(ROLES)
    const cpus = random.pick([1, 3, 6])
    const limits = random.chance(0.7) ? { cpus: { value: cpus } } : {}
    const next = "cpus" in limits ? `at most ${cpus * 1000}` : "none"
    const call = { kind: "updateQuota", force: random.chance(0.3) } as const
    const quotaConfigs = [{ role, limits }]
    if (next !== "none") this.#world.marks.hit("operator.quota")
    this.#decide(quotaMatter(role), next, { ...call, quotaConfigs })
  }

  #updateWeight(): void {
    const role = this.#random.pick(ROLES)
    const weight = this.#random.pick([0.5, 1, 4])
    const weightInfos = [{ role, weight }]
    this.#decide(weightMatter(role), String(weight), { kind: "updateWeights", weightInfos })
  }

  /** Plans maintenance for one machine, or for none. */
  #schedule(): void {
    const { name, ip } = this.#random.pick(this.#nodes)
    const machineIds = [{ hostname: name, ip }]
    const start = { nanoseconds: this.#world.schedule.now * 1e6 }
    const planned = this.#random.chance(0.6)
    const windows = planned ? [{ machineIds, unavailability: { start } }] : []
    if (planned) this.#world.marks.hit("operator.schedule")
    this.#decide(SCHEDULE, planned ? `${name} DRAINING` : "", {
      kind: "updateMaintenanceSchedule",
      schedule: { windows },
    })
  }

  #handleAgent(): void {
    const agent = this.#anyAgent()
    if (agent === undefined) return
    const { agentId, hostname } = agent
    const matter = standingMatter(agentId)
    const dice = this.#random.below(4)
    if (dice === 0) {
      this.#world.marks.hit("operator.drain")
      this.#world.monitor.draining(hostname)
      const maxGracePeriod = { seconds: this.#random.below(10) }
      this.#decide(matter, "draining", { kind: "drainAgent", agentId, maxGracePeriod })
    } else if (dice === 1) {
      this.#world.marks.hit("operator.deactivate")
      // An agent that drains is deactivated already, and drains on.
      const next = this.#mayBe(matter).map((now) => (now === "draining" ? now : "deactivated"))
      this.#decide(matter, next, { kind: "deactivateAgent", agentId })
    } else this.#decide(matter, "active", matter.undo())
  }

  /** Reserves disk and makes a volume of it, or takes one away. */
  #handleResources(): void {
    const driver = this.#master()?.driver
    const agent = this.#anyAgent()
    if (driver === undefined || agent === undefined) return
    const { agentId } = agent
    const own = [...(driver.view.agents.get(agentId)?.total ?? [])].find(
      ({ reservations }) => reservations.at(-1)?.role === ROLE,
    )
    this.#tell(this.#resourceCall(agentId, own), () => {})
  }

  #resourceCall(agentId: AgentId, own: Resources[number] | undefined): OperatorCall {
    const { marks, monitor } = this.#world
    if (own === undefined) {
      const label = `ops.r${++this.#volumes}`
      const reservation = {
        type: "DYNAMIC",
        role: ROLE,
        labels: { labels: [{ key: "made", value: label }] },
      } as const
      const resources = [{ ...scalarResource("disk", 64_000), reservations: [reservation] }]
      marks.hit("operator.reserve")
      return { kind: "reserveResources", agentId, resources }
    }
    if (own.disk?.persistence !== undefined) {
      monitor.undoing(own)
      return { kind: "destroyVolumes", agentId, volumes: [own] }
    }
    if (this.#busy && this.#random.chance(0.6)) {
      const id = `ops.v${++this.#volumes}`
      const disk = {
        persistence: { id },
        volume: { mode: "RW", containerPath: "data" },
      } as const
      marks.hit("operator.volume")
      return { kind: "createVolumes", agentId, volumes: [{ ...own, disk }] }
    }
    monitor.undoing(own)
    return { kind: "unreserveResources", agentId, resources: [own] }
  }

  #anyAgent(): { readonly agentId: AgentId; readonly hostname: string } | undefined {
    const view = this.#master()?.driver.view
    if (view === undefined) return undefined
    const agents = [
      ...view.agents.values(),
      ...view.recoveredAgents.values(),
      ...view.unreachableAgents.values(),
    ].map(({ id, info }) => ({ agentId: id, hostname: info.hostname }))
    const [first, ...rest] = agents
    return first === undefined ? undefined : this.#random.pick([first, ...rest])
  }

  #mayBe({ key, initial }: Matter): readonly string[] {
    return this.#matters.get(key)?.may ?? [initial]
  }

  /** Asks for a decision; until the answer comes, the matter may be as it was or as it shall be. */
  #decide(matter: Matter, next: string | readonly string[], call: OperatorCall): void {
    const before = this.#mayBe(matter)
    const after = typeof next === "string" ? [next] : next
    const entry = { matter, may: [...new Set([...before, ...after])] as readonly string[] }
    this.#matters.set(matter.key, entry)
    this.#tell(call, ({ status, message }) => {
      // An agent that is away is told later, but what was decided holds.
      if (status === 200 || status === 409) entry.may = after
      else if (status < 500) entry.may = before
      note(this.#world, "operator", `${matter.key}: ${status} ${message ?? ""}`)
    })
  }

  #tell(
    call: OperatorCall,
    answered: (reply: { readonly status: number; readonly message?: string | undefined }) => void,
  ): void {
    const master = this.#master()
    if (master === undefined) return
    const asked = {}
    this.#asked = asked
    note(this.#world, "operator", `asks for ${call.kind}`)
    void master.driver.operate(call).then((reply) => {
      if (this.#asked !== asked || master.life.over) return
      this.#asked = undefined
      answered(reply)
    })
  }

  /** What is not as it was at first, but for agents that never came back. */
  #unsettled(view: MasterView): readonly Matter[] {
    return [...this.#matters.values()]
      .map(({ matter }) => matter)
      .filter(({ agentId }) => agentId === undefined || view.agents.has(agentId))
      .filter((matter) => matter.read(view) !== matter.initial)
  }

  #undo(): void {
    const view = this.#master()?.driver.view
    if (view !== undefined && this.#asked === undefined) {
      const [first, ...rest] = this.#unsettled(view)
      if (first !== undefined) {
        const matter = this.#random.pick([first, ...rest])
        this.#decide(matter, matter.initial, matter.undo())
      }
    }
    this.#world.schedule.after(UNDO_MS, () => this.#undo())
  }
}

const quotaMatter = (role: string): Matter => ({
  key: `the quota of ${role}`,
  initial: "none",
  read: ({ quotas }) => {
    const limit = quotas.get(role)?.limits.get("cpus")
    return limit === undefined ? "none" : `at most ${limit}`
  },
  undo: () => ({ kind: "updateQuota", quotaConfigs: [{ role }] }),
})

const weightMatter = (role: string): Matter => ({
  key: `the weight of ${role}`,
  initial: "1",
  read: (view) => String(view.weight(role)),
  undo: () => ({ kind: "updateWeights", weightInfos: [{ role, weight: 1 }] }),
})

const standingMatter = (agentId: AgentId): Matter => ({
  key: `agent ${agentId}`,
  agentId,
  initial: "active",
  read: (view) => {
    const { agents, recoveredAgents, unreachableAgents } = view
    const agent =
      agents.get(agentId) ?? recoveredAgents.get(agentId) ?? unreachableAgents.get(agentId)
    if (agent === undefined) return "unknown"
    if (agent.drain !== undefined) return "draining"
    return agent.deactivated === true ? "deactivated" : "active"
  },
  undo: () => ({ kind: "reactivateAgent", agentId }),
})

const SCHEDULE: Matter = {
  key: "the maintenance schedule",
  initial: "",
  read: ({ maintenance }) =>
    [...maintenance.machines.values()].map(({ id, mode }) => `${id.hostname} ${mode}`).join(", "),
  undo: () => ({ kind: "updateMaintenanceSchedule", schedule: { windows: [] } }),
}
