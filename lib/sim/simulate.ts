import { Random } from "#lib/std/random.ts"
import type { ProbeOutcome, Prober } from "#lib/ports/index.ts"
import { ScriptedFramework } from "./framework.ts"
import { ContainerClient } from "./container-client.ts"
import { LinkNetwork, type Direction } from "./link.ts"
import type { Life } from "./life.ts"
import { MarathonHost } from "./marathon-host.ts"
import { MarathonWorkload } from "./marathon-workload.ts"
import { Marks, type Mark } from "./marks.ts"
import { MasterNode } from "./master-node.ts"
import { Monitor, type Violation } from "./monitor.ts"
import { Node } from "./node.ts"
import { Operator } from "./operator.ts"
import { openMatters } from "./rest.ts"
import { Schedule } from "./schedule.ts"
import { drawSwarm, type Swarm } from "./swarm.ts"
import { Trace } from "./trace.ts"
import { Watcher } from "./watcher.ts"
import { between, note, randomMs, type Seams, type World } from "./world.ts"

/** How long a cluster without faults may take to come to rest, in virtual time. */
const REST_LIMIT_MS = 40 * 60_000

/** How often a cluster is asked whether it has come to rest. */
const REST_CHECK_MS = 5_000

/** Lines of the trace that a report keeps. */
const TRACE_LINES = 100

/** What to simulate. The same options give the same run, event by event. */
export type SimulationOptions = {
  readonly seed: number
  /** Virtual minutes with faults; the second phase, without them, comes on top. */
  readonly minutes: number
  readonly agents: number
  /** Scripted frameworks beside Marathon; 2 unless told. */
  readonly frameworks?: number | undefined
  /** Apps that Marathon's users deal with; none means no Marathon at all. 3 unless told. */
  readonly apps?: number | undefined
  /** Faults that differ from what the seed draws. */
  readonly swarm?: Partial<Swarm> | undefined
  readonly seams?: Seams | undefined
  /** Lines of the trace that the report keeps; 100 unless told. */
  readonly traceLines?: number | undefined
  /**
   * Runs all promise reactions that are ready, and those that they make ready, before it returns.
   * Promises belong to the engine, so it must be told: this is what makes a run repeat exactly.
   */
  readonly settle: () => void
}

/** What came of a simulation. */
export type Report = {
  readonly seed: number
  readonly violation: Violation | undefined
  readonly events: number
  /** Virtual milliseconds, both phases. */
  readonly virtualMs: number
  /** Virtual milliseconds that the cluster took to come to rest once faults stopped. */
  readonly restMs: number
  readonly tasks: number
  readonly marks: ReadonlyMap<Mark, number>
  readonly swarm: Swarm
  /** The same for the same run, and practically never for another. */
  readonly hash: string
  /** The newest lines of the trace. */
  readonly tail: readonly string[]
}

/** Runs one cluster in virtual time: first under faults, then without them until it is at rest. */
export function simulate(options: SimulationOptions): Report {
  return new Simulation(options).run()
}

class Simulation {
  readonly #options: SimulationOptions
  readonly #world: World
  readonly #marks = new Marks()
  readonly #master: MasterNode
  readonly #network: LinkNetwork
  readonly #nodes: readonly Node[]
  readonly #frameworks: readonly ScriptedFramework[]
  readonly #marathon: MarathonHost | undefined
  readonly #users: MarathonWorkload | undefined
  readonly #operator: Operator
  readonly #watcher: Watcher
  readonly #client: ContainerClient
  #events = 0

  constructor(options: SimulationOptions) {
    this.#options = options
    const random = new Random(options.seed)
    const swarm = { ...drawSwarm(random.fork()), ...options.swarm }
    const world: World = {
      schedule: new Schedule(),
      trace: new Trace(options.traceLines ?? TRACE_LINES),
      marks: this.#marks,
      monitor: new Monitor(this.#marks),
      swarm,
      seams: options.seams ?? {},
      chance: random.fork(),
      faulty: true,
    }
    this.#world = world
    this.#master = new MasterNode(world)
    this.#network = new LinkNetwork(world, this.#master.endpoint())
    this.#master.attach(this.#network)
    this.#nodes = Array.from(
      { length: options.agents },
      (_, index) => new Node(world, this.#network, index),
    )
    this.#frameworks = Array.from(
      { length: options.frameworks ?? 2 },
      (_, index) => new ScriptedFramework(world, this.#master.at, index),
    )
    const apps = options.apps ?? 3
    if (apps > 0) {
      const prober = (life: Life): Prober => this.#prober(life)
      const marathon = new MarathonHost(world, { master: this.#master, prober })
      this.#marathon = marathon
      this.#users = new MarathonWorkload(world, () => marathon.at(), apps)
    }
    this.#operator = new Operator(world, { master: this.#master.at, nodes: this.#nodes })
    this.#master.onEnd.push(() => this.#operator.masterDied())
    // Its chance is its own: what it does is not to change what happens to the others.
    this.#watcher = new Watcher(world, new Random(options.seed))
    this.#client = new ContainerClient(world, new Random(options.seed + 1), this.#nodes)
    this.#master.guests.push((driver, life) => this.#watcher.start(driver, life))
    this.#master.onEnd.push(() => this.#watcher.masterDied())
    for (const framework of this.#frameworks) this.#master.onEnd.push(() => framework.masterDied())
    for (const node of this.#nodes) world.monitor.addNode(node.name, node.resources)
  }

  run(): Report {
    const { schedule, chance } = this.#world
    this.#master.process.start()
    for (const node of this.#nodes) {
      schedule.after(between(chance, 0, 2_000), () => node.start())
      this.#planPartition(node)
    }
    for (const framework of this.#frameworks)
      schedule.after(between(chance, 0, 2_000), () => framework.start())
    schedule.after(between(chance, 0, 2_000), () => this.#marathon?.start())
    this.#users?.start()
    this.#operator.start()
    this.#client.start()
    const faultsEnd = this.#options.minutes * 60_000
    this.#runUntil(faultsEnd)
    const restMs = this.#world.monitor.violation === undefined ? this.#rest(faultsEnd) : 0
    return this.#report(restMs)
  }

  #planPartition(node: Node): void {
    const { schedule, chance, swarm } = this.#world
    if (swarm.partitionMs === 0) return
    schedule.after(randomMs(chance, swarm.partitionMs), () => {
      if (!this.#world.faulty) return
      const directions: readonly Direction[] = chance.pick([
        ["toMaster", "toAgent"],
        ["toMaster"],
        ["toAgent"],
      ])
      this.#network.partition(node.name, directions, between(chance, 1_000, swarm.partitionMaxMs))
      this.#planPartition(node)
    })
  }

  /** No more faults: everything must come to rest. Says how long it took. */
  #rest(from: number): number {
    const world = this.#world
    world.faulty = false
    note(world, "all", "faults end")
    this.#network.heal()
    this.#master.process.start()
    for (const node of this.#nodes) node.process.start()
    for (const framework of this.#frameworks) framework.process.start()
    this.#marathon?.start()
    this.#settle()
    for (const framework of this.#frameworks) framework.quiet()
    this.#operator.quiet()
    this.#client.quiet()
    let open: readonly string[] = []
    for (let at = from; at < from + REST_LIMIT_MS; at += REST_CHECK_MS) {
      this.#runUntil(at + REST_CHECK_MS)
      if (world.monitor.violation !== undefined) return at - from
      this.#users?.quiet()
      open = this.#open()
      if (open.length === 0) return at - from
    }
    world.monitor.broken("all comes to rest once faults stop", open.join("; "))
    return REST_LIMIT_MS
  }

  /** What keeps the cluster from being at rest. */
  #open(): readonly string[] {
    return openMatters({
      master: this.#master.at,
      nodes: this.#nodes,
      frameworks: this.#frameworks,
      users: this.#users,
      operator: this.#operator,
      watcher: this.#watcher,
      client: this.#client,
    })
  }

  /** Asks the containers of the nodes: whatever holds the port answers. */
  #prober(life: Life): Prober {
    const { chance, swarm } = this.#world
    return {
      probe: (target) => {
        const ms = between(chance, swarm.latencyMinMs, swarm.latencyMaxMs)
        return life.later(ms, (): ProbeOutcome => {
          const node = this.#nodes.find(
            ({ name, ip }) => name === target.host || ip === target.host,
          )
          if (node?.containers.answers(target.port) !== true)
            return { kind: "failed", message: "Connection refused", timedOut: false }
          return target.kind === "tcp" ? { kind: "tcp" } : { kind: "http", statusCode: 200 }
        })
      },
    }
  }

  #runUntil(until: number): void {
    const { schedule, monitor } = this.#world
    while (monitor.violation === undefined && schedule.step(until)) {
      this.#events++
      this.#settle()
    }
  }

  #settle(): void {
    this.#options.settle()
    if (!this.#master.takeStepped()) return
    const master = this.#master.at()
    if (master === undefined) return
    this.#world.monitor.checkMaster(master.driver)
    this.#operator.check(master.driver)
  }

  #report(restMs: number): Report {
    const { schedule, trace, monitor, marks, swarm } = this.#world
    return {
      seed: this.#options.seed,
      violation: monitor.violation,
      events: this.#events,
      virtualMs: schedule.now,
      restMs,
      tasks: monitor.tasks.size,
      marks: marks.counts(),
      swarm,
      hash: trace.hash(),
      tail: trace.tail(),
    }
  }
}
