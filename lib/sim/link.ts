import type { LinkId } from "#lib/master/index.ts"
import type { AgentToMaster, MasterToAgent } from "#lib/mesos/index.ts"
import type { MasterLink } from "#lib/agent/index.ts"
import { describeFrame } from "./describe.ts"
import type { Life } from "./life.ts"
import type { Process } from "./process.ts"
import { between, note, randomMs, strikes, type World } from "./world.ts"

/** Which way a frame goes. */
export type Direction = "toMaster" | "toAgent"

/** The master as the network sees it. */
export type MasterEndpoint = {
  /** Undefined while the master is down. */
  readonly life: () => Life | undefined
  readonly opened: (link: LinkId, address: string) => void
  readonly received: (link: LinkId, messages: readonly AgentToMaster[]) => boolean
  readonly closed: (link: LinkId) => void
}

/** One life of an agent as the network sees it. */
export type AgentEndpoint = {
  readonly opened: () => void
  readonly received: (messages: readonly MasterToAgent[]) => boolean
  readonly closed: () => void
  /** A frame is about to leave. */
  readonly sending: (messages: readonly AgentToMaster[]) => void
}

/** How a node is cut off: until when nothing passes in a direction. */
type Cut = Record<Direction, number>

/** How long an end that was told nothing takes to notice that its connection is dead, at most. */
const KEEPALIVE_MAX_MS = 150_000

/**
 * Messages that nothing overtakes: what an agent is, and what it is to run, is told in order, and the
 * protocol counts on it. All others may come in any order.
 */
const ORDERED: ReadonlySet<string> = new Set<(AgentToMaster | MasterToAgent)["kind"]>([
  "register",
  "registered",
  "runTask",
  "runTaskGroup",
  "applyOperation",
])

/** A second copy, or one that was overtaken, comes at most so much later. */
const OVERTAKEN_MAX_MS = 5_000

/**
 * The connections between agents and the master: WebSockets on a network that may break. What was
 * sent arrives in order and once, or the connection is dead from some frame on, which its ends notice
 * sooner or later, together or alone. Single frames never vanish from a connection that lives on: TCP
 * does not do that. Duplication and reordering within a connection do not happen to a WebSocket
 * either, but the machines promise that they are harmless, so a run may have them (but see `ORDERED`).
 */
export class LinkNetwork {
  readonly world: World
  readonly #master: MasterEndpoint
  readonly #connections = new Map<LinkId, Connection>()
  readonly #cuts = new Map<string, Cut>()
  #serial = 0

  constructor(world: World, master: MasterEndpoint) {
    this.world = world
    this.#master = master
  }

  /** Until when nothing passes between a node and the master in this direction. */
  cutUntil(node: string, direction: Direction): number {
    return this.#cuts.get(node)?.[direction] ?? 0
  }

  /** Cuts a node off for some time, in one direction or both; each connection may die of it. */
  partition(node: string, directions: readonly Direction[], ms: number): void {
    const { world } = this
    const until = world.schedule.now + ms
    const cut = this.#cuts.get(node) ?? { toMaster: 0, toAgent: 0 }
    for (const direction of directions) cut[direction] = until
    this.#cuts.set(node, cut)
    world.marks.hit(directions.length === 2 ? "partition.both" : "partition.oneWay")
    note(world, node, `is cut off ${directions.join(" and ")} for ${ms} ms`)
    for (const connection of this.#connections.values())
      if (connection.node === node && world.chance.chance(0.5)) connection.dies(directions)
  }

  /** Ends every partition. */
  heal(): void {
    this.#cuts.clear()
  }

  /** Whether the master's end of a link is open: what it sends otherwise vanishes. */
  isOpen(link: LinkId): boolean {
    return this.#connections.get(link)?.masterOpen === true
  }

  /** Sends something of the master's into a link; what is sent to a closed one vanishes. */
  send(link: LinkId, messages: readonly MasterToAgent[]): void {
    this.#connections.get(link)?.send("toAgent", messages)
  }

  /** The master closes a link. */
  close(link: LinkId): void {
    this.#connections.get(link)?.closedBy("master")
  }

  /** The master's process is gone, and all its sockets with it. */
  masterDied(): void {
    for (const connection of this.#connections.values()) connection.closedBy("master")
  }

  /** Tries to connect; undefined when nobody answers. */
  connect(node: AgentSide): Connection | undefined {
    const { schedule } = this.world
    const cut = Math.max(this.cutUntil(node.name, "toMaster"), this.cutUntil(node.name, "toAgent"))
    const life = this.#master.life()
    if (life === undefined || cut > schedule.now) return undefined
    const id = `${life.name}-link-${++this.#serial}` as LinkId
    const connection = new Connection(this, {
      id,
      agent: node,
      master: this.#master,
      masterLife: life,
      forget: () => this.#connections.delete(id),
    })
    this.#connections.set(id, connection)
    this.#master.opened(id, node.address)
    return connection
  }
}

/** The agent's side of its connections, as long as one life of the agent lasts. */
export class AgentSide implements MasterLink {
  readonly name: string
  readonly address: string
  readonly life: Life
  readonly endpoint: AgentEndpoint
  readonly #network: LinkNetwork
  readonly #process: Process
  #connection: Connection | undefined

  constructor(
    network: LinkNetwork,
    parts: { process: Process; address: string; life: Life; endpoint: AgentEndpoint },
  ) {
    this.#network = network
    this.#process = parts.process
    this.name = parts.process.name
    this.address = parts.address
    this.life = parts.life
    this.endpoint = parts.endpoint
  }

  /** Connects, and tries again until somebody answers. */
  open(): void {
    const { chance, swarm, marks } = this.#network.world
    this.life.after(between(chance, swarm.latencyMinMs, swarm.latencyMaxMs), () => {
      if (this.#connection !== undefined) return
      this.#connection = this.#network.connect(this)
      if (this.#connection === undefined) {
        marks.hit("link.refused")
        return this.#openLater()
      }
      this.endpoint.opened()
    })
  }

  send(messages: readonly AgentToMaster[]): void {
    if (this.life.over || this.#process.crashPoint("crash.midEffects")) return
    this.endpoint.sending(messages)
    this.#connection?.send("toMaster", messages)
  }

  reconnect(reason: string): void {
    if (this.life.over) return
    note(this.#network.world, this.name, `relinks: ${reason}`)
    this.#connection?.closedBy("agent")
    this.lost()
  }

  /** The connection is gone: says so, and opens another. */
  lost(): void {
    this.#connection = undefined
    this.life.soon(() => this.endpoint.closed())
    this.#openLater()
  }

  /** The process is gone. */
  died(): void {
    this.#connection?.closedBy("agent")
    this.#connection = undefined
  }

  /** Hands a frame to the agent; one too many closes the link. */
  receive(frame: string): void {
    const messages = JSON.parse(frame) as readonly MasterToAgent[]
    note(this.#network.world, this.name, `<- ${describeFrame(messages)}`)
    if (!this.endpoint.received(messages)) this.reconnect("overloaded")
  }

  #openLater(): void {
    this.life.after(between(this.#network.world.chance, 50, 5_000), () => this.open())
  }
}

type ConnectionParts = {
  readonly id: LinkId
  readonly agent: AgentSide
  readonly master: MasterEndpoint
  readonly masterLife: Life
  readonly forget: () => void
}

/** One connection, from both of its ends. */
export class Connection {
  readonly #network: LinkNetwork
  readonly #parts: ConnectionParts
  #agentOpen = true
  #masterOpen = true
  readonly #dead = new Set<Direction>()
  readonly #lastArrival: Record<Direction, number> = { toMaster: 0, toAgent: 0 }

  constructor(network: LinkNetwork, parts: ConnectionParts) {
    this.#network = network
    this.#parts = parts
    const { world } = network
    const { linkBreakMs } = world.swarm
    if (linkBreakMs > 0)
      world.schedule.after(randomMs(world.chance, linkBreakMs), () => {
        if (world.faulty) this.breaks()
      })
  }

  get node(): string {
    return this.#parts.agent.name
  }

  get masterOpen(): boolean {
    return this.#masterOpen
  }

  /** Sends a frame; what is sent to a closed or dead connection vanishes. */
  send(direction: Direction, messages: readonly (AgentToMaster | MasterToAgent)[]): void {
    const open = direction === "toMaster" ? this.#agentOpen : this.#masterOpen
    if (!open || this.#dead.has(direction)) return
    const { world } = this.#network
    const frame = JSON.stringify(messages)
    const deliver = (): void => this.#deliver(direction, frame)
    const ordered = messages.some(({ kind }) => ORDERED.has(kind))
    if (!ordered && strikes(world, world.swarm.reorder, "link.reordered"))
      this.#later(direction, deliver)
    else this.#inOrder(direction, deliver)
    if (strikes(world, world.swarm.duplicate, "link.duplicated")) this.#later(direction, deliver)
  }

  /** Nothing passes any more in these directions; the ends notice it alone, in their time. */
  dies(directions: readonly Direction[]): void {
    for (const direction of directions) this.#dead.add(direction)
    this.#noticedLate("agent")
    this.#noticedLate("master")
  }

  /** The connection breaks; usually both ends are told. */
  breaks(): void {
    if (!this.#agentOpen && !this.#masterOpen) return
    const { world } = this.#network
    world.marks.hit("link.broken")
    note(world, this.node, `its link breaks`)
    this.#dead.add("toMaster").add("toAgent")
    const halfOpen = strikes(world, world.swarm.halfOpen, "link.halfOpen")
    const first = world.chance.chance(0.5) ? "agent" : "master"
    const second = first === "agent" ? "master" : "agent"
    this.#noticed(first)
    if (halfOpen) this.#noticedLate(second)
    else this.#noticed(second)
  }

  /** One end closes; the other is told unless the network is in the way. */
  closedBy(end: "agent" | "master"): void {
    if (end === "agent") this.#agentOpen = false
    else this.#masterOpen = false
    const other = end === "agent" ? "master" : "agent"
    const direction = end === "agent" ? "toMaster" : "toAgent"
    const { world } = this.#network
    const silent =
      this.#dead.has(direction) || strikes(world, world.swarm.halfOpen, "link.halfOpen")
    if (silent) this.#noticedLate(other)
    else this.#inOrder(direction, () => this.#noticed(other))
    if (!this.#agentOpen && !this.#masterOpen) this.#parts.forget()
  }

  #inOrder(direction: Direction, arrive: () => void): void {
    const { schedule, chance, swarm } = this.#network.world
    const cut = this.#network.cutUntil(this.node, direction)
    let at = Math.max(schedule.now, cut) + between(chance, swarm.latencyMinMs, swarm.latencyMaxMs)
    if (strikes(this.#network.world, swarm.delay, "link.delayed"))
      at += between(chance, 0, swarm.delayMaxMs)
    at = Math.max(at, this.#lastArrival[direction])
    this.#lastArrival[direction] = at
    schedule.at(at, arrive)
  }

  #later(direction: Direction, arrive: () => void): void {
    const { schedule, chance } = this.#network.world
    const cut = this.#network.cutUntil(this.node, direction)
    schedule.at(Math.max(schedule.now, cut) + between(chance, 0, OVERTAKEN_MAX_MS), arrive)
  }

  #deliver(direction: Direction, frame: string): void {
    if (this.#dead.has(direction)) return
    const { agent, master, masterLife, id } = this.#parts
    if (direction === "toAgent") {
      if (this.#agentOpen && !agent.life.over) agent.receive(frame)
      return
    }
    if (!this.#masterOpen || masterLife.over) return
    const messages = JSON.parse(frame) as readonly AgentToMaster[]
    note(this.#network.world, "master", `<- ${this.node}: ${describeFrame(messages)}`)
    if (!master.received(id, messages)) this.#noticed("master")
  }

  #noticedLate(end: "agent" | "master"): void {
    const { schedule, chance } = this.#network.world
    schedule.after(between(chance, 1_000, KEEPALIVE_MAX_MS), () => this.#noticed(end))
  }

  #noticed(end: "agent" | "master"): void {
    const { agent, master, masterLife, id, forget } = this.#parts
    if (end === "agent" && this.#agentOpen) {
      this.#agentOpen = false
      if (!agent.life.over) agent.lost()
    }
    if (end === "master" && this.#masterOpen) {
      this.#masterOpen = false
      if (!masterLife.over) master.closed(id)
    }
    if (!this.#agentOpen && !this.#masterOpen) forget()
  }
}
