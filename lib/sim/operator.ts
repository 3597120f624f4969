import type { MasterDriver, MasterView, OperatorCall } from "#lib/master/index.ts"
import { scalarResource, type AgentId, type Resources } from "#lib/mesos/index.ts"
import type { Random } from "#lib/std/random.ts"
import type { MasterAt } from "./stream.ts"
import {
  hasSuccessor,
  quotaMatter,
  SCHEDULE,
  standingMatter,
  UNKNOWN,
  weightMatter,
  type Matter,
} from "./matters.ts"
import { note, randomMs, type World } from "./world.ts"

/** Roles that get quotas and weights. */
const ROLES = ["a", "b"] as const

/** The role of what the operator reserves. */
const ROLE = "ops"

/** Between two calls that undo what was done, once the cluster is to come to rest. */
const UNDO_MS = 1_000

/** A machine that the operator deals with. */
export type OperatedNode = { readonly name: string; readonly ip: string }

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
      // Its first id was lost before the agent could store it: the next has taken its place.
      const isLost = shown === UNKNOWN && hasSuccessor(driver.view, matter)
      if (!may.includes(shown) && !isLost)
        monitor.broken(
          "what an operator was answered holds",
          `${matter.key} is ${shown}, not ${may.join(" or ")}`,
        )
    }
    const { agents, goneAgents, maintenance } = driver.view
    const down = [...maintenance.machines.values()].filter(({ mode }) => mode === "DOWN")
    for (const { id, info, deactivated, offers } of agents.values()) {
      if (deactivated && offers.size > 0)
        monitor.broken("nothing is offered on deactivated agents", id)
      if (goneAgents.has(id)) monitor.broken("gone agents stay away", id)
      if (down.some((machine) => machine.id.hostname === info.hostname))
        monitor.broken("no agent runs on a machine that is down", id)
    }
  }

  #act(): void {
    if (this.#asked !== undefined) return
    const random = this.#random
    const dice = random.below(12)
    if (dice < 2) this.#updateQuota()
    else if (dice === 2) this.#updateWeight()
    else if (dice < 5) this.#maintain()
    else if (dice < 9) this.#handleAgent()
    else if (dice < 11) this.#handleResources()
    else this.#markGone()
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

  /** Takes a scheduled machine down, or up again, or changes the schedule. */
  #maintain(): void {
    const view = this.#master()?.driver.view
    const { monitor, marks } = this.#world
    for (const { id, mode } of view?.maintenance.machines.values() ?? []) {
      if (this.#random.chance(0.4)) break
      const machines = [id]
      if (mode === "DOWN") {
        marks.hit("operator.machineUp")
        return this.#decide(SCHEDULE, "", { kind: "stopMaintenance", machines })
      }
      marks.hit("operator.machineDown")
      monitor.emptying(id.hostname ?? "")
      this.#forgetStanding(id.hostname)
      const next = `${id.hostname} DOWN`
      return this.#decide(SCHEDULE, next, { kind: "startMaintenance", machines })
    }
    return this.#schedule()
  }

  /** Agents of a machine that goes down are forgotten; they come back as though nothing was decided. */
  #forgetStanding(hostname: string | undefined): void {
    for (const entry of this.#matters.values())
      if (entry.matter.hostname !== undefined && entry.matter.hostname === hostname)
        entry.may = [...new Set([...entry.may, UNKNOWN, entry.matter.initial])]
  }

  /** Plans maintenance for one machine, or for none. */
  #schedule(): void {
    const { name, ip } = this.#random.pick(this.#nodes)
    const machineIds = [{ hostname: name, ip }]
    const start = { nanoseconds: this.#world.schedule.now * 1e6 }
    const planned = this.#random.chance(0.6)
    const windows = planned ? [{ machineIds, unavailability: { start } }] : []
    if (planned) this.#world.marks.hit("operator.schedule")
    // A machine that is down stays so when it is planned again.
    const is = this.#mayBe(SCHEDULE).map((now) =>
      now === `${name} DOWN` ? now : `${name} DRAINING`,
    )
    this.#decide(SCHEDULE, planned ? [...new Set(is)] : "", {
      kind: "updateMaintenanceSchedule",
      schedule: { windows },
    })
  }

  #handleAgent(): void {
    const agent = this.#anyAgent()
    if (agent === undefined) return
    const { agentId, hostname } = agent
    const matter = standingMatter(agentId, hostname)
    const dice = this.#random.below(4)
    if (dice === 0) {
      this.#world.marks.hit("operator.drain")
      this.#world.monitor.emptying(hostname)
      const maxGracePeriod = { seconds: this.#random.below(10) }
      const markGone = this.#random.chance(0.2)
      // The master marks it gone once it is empty.
      const next = markGone ? ["draining", "gone"] : "draining"
      this.#decide(matter, next, { kind: "drainAgent", agentId, maxGracePeriod, markGone })
    } else if (dice === 1) {
      this.#world.marks.hit("operator.deactivate")
      // An agent that drains is deactivated already, and drains on, perhaps to be marked gone.
      const is = this.#mayBe(matter)
      const drains = is.includes("draining")
      const next = is.map((now) =>
        now === "draining" || (drains && now === "gone") ? now : "deactivated",
      )
      this.#decide(matter, next, { kind: "deactivateAgent", agentId })
    } else this.#decide(matter, "active", { kind: "reactivateAgent", agentId })
  }

  /** Vouches that an agent will not come back, right or wrong: its machine is replaced. */
  #markGone(): void {
    const agent = this.#anyAgent()
    if (agent === undefined) return
    const { agentId, hostname } = agent
    const { marks, monitor } = this.#world
    marks.hit("operator.gone")
    monitor.emptying(hostname)
    this.#decide(standingMatter(agentId, hostname), "gone", { kind: "markAgentGone", agentId })
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
        this.#decide(matter, matter.initial, matter.undo(view))
      }
    }
    this.#world.schedule.after(UNDO_MS, () => this.#undo())
  }
}
