import { AgentDriver, type MasterLink } from "#lib/agent/index.ts"
import { parseResources, type Resources } from "#lib/mesos/index.ts"
import type { Fetcher, Sandboxes, TaskProber, Volumes } from "#lib/ports/index.ts"
import { must } from "#lib/std/assert.ts"
import type { Random } from "#lib/std/random.ts"
import { err, ok } from "#lib/std/result.ts"
import { NodeContainers } from "./containers.ts"
import { Disk, DiskStore } from "./disk.ts"
import type { Life } from "./life.ts"
import { AgentSide, type LinkNetwork } from "./link.ts"
import { Process } from "./process.ts"
import { agentPicture, recoveredAgentPicture } from "./recovery.ts"
import { note, randomMs, strikes, traceLog, type World } from "./world.ts"

/** What a node has, as `--resources` says it. */
const RESOURCES = "cpus:4;mem:4096;disk:10000;ports:[31000-31099]"

/** What an agent ends with that was declared gone. */
const GONE = "Agent has been marked gone"

/** So long a supervisor waits before it starts an agent again that was told to end. */
const TURNED_AWAY_MS = 2_000

/** Longest time to fetch the files of a task, and of one whose server is slow. */
const FETCH_MAX_MS = 2_000
const SLOW_FETCH_MAX_MS = 3 * 60_000

/** A machine of the cluster: a disk, containers, and an agent process that comes and goes. */
export class Node {
  readonly name: string
  readonly ip: string
  readonly disk = new Disk()
  readonly containers: NodeContainers
  readonly process: Process
  readonly resources: Resources
  readonly #world: World
  readonly #network: LinkNetwork
  readonly #random: Random
  #driver: AgentDriver | undefined
  #side: AgentSide | undefined
  #store: DiskStore | undefined
  #started = false

  constructor(world: World, network: LinkNetwork, index: number) {
    this.#world = world
    this.#network = network
    this.name = `node-${index}`
    this.ip = `10.0.0.${index + 1}`
    this.#random = world.chance.fork()
    this.containers = new NodeContainers(world, {
      node: this.name,
      disk: this.disk,
      random: world.chance.fork(),
      streams: () => this.#driver?.executors,
    })
    const resources = parseResources(RESOURCES, "*")
    this.resources = resources.ok ? resources.value : []
    const program = {
      boot: (life: Life) => this.#boot(life),
      ending: () => this.#compare(),
      ended: () => this.#ended(),
    }
    this.process = new Process(world, this.name, { program, crashMark: "crash.agent" })
  }

  /** The agent of the present life, while there is one. */
  get driver(): AgentDriver | undefined {
    return this.#driver
  }

  /** Whether the machine was ever started. */
  get started(): boolean {
    return this.#started
  }

  /** Starts the agent, and the faults that hit the machine. */
  start(): void {
    this.#started = true
    this.process.start()
    this.#planReboot()
  }

  #planReboot(): void {
    const { schedule, swarm, chance } = this.#world
    if (swarm.nodeRebootMs === 0) return
    schedule.after(randomMs(chance, swarm.nodeRebootMs), () => {
      if (!this.#world.faulty) return
      this.#world.marks.hit("reboot.node")
      note(this.#world, this.name, "reboots")
      this.process.crash("the node reboots")
      this.containers.reboot()
      this.#planReboot()
    })
  }

  #boot(life: Life): void {
    const world = this.#world
    const endpoint = {
      opened: () => this.#driver?.linkOpened(),
      received: (messages: Parameters<AgentDriver["linkMessages"]>[0]) =>
        this.#driver?.linkMessages(messages) ?? false,
      closed: () => this.#driver?.linkClosed(),
      sending: (messages: Parameters<MasterLink["send"]>[0]) =>
        world.monitor.agentSent(this.name, this.disk, messages),
    }
    const side = new AgentSide(this.#network, {
      process: this.process,
      address: this.ip,
      life,
      endpoint,
    })
    this.#side = side
    const { masterLink, store: wrapStore } = world.seams
    const link = masterLink?.(side, (frame) => side.receive(frame)) ?? side
    const crashes = this.process.crashPoint.bind(this.process)
    const store = new DiskStore(world, { disk: this.disk, life, crashes })
    this.#store = store
    const random = this.#random
    void AgentDriver.start({
      agent: {
        info: { hostname: this.name, port: 5051, resources: this.resources },
        ip: this.ip,
        workDir: "/work",
        executable: "/bin/dcos",
        seed: [random.uint32(), random.uint32(), random.uint32(), random.uint32()],
        switchUser: false,
      },
      store: wrapStore?.(store, this.name) ?? store,
      clock: life,
      log: traceLog(world, this.name),
      runtimes: [this.containers.runtime(life, this.process)],
      fetcher: simFetcher(world, random, life),
      prober: this.#prober(life),
      sandboxes: simSandboxes(life),
      volumes: simVolumes,
      diskMeter: { usedBytes: async () => 0 },
      link,
      onExit: (message) => {
        world.monitor.agentExits(this.name, message)
        this.process.crash(message, TURNED_AWAY_MS)
        if (message === GONE) this.#replace()
      },
      onFatal: (cause) => {
        if (life.over) return
        world.monitor.processFailed(this.name, cause)
        this.process.crash(String(cause))
      },
    }).then((started) => {
      if (!started.ok) return world.monitor.processFailed(this.name, started.error)
      if (life.over) return undefined
      this.#driver = started.value
      world.monitor.checkMade(this.name, started.value.agent.resources.total)
      return side.open()
    })
  }

  /** An operator puts another machine in the place of one that was declared gone. */
  #replace(): void {
    const { marks, monitor } = this.#world
    marks.hit("node.replaced")
    note(this.#world, this.name, "is replaced")
    this.containers.reboot()
    this.disk.wipe()
    monitor.replaced(this.name)
  }

  /** What the agent knows must be what its disk makes of it. */
  #compare(): void {
    const agent = this.#driver?.agent
    if (agent === undefined || this.#store?.busy !== false) return
    this.#world.marks.hit("recovery.agent")
    if (agentPicture(agent) !== recoveredAgentPicture(agent, this.disk))
      this.#world.monitor.broken("the disk knows what the process knows", this.name)
  }

  #ended(): void {
    this.#driver = undefined
    this.containers.agentDied()
    this.#side?.died()
    this.#side = undefined
  }

  #prober(life: Life): TaskProber {
    const healthy = (containerId: Parameters<NodeContainers["get"]>[0]): boolean =>
      this.containers.get(containerId)?.running === true
    return {
      health: (spec) =>
        life.later(this.#random.below(100), () =>
          healthy(spec.containerId)
            ? { healthy: true, message: "" }
            : { healthy: false, message: "nothing runs there" },
        ),
      check: () => life.later(this.#random.below(100), () => ({})),
    }
  }
}

const simFetcher = (world: World, random: Random, life: Life): Fetcher => ({
  fetch: ({ uris }) => {
    const slow = strikes(world, world.swarm.slowFetch, "fetch.slow")
    return life.later(random.below(slow ? SLOW_FETCH_MAX_MS : FETCH_MAX_MS), () =>
      !strikes(world, world.swarm.launchFailure, "fetch.failed")
        ? ok(undefined)
        : err({ uri: must(uris[0], "there is one").value, message: "The server does not answer" }),
    )
  },
})

/** Volumes that are always there. */
const simVolumes: Volumes = {
  prepare: async () => ok({ mounts: [], environment: {} }),
  extend: async () => ok({ mounts: [] }),
  environment: async () => ({}),
  release: async () => {},
  recover: async () => {},
}

/** Sandboxes on a disk that never fills; whatever a dead process asks of them never happens. */
function simSandboxes(life: Life): Sandboxes {
  const done = async (): Promise<void> => (life.over ? life.never() : undefined)
  const gone = async () =>
    err({ code: "notFound", message: "a simulated disk has no files" } as const)
  const create: Sandboxes["create"] = async () => (life.over ? life.never() : ok(undefined))
  return {
    create,
    createShared: create,
    remove: done,
    removeRun: done,
    link: done,
    modifiedAt: async () => undefined,
    runs: async () => [],
    stat: gone,
    list: gone,
    read: gone,
    download: gone,
    diskUsage: async () => ({ totalBytes: 1_000_000, usedBytes: 100_000 }),
  }
}
