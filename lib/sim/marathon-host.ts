import {
  DEFAULT_OPTIONS,
  MarathonDriver,
  type SchedulerConnection,
  type SchedulerHandler,
} from "#lib/marathon/index.ts"
import type { MasterDriver } from "#lib/master/index.ts"
import type { FrameworkId } from "#lib/mesos/index.ts"
import type { Prober } from "#lib/ports/index.ts"
import type { Random } from "#lib/std/random.ts"
import { Disk, DiskStore } from "./disk.ts"
import type { Life } from "./life.ts"
import type { MasterNode } from "./master-node.ts"
import { Process } from "./process.ts"
import { marathonPicture, recoveredMarathonPicture } from "./recovery.ts"
import { RemoteScheduler } from "./stream.ts"
import { traceLog, type World } from "./world.ts"

type Call = Parameters<SchedulerConnection["call"]>[0]

/**
 * Where Marathon runs: in the master's process with the transport of production, or in one of its own
 * over a network, which it must bear as well.
 */
export class MarathonHost {
  readonly #world: World
  readonly #master: MasterNode
  readonly #prober: (life: Life) => Prober
  readonly #random: Random
  readonly #disk: Disk
  /** Its own process; undefined while it is a guest of the master's. */
  readonly #own: Process | undefined
  #driver: MarathonDriver | undefined
  #life: Life | undefined
  #remote: RemoteScheduler | undefined
  #store: DiskStore | undefined

  constructor(
    world: World,
    parts: { readonly master: MasterNode; readonly prober: (life: Life) => Prober },
  ) {
    this.#world = world
    this.#master = parts.master
    this.#prober = parts.prober
    this.#random = world.chance.fork()
    const ended = (): void => this.#ended()
    const ending = (): void => this.#compare()
    world.marks.hit(world.swarm.marathonApart ? "marathon.apart" : "marathon.inMaster")
    if (world.swarm.marathonApart) {
      this.#disk = new Disk()
      const program = { boot: (life: Life) => this.#boot(life, undefined), ending, ended }
      this.#own = new Process(world, "marathon", { program, crashMark: "crash.framework" })
      parts.master.onEnd.push(() => this.#remote?.masterDied())
    } else {
      this.#disk = parts.master.disk
      parts.master.guests.push((driver, life) => this.#boot(life, driver))
      parts.master.onEnding.push(ending)
      parts.master.onEnd.push(ended)
    }
  }

  /** Marathon's present life, while there is one. */
  at(): { readonly driver: MarathonDriver; readonly life: Life } | undefined {
    const [driver, life] = [this.#driver, this.#life]
    return driver === undefined || life === undefined ? undefined : { driver, life }
  }

  /** Starts Marathon where it has a process of its own; otherwise it starts with the master. */
  start(): void {
    this.#own?.start()
  }

  #boot(life: Life, master: MasterDriver | undefined): void {
    const world = this.#world
    const process = this.#own ?? this.#master.process
    const crashes = process.crashPoint.bind(process)
    const store = new DiskStore(world, { disk: this.#disk, life, crashes })
    this.#store = store
    void MarathonDriver.start({
      marathon: { ...DEFAULT_OPTIONS, seed: this.#random.uint32() },
      store: world.seams.store?.(store, "marathon") ?? store,
      clock: life,
      log: traceLog(world, "marathon"),
      prober: this.#prober(life),
      connect: (handler) => this.#connect(life, master, handler),
      onFatal: (cause) => {
        if (life.over) return
        world.monitor.processFailed("marathon", cause)
        process.crash(String(cause))
      },
    }).then((driver) => {
      if (life.over) return
      this.#driver = driver
      this.#life = life
    })
  }

  /** What Marathon knows must be what its disk makes of it. */
  #compare(): void {
    const at = this.at()
    if (at === undefined || this.#store?.busy !== false) return
    const { marks, monitor } = this.#world
    marks.hit("recovery.marathon")
    const { view, settings } = at.driver
    if (marathonPicture(view) !== recoveredMarathonPicture(this.#disk, settings, at.life.now()))
      monitor.broken("the disk knows what the process knows", "marathon")
  }

  #ended(): void {
    this.#driver = undefined
    this.#life = undefined
    this.#remote?.close()
    this.#remote = undefined
  }

  #connect(
    life: Life,
    master: MasterDriver | undefined,
    handler: SchedulerHandler,
  ): SchedulerConnection {
    const { monitor } = this.#world
    let frameworkId: FrameworkId | undefined
    const watched: SchedulerHandler = {
      event: (event) => {
        if (event.kind === "subscribed") frameworkId = event.frameworkId
        if (event.kind === "update" && frameworkId !== undefined)
          monitor.heard(frameworkId, event.status)
        handler.event(event)
      },
      disconnected: () => handler.disconnected(),
    }
    const connection = master?.connectScheduler(watched) ?? this.#connectRemote(life, watched)
    return {
      subscribe: (call) => connection.subscribe(call),
      close: () => connection.close(),
      call: (call) => {
        this.#watch(call)
        return connection.call(call)
      },
    }
  }

  #connectRemote(life: Life, handler: SchedulerHandler): RemoteScheduler {
    this.#remote = new RemoteScheduler(this.#world, { life, master: this.#master.at, handler })
    return this.#remote
  }

  /** A kill is noted, and a launch must be on disk before it leaves. */
  #watch(call: Call): void {
    const { monitor } = this.#world
    if (call.frameworkId === undefined) return
    if (call.kind === "kill") monitor.killAsked(call.frameworkId, call.taskId)
    if (call.kind !== "accept") return
    for (const operation of call.operations ?? []) {
      if (operation.kind !== "launch") continue
      for (const { taskId } of operation.taskInfos ?? []) {
        const stored = [...this.#disk.texts("/marathon/instances/")]
        if (!stored.some((text) => text.includes(taskId)))
          monitor.broken("durable before it leaves", `marathon launches ${taskId} unrecorded`)
      }
    }
  }
}
