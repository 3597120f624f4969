import {
  containsResources,
  scalarResource,
  unallocate,
  type Offer,
  type OfferOperation,
  type OperationId,
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

/**
 * The reservations and volumes of one framework: it makes, uses and destroys them at random, each a step
 * at a time or several in one go. What it has it reads from its offers, as a stateful service does.
 */
export class Stock {
  readonly #world: World
  readonly #name: string
  readonly #random: Random
  readonly #role: string
  #reservations = 0
  #volumes = 0
  #operations = 0

  constructor(world: World, parts: { name: string; random: Random; role: string }) {
    this.#world = world
    this.#name = parts.name
    this.#random = parts.random
    this.#role = parts.role
  }

  /** What to do with the resources of an offer. */
  deal(offer: Offer): Deal {
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
    return { id: `${this.#name}.o${++this.#operations}` as OperationId }
  }
}

const labelOf = ({ reservations }: Resource): string | undefined =>
  reservations.at(-1)?.labels?.labels?.find(({ key }) => key === "made")?.value
