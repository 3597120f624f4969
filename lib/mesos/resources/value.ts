import type { ResourceValue } from "#lib/mesos/resource.ts"
import {
  addRanges,
  areRangesNormal,
  containsRanges,
  normalizeRanges,
  subtractRanges,
} from "./ranges.ts"

type Items = readonly string[]

const areItemsNormal = (items: Items): boolean =>
  items.every((item, i) => i === 0 || (items[i - 1] as string) < item)

const sortItems = (items: Items): Items =>
  areItemsNormal(items) ? items : [...new Set(items)].sort((a, b) => (a < b ? -1 : 1))

function containsItems(a: Items, b: Items): boolean {
  let i = 0
  for (const item of b) {
    while (i < a.length && (a[i] as string) < item) i++
    if (a[i] !== item) return false
  }
  return true
}

/** Whether there is nothing of it: zero or less, no range, no item. */
export function isEmptyValue(value: ResourceValue): boolean {
  switch (value.kind) {
    case "scalar":
      return !(value.milli > 0)
    case "ranges":
      return value.ranges.length === 0
    case "set":
      return value.items.length === 0
    default:
      return value satisfies never
  }
}

/** The value with sorted, joined ranges and sorted, unique items. */
export function normalizeValue(value: ResourceValue): ResourceValue {
  switch (value.kind) {
    case "scalar":
      return value
    case "ranges":
      return areRangesNormal(value.ranges)
        ? value
        : { kind: "ranges", ranges: normalizeRanges(value.ranges) }
    case "set":
      return areItemsNormal(value.items) ? value : { kind: "set", items: sortItems(value.items) }
    default:
      return value satisfies never
  }
}

/** The sum of two values of one kind; values of different kinds are never parts of one entry. */
export function addValues(a: ResourceValue, b: ResourceValue): ResourceValue {
  if (a.kind === "scalar" && b.kind === "scalar")
    return { kind: "scalar", milli: a.milli + b.milli }
  if (a.kind === "ranges" && b.kind === "ranges")
    return { kind: "ranges", ranges: addRanges(a.ranges, b.ranges) }
  if (a.kind === "set" && b.kind === "set")
    return { kind: "set", items: sortItems([...a.items, ...b.items]) }
  return a
}

/** What is left of `a`; scalars stop at zero, as in Mesos. */
export function subtractValues(a: ResourceValue, b: ResourceValue): ResourceValue {
  if (a.kind === "scalar" && b.kind === "scalar")
    return { kind: "scalar", milli: Math.max(0, a.milli - b.milli) }
  if (a.kind === "ranges" && b.kind === "ranges")
    return { kind: "ranges", ranges: subtractRanges(a.ranges, b.ranges) }
  if (a.kind === "set" && b.kind === "set") {
    const gone = new Set(b.items)
    return { kind: "set", items: a.items.filter((item) => !gone.has(item)) }
  }
  return a
}

/** Whether `a` holds all of `b`. */
export function containsValue(a: ResourceValue, b: ResourceValue): boolean {
  if (a.kind === "scalar" && b.kind === "scalar") return a.milli >= b.milli
  if (a.kind === "ranges" && b.kind === "ranges") return containsRanges(a.ranges, b.ranges)
  if (a.kind === "set" && b.kind === "set") return containsItems(a.items, b.items)
  return false
}

/** A total order on values, needed only for entries that never merge. */
export function compareValues(a: ResourceValue, b: ResourceValue): number {
  if (a.kind === "scalar" && b.kind === "scalar") return a.milli - b.milli
  const left = textOf(a)
  const right = textOf(b)
  return left === right ? 0 : left < right ? -1 : 1
}

const textOf = (value: ResourceValue): string => JSON.stringify(value)
