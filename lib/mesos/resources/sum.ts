import type { Range, Resource, Resources, ResourceValue } from "#lib/mesos/resource.ts"
import { compareIdentity, compareUnallocated, isDivisible } from "./compare.ts"
import { NO_RESOURCES, normalizeResources } from "./normal.ts"
import { countRanges, normalizeRanges } from "./ranges.ts"
import { unallocate } from "./reservation.ts"

/** Ranges that gather before they are joined: joining all at each step would cost their square. */
const RANGES_GATHERED = 4096

/** What all resources of one identity add up to. */
class Total {
  readonly first: Resource
  #milli = 0
  #ranges: Range[] = []
  readonly #items = new Set<string>()
  /** Numbers and items that were added, those that were there already too. */
  #counted = 0

  constructor(first: Resource) {
    this.first = first
  }

  add(value: ResourceValue): void {
    switch (value.kind) {
      case "scalar":
        this.#milli += value.milli
        return
      case "ranges":
        for (const range of value.ranges) this.#ranges.push(range)
        this.#counted += countRanges(value.ranges)
        if (this.#ranges.length > RANGES_GATHERED) this.#ranges = [...normalizeRanges(this.#ranges)]
        return
      case "set":
        for (const item of value.items) this.#items.add(item)
        this.#counted += value.items.length
        return
      default:
        return value satisfies never
    }
  }

  /** Whether no number and no item was added twice. */
  get isDisjoint(): boolean {
    const { kind } = this.first.value
    if (kind === "ranges") this.#ranges = [...normalizeRanges(this.#ranges)]
    return kind === "scalar" || this.#counted === countRanges(this.#ranges) + this.#items.size
  }

  get resource(): Resource {
    const { kind } = this.first.value
    const value: ResourceValue =
      kind === "scalar"
        ? { kind, milli: this.#milli }
        : kind === "ranges"
          ? { kind, ranges: this.#ranges }
          : { kind, items: [...this.#items] }
    return { ...this.first, value }
  }
}

/**
 * The sum of many, such as all that the tasks of a framework use. Costs one step per entry, as long
 * as there are few different identities among them.
 */
export const sumResources = (all: Iterable<Resources>): Resources => resourcesOf(addUp(all))

/**
 * The sum of many that are in use at once; undefined when two of them name the same port or the same
 * item of a set, whatever role they were allocated to: no sum can then be taken apart again.
 */
export function sumDisjoint(all: Iterable<Resources>): Resources | undefined {
  const sums = addUp(all)
  const bare = addUp(sums.totals.map(({ resource }) => unallocate([resource])))
  return [...sums.totals, ...bare.totals].every(({ isDisjoint }) => isDisjoint)
    ? resourcesOf(sums)
    : undefined
}

/**
 * What all of them have in use, as part of no allocation; undefined when two of them name the same port
 * or the same item of a set. The same as `sumDisjoint` without allocations, for less.
 */
export function sumInUse(all: Iterable<Resources>): Resources | undefined {
  const { totals, wholes } = addUp(all, compareUnallocated)
  return totals.every(({ isDisjoint }) => isDisjoint)
    ? normalizeResources(unallocate([...totals.map(({ resource }) => resource), ...wholes]))
    : undefined
}

type Sums = { readonly totals: readonly Total[]; readonly wholes: readonly Resource[] }

function resourcesOf({ totals, wholes }: Sums): Resources {
  if (totals.length === 0 && wholes.length === 0) return NO_RESOURCES
  return normalizeResources([...totals.map(({ resource }) => resource), ...wholes])
}

type Compare = (a: Resource, b: Resource) => number

/** Totals that are looked through for each resource; what is none of them is sorted instead. */
const TOTALS_SCANNED = 64

/** Adds up resources that `compare` as the same. */
function addUp(all: Iterable<Resources>, compare: Compare = compareIdentity): Sums {
  const totals: Total[] = []
  const wholes: Resource[] = []
  const rest: Resource[] = []
  for (const resources of all) {
    // Lists of one origin name the same things in the same order: the next total is mostly the one.
    let guess = 0
    for (const resource of resources) {
      if (!isDivisible(resource)) {
        wholes.push(resource)
        continue
      }
      const index = find(totals, { resource, compare, guess })
      guess = index + 1
      if (index === totals.length) {
        if (index === TOTALS_SCANNED) {
          rest.push(resource)
          continue
        }
        totals.push(new Total(resource))
      }
      totals[index]?.add(resource.value)
    }
  }
  addSorted(totals, rest.sort(compare), compare)
  return { totals, wholes }
}

/** Adds up resources in the order of `compare`, none of which has a total yet. */
function addSorted(totals: Total[], sorted: Resources, compare: Compare): void {
  let last: Total | undefined
  for (const resource of sorted) {
    if (last === undefined || compare(last.first, resource) !== 0) {
      last = new Total(resource)
      totals.push(last)
    }
    last.add(resource.value)
  }
}

type Sought = { readonly resource: Resource; readonly compare: Compare; readonly guess: number }

/** Where the total of what is the same as a resource is, or would be. */
function find(totals: readonly Total[], { resource, compare, guess }: Sought): number {
  for (let step = 0; step < totals.length; step++) {
    const index = (guess + step) % totals.length
    const total = totals[index]
    if (total !== undefined && compare(total.first, resource) === 0) return index
  }
  return totals.length
}
