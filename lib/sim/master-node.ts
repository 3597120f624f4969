import { MasterDriver, type LinkId } from "#lib/master/index.ts"
import type { Random } from "#lib/std/random.ts"
import { Disk, DiskStore } from "./disk.ts"
import type { Life } from "./life.ts"
import type { LinkNetwork, MasterEndpoint } from "./link.ts"
import { Process } from "./process.ts"
import type { MasterAt } from "./stream.ts"
import { traceLog, type World } from "./world.ts"

/** How often a quick master pings, in milliseconds. */
const QUICK_PING_MS = 1_000

/** The machine of the master: a disk and a process; what else runs in that process is `guests`. */
export class MasterNode {
  readonly disk = new Disk()
  readonly process: Process
  readonly #world: World
  readonly #random: Random
  #network: LinkNetwork | undefined
  #driver: MasterDriver | undefined
  #lives = 0
  #stepped = false
  /** Who hears when the process is about to end at a quiet moment. */
  readonly onEnding: (() => void)[] = []
  /** Who hears when the process ends. */
  readonly onEnd: (() => void)[] = []
  /** What starts in the same process once the master runs. */
  readonly guests: ((driver: MasterDriver, life: Life) => void)[] = []

  constructor(world: World) {
    this.#world = world
    this.#random = world.chance.fork()
    const program = {
      boot: (life: Life) => this.#boot(life),
      ending: () => {
        for (const hear of this.onEnding) hear()
      },
      ended: () => this.#ended(),
    }
    this.process = new Process(world, "master", { program, crashMark: "crash.master" })
  }

  /** The master's end of every link. */
  endpoint(): MasterEndpoint {
    return {
      life: () => (this.#driver === undefined ? undefined : this.process.life),
      opened: (link, address) => this.#driver?.linkOpened(link, address),
      received: (link, messages) => this.#driver?.linkMessages(link, messages) ?? false,
      closed: (link) => this.#driver?.linkClosed(link),
    }
  }

  /** Names the network, which names this end of it. */
  attach(network: LinkNetwork): void {
    this.#network = network
  }

  /** The master of the present life, while there is one. */
  readonly at: MasterAt = () => {
    const { life } = this.process
    return this.#driver === undefined || life === undefined
      ? undefined
      : { driver: this.#driver, life }
  }

  /** Whether the master's machine may have changed since this was last asked. */
  takeStepped(): boolean {
    const stepped = this.#stepped
    this.#stepped = false
    return stepped
  }

  #boot(life: Life): void {
    const world = this.#world
    const crashes = this.process.crashPoint.bind(this.process)
    const store = new DiskStore(world, { disk: this.disk, life, crashes })
    const id = `M${++this.#lives}`
    const { quickPings } = world.swarm
    void MasterDriver.start({
      master: {
        info: { id, ip: 16777343, port: 5050, hostname: "master", version: "1.12.0" },
        seed: this.#random.uint32(),
        ...(quickPings ? { timings: { agentPingMs: QUICK_PING_MS } } : {}),
      },
      store: world.seams.store?.(store, "master") ?? store,
      clock: {
        now: () => life.now(),
        wakeAt: (at, wake) => life.wakeAt(at, wake),
        soon: (run) =>
          life.soon(() => {
            this.#stepped = true
            run()
          }),
      },
      log: traceLog(world, "master"),
      links: {
        send: (link: LinkId, messages) => {
          if (life.over || this.process.crashPoint("crash.midEffects")) return
          // What is said into a link that closed in the same batch reaches nobody.
          if (this.#network?.isOpen(link) !== true) return
          world.monitor.masterSent(this.disk, messages)
          this.#network.send(link, messages)
        },
        close: (link: LinkId) => {
          if (!life.over) this.#network?.close(link)
        },
      },
      newId: () => this.#random.uuid(),
      onFatal: (cause) => {
        if (life.over) return
        world.monitor.processFailed("master", cause)
        this.process.crash(String(cause))
      },
    }).then((started) => {
      if (!started.ok) return world.monitor.processFailed("master", started.error.message)
      if (life.over) return undefined
      this.#driver = started.value
      for (const guest of this.guests) guest(started.value, life)
      return undefined
    })
  }

  #ended(): void {
    this.#driver = undefined
    this.#network?.masterDied()
    for (const hear of this.onEnd) hear()
  }
}
