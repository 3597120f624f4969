import {
  containsResources,
  scalarResource,
  unallocate,
  type AgentId,
  type Offer,
  type OfferOperation,
  type OperationId,
  type OperationState,
  type OperationStatus,
  type Resource,
} from "#lib/mesos/index.ts"
import type { Random } from "#lib/std/random.ts"
import type { World } from "./world.ts"

/** Thousandths of a MiB of one reservation. */
const DISK_MILLI = 64_000

/** Reservations that a framework makes in all. */
const RESERVATIONS_MAX = 12

/** What a framework does with an offer before it launches tasks there. */
export type Deal = {
  readonly operations: readonly OfferOperation[]
  /** A volume for a task to use. */
  readonly volume?: Resource | undefined
}

/** States after which a framework expects no more of an operation. */
const OVER: ReadonlySet<OperationState> = new Set<OperationState>([
  "OPERATION_FINISHED",
  "OPERATION_FAILED",
  "OPERATION_ERROR",
  "OPERATION_DROPPED",
  "OPERATION_GONE_BY_OPERATOR",
  "OPERATION_UNKNOWN",
])

/** An operation with an id, as its framework knows it. */
type Asked = { readonly agentId: AgentId; state: OperationState | undefined }

/**
 * The reservations and volumes of one framework: it makes, uses and destroys them at random, each a step
 * at a time or several in one go. What it has it reads from its offers, as a stateful service does.
 */
export class Stock {
  readonly #world: World
  readonly #name: string
  readonly #random: Random
  readonly #role: string
  /** Operations that were asked for by id, whatever became of them. */
  readonly #asked = new Map<OperationId, Asked>()
  #reservations = 0
  #volumes = 0
  #operations = 0
  /** Where the deal under way is made. */
  #agentId: AgentId | undefined

  constructor(world: World, parts: { name: string; random: Random; role: string }) {
    this.#world = world
    this.#name = parts.name
    this.#random = parts.random
    this.#role = parts.role
  }

  /** The framework is another one from now on: nobody tells it of what it asked for before. */
  startOver(): void {
    this.#asked.clear()
  }

  /** The framework is told of an operation. */
  heard({ operationId, state }: OperationStatus): void {
    const asked = operationId === undefined ? undefined : this.#asked.get(operationId)
    if (asked !== undefined && !isOver(asked)) asked.state = state
  }

  /** Operations of which more is to be heard; or all, by chance some that are over long since. */
  toReconcile(): readonly { readonly operationId: OperationId; readonly agentId: AgentId }[] {
    return [...this.#asked]
      .filter(([, asked]) => !isOver(asked) || this.#random.chance(0.05))
      .map(([operationId, { agentId }]) => ({ operationId, agentId }))
  }

  /** Operations that nobody has told the end of, but for those on agents that never come back. */
  open(agents: ReadonlySet<AgentId>): readonly string[] {
    return [...this.#asked].flatMap(([operationId, { agentId, state }]) => {
      if (isOver({ agentId, state })) return []
      if (state === "OPERATION_UNREACHABLE" && !agents.has(agentId)) return []
      return [`${this.#name} believes ${operationId} ${state ?? "asked for"}`]
    })
  }

  /** What to do with the resources of an offer. */
  deal(offer: Offer): Deal {
    this.#agentId = offer.agentId
    const resources = unallocate(offer.resources ?? [])
    const own = resources.find((resource) => labelOf(resource)?.startsWith(`${this.#name}.`))
    if (own === undefined) return this.#reserve(resources)
    if (own.disk?.persistence === undefined)
      return this.#random.chance(0.6) ? this.#create(own) : this.#unreserve(own)
    return this.#random.chance(0.6) ? { operations: [], volume: own } : this.#destroy(own)
  }

  #reserve(resources: readonly Resource[]): Deal {
    const disk = scalarResource("disk", DISK_MILLI)
    const done = this.#reservations >= RESERVATIONS_MAX || this.#role === "*"
    if (done || !containsResources(resources, [disk]) || !this.#random.chance(0.5))
      return { operations: [] }
    const value = `${this.#name}.r${++this.#reservations}`
    const labels = { labels: [{ key: "made", value }] }
    const reservation = { type: "DYNAMIC", role: this.#role, labels } as const
    const reserved = { ...disk, reservations: [reservation] }
    this.#world.marks.hit("operation.reserve")
    const reserve = { kind: "reserve", ...this.#id(), resources: [reserved] } as const
    if (!this.#random.chance(0.4)) return { operations: [reserve] }
    const { operations, volume } = this.#create(reserved)
    return { operations: [reserve, ...operations], volume }
  }

  #create(reserved: Resource): Deal {
    const disk = {
      persistence: { id: `${this.#name}.v${++this.#volumes}` },
      volume: { mode: "RW", containerPath: "data" },
    } as const
    const volume = { ...reserved, disk }
    this.#world.marks.hit("operation.create")
    return { operations: [{ kind: "create", ...this.#id(), volumes: [volume] }], volume }
  }

  #destroy(volume: Resource): Deal {
    this.#world.monitor.undoing(volume)
    this.#world.marks.hit("operation.destroy")
    return { operations: [{ kind: "destroy", ...this.#id(), volumes: [volume] }] }
  }

  #unreserve(reserved: Resource): Deal {
    this.#world.monitor.undoing(reserved)
    this.#world.marks.hit("operation.unreserve")
    return { operations: [{ kind: "unreserve", ...this.#id(), resources: [reserved] }] }
  }

  /** Most operations have an id, so that their outcome is told and acknowledged. */
  #id(): { readonly id?: OperationId } {
    if (!this.#random.chance(0.8)) return {}
    const id = `${this.#name}.o${++this.#operations}` as OperationId
    if (this.#agentId !== undefined)
      this.#asked.set(id, { agentId: this.#agentId, state: undefined })
    return { id }
  }
}

const isOver = ({ state }: Asked): boolean => state !== undefined && OVER.has(state)

const labelOf = ({ reservations }: Resource): string | undefined =>
  reservations.at(-1)?.labels?.labels?.find(({ key }) => key === "made")?.value
