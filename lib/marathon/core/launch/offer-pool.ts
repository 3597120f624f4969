import type { Offer, Range, Resource } from "#lib/mesos/index.ts"
import type { Random } from "#lib/std/random.ts"

/** Which resources of an offer may be used: those reserved for the role, unreserved ones, or both. */
export type AcceptedRoles = {
  readonly role: string
  readonly reserved: boolean
  readonly unreserved: boolean
}

/** A port wanted: this very number, any, or none. */
export type PortWish = number | "any" | "none"

/** Ports given in the order of the wishes (null for "none"), and what they take of the offer. */
export type PortGrant = {
  readonly ports: readonly (number | null)[]
  readonly takes: readonly Take[]
}

/** A part of one resource of the offer. */
export type Take = {
  readonly index: number
  readonly milli: number
  readonly ports: readonly number[]
}

/**
 * What is left of one offer while tasks are placed on it. The `find…` functions change nothing;
 * `take` subtracts what they found.
 */
export class OfferPool {
  readonly #resources: readonly Resource[]
  readonly #milli: number[]
  readonly #ranges: (readonly Range[])[]

  constructor(offer: Offer) {
    this.#resources = (offer.resources ?? []).filter(isPlain)
    this.#milli = this.#resources.map(({ value }) => (value.kind === "scalar" ? value.milli : 0))
    this.#ranges = this.#resources.map(({ value }) => (value.kind === "ranges" ? value.ranges : []))
  }

  /** Whether anything at all is there for the roles. */
  offers(roles: AcceptedRoles): boolean {
    return this.#resources.some((resource) => isFor(resource, roles))
  }

  /** How much of a scalar is there for the roles, in thousandths. */
  available(name: string, roles: AcceptedRoles): number {
    let sum = 0
    this.#resources.forEach((resource, index) => {
      if (resource.name === name && isFor(resource, roles)) sum += this.#milli[index] ?? 0
    })
    return sum
  }

  /** Parts that make up an amount of a scalar, reserved ones first, or undefined when it is not there. */
  findScalar(name: string, milli: number, roles: AcceptedRoles): readonly Take[] | undefined {
    const takes: Take[] = []
    let missing = milli
    for (const index of this.#usable(name, roles)) {
      if (missing <= 0) break
      const part = Math.min(missing, this.#milli[index] ?? 0)
      if (part > 0) takes.push({ index, milli: part, ports: [] })
      missing -= part
    }
    return missing <= 0 ? takes : undefined
  }

  /**
   * Ports for all wishes, or undefined when there are not enough. Free choices are consecutive from a
   * random start, so that ports just released are not taken again at once.
   */
  findPorts(
    wishes: readonly PortWish[],
    roles: AcceptedRoles,
    random: Random,
  ): PortGrant | undefined {
    const holders = new Map<number, number>()
    const fixed = wishes.filter((wish) => typeof wish === "number")
    for (const port of fixed) {
      const index = this.#holderOf(port, roles)
      if (index === undefined || holders.has(port)) return undefined
      holders.set(port, index)
    }
    const free = wishes.filter((wish) => wish === "any").length
    const chosen = this.#choose(free, new Set(fixed), roles, random)
    if (chosen.length < free) return undefined
    for (const { port, index } of chosen) holders.set(port, index)
    let next = 0
    const ports = wishes.map((wish) => {
      if (wish === "none") return null
      return wish === "any" ? (chosen[next++]?.port ?? null) : wish
    })
    return { ports, takes: takesOf(holders) }
  }

  /** Subtracts parts and answers them as resources for a task. */
  take(takes: readonly Take[]): readonly Resource[] {
    return takes.map(({ index, milli, ports }) => {
      const resource = this.#resources[index]
      if (resource === undefined) throw new RangeError("a part names a resource of the offer")
      if (ports.length > 0) {
        this.#ranges[index] = withoutPorts(this.#ranges[index] ?? [], ports)
        return { ...resource, value: { kind: "ranges", ranges: rangesOf(ports) } }
      }
      this.#milli[index] = (this.#milli[index] ?? 0) - milli
      return { ...resource, value: { kind: "scalar", milli } }
    })
  }

  #usable(name: string, roles: AcceptedRoles): number[] {
    const indexes: number[] = []
    this.#resources.forEach((resource, index) => {
      if (resource.name === name && isFor(resource, roles)) indexes.push(index)
    })
    const isReserved = (index: number): number =>
      (this.#resources[index]?.reservations.length ?? 0) > 0 ? 0 : 1
    return indexes.sort((a, b) => isReserved(a) - isReserved(b) || a - b)
  }

  #holderOf(port: number, roles: AcceptedRoles): number | undefined {
    return this.#usable("ports", roles).find((index) =>
      this.#ranges[index]?.some(({ begin, end }) => begin <= port && port <= end),
    )
  }

  #choose(
    count: number,
    excluded: ReadonlySet<number>,
    roles: AcceptedRoles,
    random: Random,
  ): readonly { readonly port: number; readonly index: number }[] {
    if (count === 0) return []
    const spans = this.#usable("ports", roles).flatMap((index) =>
      (this.#ranges[index] ?? []).map((range) => ({ ...range, index })),
    )
    random.shuffle(spans)
    const total = spans.reduce((sum, { begin, end }) => sum + end - begin + 1, 0)
    if (total < count) return []
    const start = random.below(total)
    const chosen: { readonly port: number; readonly index: number }[] = []
    for (let step = 0; step < total && chosen.length < count; step++) {
      const at = locate(spans, (start + step) % total)
      if (at !== undefined && !excluded.has(at.port)) chosen.push(at)
    }
    return chosen
  }
}

// Volumes, foreign disks, revocable resources and reservations that carry labels belong to others.
const isPlain = (resource: Resource): boolean =>
  resource.disk === undefined &&
  resource.revocable === undefined &&
  !resource.reservations.some((one) => one.type === "DYNAMIC" && one.labels !== undefined)

function isFor(resource: Resource, roles: AcceptedRoles): boolean {
  const owner = resource.reservations.at(-1)?.role
  return owner === undefined ? roles.unreserved : roles.reserved && owner === roles.role
}

function locate(
  spans: readonly (Range & { readonly index: number })[],
  position: number,
): { readonly port: number; readonly index: number } | undefined {
  let left = position
  for (const { begin, end, index } of spans) {
    const size = end - begin + 1
    if (left < size) return { port: begin + left, index }
    left -= size
  }
  return undefined
}

function takesOf(holders: ReadonlyMap<number, number>): readonly Take[] {
  const byIndex = new Map<number, number[]>()
  for (const [port, index] of holders) byIndex.set(index, [...(byIndex.get(index) ?? []), port])
  return [...byIndex].map(([index, ports]) => ({ index, milli: 0, ports }))
}

function rangesOf(ports: readonly number[]): readonly Range[] {
  const ranges: { begin: number; end: number }[] = []
  for (const port of [...ports].sort((a, b) => a - b)) {
    const last = ranges.at(-1)
    if (last !== undefined && last.end + 1 === port) last.end = port
    else ranges.push({ begin: port, end: port })
  }
  return ranges
}

function withoutPorts(ranges: readonly Range[], ports: readonly number[]): readonly Range[] {
  let left = ranges
  for (const port of ports)
    left = left.flatMap(({ begin, end }) => {
      if (port < begin || port > end) return [{ begin, end }]
      return [
        { begin, end: port - 1 },
        { begin: port + 1, end },
      ].filter((range) => range.begin <= range.end)
    })
  return left
}
