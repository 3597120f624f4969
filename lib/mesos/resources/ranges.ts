import type { Range } from "#lib/mesos/resource.ts"

/** Sorted, disjoint and not adjacent, as every range list inside a normal form is. */
export type Ranges = readonly Range[]

/** Whether the list is sorted, disjoint, not adjacent, and holds no empty range. */
export function areRangesNormal(ranges: Ranges): boolean {
  for (let i = 0; i < ranges.length; i++) {
    const range = ranges[i] as Range
    if (range.begin > range.end) return false
    if (i > 0 && range.begin <= (ranges[i - 1] as Range).end + 1) return false
  }
  return true
}

/** Sorts, drops empty ranges, and joins those that overlap or touch. */
export function normalizeRanges(ranges: Ranges): Ranges {
  if (areRangesNormal(ranges)) return ranges
  const sorted = ranges.filter((range) => range.begin <= range.end)
  sorted.sort((a, b) => a.begin - b.begin || a.end - b.end)
  return coalesce(sorted)
}

function coalesce(sorted: Ranges): Ranges {
  const out: Range[] = []
  for (const range of sorted) {
    const last = out.at(-1)
    if (last === undefined || range.begin > last.end + 1) out.push(range)
    else if (range.end > last.end) out[out.length - 1] = { begin: last.begin, end: range.end }
  }
  return out
}

/** The numbers that are in either list. */
export function addRanges(a: Ranges, b: Ranges): Ranges {
  if (a.length === 0) return b
  if (b.length === 0) return a
  const merged: Range[] = []
  let i = 0
  let j = 0
  while (i < a.length || j < b.length) {
    const left = a[i]
    const right = b[j]
    if (right === undefined || (left !== undefined && left.begin <= right.begin)) {
      merged.push(left as Range)
      i++
    } else {
      merged.push(right)
      j++
    }
  }
  return coalesce(merged)
}

/** The numbers of `a` that are not in `b`. */
export function subtractRanges(a: Ranges, b: Ranges): Ranges {
  if (a.length === 0 || b.length === 0) return a
  const out: Range[] = []
  let j = 0
  for (const range of a) {
    let begin = range.begin
    while (j < b.length && (b[j] as Range).end < begin) j++
    for (let k = j; k < b.length && begin <= range.end; k++) {
      const cut = b[k] as Range
      if (cut.begin > range.end) break
      if (cut.begin > begin) out.push({ begin, end: cut.begin - 1 })
      begin = cut.end + 1
    }
    if (begin === range.begin) out.push(range)
    else if (begin <= range.end) out.push({ begin, end: range.end })
  }
  return out
}

/** Whether every number of `b` is in `a`. */
export function containsRanges(a: Ranges, b: Ranges): boolean {
  let i = 0
  for (const range of b) {
    while (i < a.length && (a[i] as Range).end < range.begin) i++
    const around = a[i]
    if (around === undefined || around.begin > range.begin || around.end < range.end) return false
  }
  return true
}

/** Whether the number is in the list. */
export const rangesHave = (ranges: Ranges, number: number): boolean =>
  ranges.some((range) => range.begin <= number && number <= range.end)

/** How many numbers the list holds. */
export function countRanges(ranges: Ranges): number {
  let count = 0
  for (const range of ranges) count += range.end - range.begin + 1
  return count
}

/** The `count` lowest numbers and what is left, or undefined when there are fewer. */
export function takeFromRanges(
  ranges: Ranges,
  count: number,
): { readonly taken: Ranges; readonly rest: Ranges } | undefined {
  if (countRanges(ranges) < count) return undefined
  const taken: Range[] = []
  let missing = count
  for (const range of ranges) {
    if (missing <= 0) break
    const end = Math.min(range.end, range.begin + missing - 1)
    taken.push({ begin: range.begin, end })
    missing -= end - range.begin + 1
  }
  return { taken, rest: subtractRanges(ranges, taken) }
}
