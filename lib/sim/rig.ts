import type { MasterReply, OperatorCall } from "#lib/master/index.ts"
import type { Resources } from "#lib/mesos/index.ts"
import { must } from "#lib/std/assert.ts"
import { Random } from "#lib/std/random.ts"
import { LinkNetwork } from "./link.ts"
import { Marks } from "./marks.ts"
import { MasterNode } from "./master-node.ts"
import { Monitor, type Violation } from "./monitor.ts"
import { Node } from "./node.ts"
import { Schedule } from "./schedule.ts"
import { ScriptClient } from "./script-client.ts"
import { CALM } from "./swarm.ts"
import { Trace } from "./trace.ts"
import { note, type CrashPlan, type Seams, type World } from "./world.ts"

/** How long a script may take, in virtual time. */
const SCRIPT_LIMIT_MS = 20 * 60_000

/** Between two looks whether something that a script waits for has come about. */
const LOOK_MS = 20

/** A dead process starts again within this time. */
const DOWN_MAX_MS = 100

/** What a rig is made of. */
export type RigOptions = {
  readonly nodes: number
  readonly crashPlan?: CrashPlan | undefined
  readonly seams?: Seams | undefined
  /** See `SimulationOptions`. */
  readonly settle: () => void
}

/** A cluster without faults but those that are planned, in the hands of a script: one step at a time. */
export class Rig {
  readonly master: MasterNode
  readonly nodes: readonly Node[]
  readonly client: ScriptClient
  readonly #world: World
  readonly #settle: () => void
  /** Who waits for a reply that a dead master will not give. */
  readonly #bereaved = new Set<() => void>()

  constructor({ nodes, crashPlan, seams, settle }: RigOptions) {
    const marks = new Marks()
    const world: World = {
      schedule: new Schedule(),
      trace: new Trace(200),
      marks,
      monitor: new Monitor(marks),
      swarm: { ...CALM, downMaxMs: DOWN_MAX_MS },
      seams: seams ?? {},
      crashPlan,
      chance: new Random(1),
      faulty: true,
    }
    this.#world = world
    this.#settle = settle
    this.master = new MasterNode(world)
    const network = new LinkNetwork(world, this.master.endpoint())
    this.master.attach(network)
    this.nodes = Array.from({ length: nodes }, (_, index) => new Node(world, network, index))
    for (const node of this.nodes) world.monitor.addNode(node.name, node.resources)
    this.client = new ScriptClient(this, world, this.master.at)
    this.master.onEnd.push(() => {
      this.client.masterDied()
      for (const act of this.#bereaved) act()
      this.#bereaved.clear()
    })
  }

  /** Rules that were broken. */
  get violation(): Violation | undefined {
    return this.#world.monitor.violation
  }

  /** The newest lines of what happened. */
  get tail(): readonly string[] {
    return this.#world.trace.tail()
  }

  /** The node with this index. */
  node(index: number): Node {
    return must(this.nodes[index], "the rig has the node")
  }

  /** Starts the master and runs the script to its end, or until a rule is broken. */
  run(script: (rig: Rig) => Promise<void>): void {
    const { schedule, monitor } = this.#world
    this.master.process.start()
    const course = { over: false }
    void script(this).then(
      () => (course.over = true),
      (cause: unknown) => monitor.broken("the script runs", String(cause)),
    )
    this.#settle()
    while (!course.over && monitor.violation === undefined) {
      if (!schedule.step(SCRIPT_LIMIT_MS)) monitor.broken("the script ends", "its time is over")
      this.#settle()
      const at = this.master.takeStepped() ? this.master.at() : undefined
      if (at !== undefined) monitor.checkMaster(at.driver)
    }
  }

  /** Notes that something is not as it must be; the script goes no further. */
  broken(invariant: string, detail: string): void {
    this.#world.monitor.broken(invariant, detail)
  }

  /** What an operator is answered; undefined when the master dies before. Waits for a master first. */
  async operate(call: OperatorCall): Promise<MasterReply | undefined> {
    await this.until("the master runs", () => this.master.at() !== undefined)
    const { driver } = must(this.master.at(), "the master runs")
    note(this.#world, "script", `asks for ${call.kind}`)
    if (call.kind === "destroyVolumes") this.undoing(call.volumes)
    if (call.kind === "unreserveResources") this.undoing(call.resources)
    const reply = await this.orDeath(driver.operate(call))
    note(this.#world, "script", `${call.kind}: ${reply?.status} ${reply?.message ?? ""}`)
    return reply
  }

  /** What a promise of the master's gives, or undefined once the master dies. */
  orDeath<T>(promise: Promise<T>): Promise<T | undefined> {
    return new Promise((resolve) => {
      const bereft = (): void => resolve(undefined)
      this.#bereaved.add(bereft)
      void promise.then((value) => {
        this.#bereaved.delete(bereft)
        resolve(value)
      })
    })
  }

  /** Resolves once the condition holds; a script that waits for ever is broken off in the end. */
  until(what: string, condition: () => boolean): Promise<void> {
    const { schedule } = this.#world
    return new Promise((resolve) => {
      const look = (): void => {
        if (condition()) resolve()
        else schedule.after(LOOK_MS, look)
      }
      note(this.#world, "script", `waits until ${what}`)
      look()
    })
  }

  /** All processes die at once, and start again. */
  restart(): void {
    for (const { process } of [this.master, ...this.nodes.filter(({ started }) => started)])
      process.crash("all start anew", DOWN_MAX_MS)
  }

  /** Lets some virtual time pass. */
  pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#world.schedule.after(ms, resolve))
  }

  /** Somebody asks for the end of these reservations or volumes: they may be gone from now on. */
  undoing(resources: Resources = []): void {
    for (const resource of resources) this.#world.monitor.undoing(resource)
  }

  /** From now on nobody minds that the node is emptied or turned away. */
  emptying(node: Node): void {
    this.#world.monitor.emptying(node.name)
  }
}
