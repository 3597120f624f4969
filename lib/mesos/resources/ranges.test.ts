import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import type { Range } from "#lib/mesos/resource.ts"
import {
  addRanges,
  areRangesNormal,
  containsRanges,
  countRanges,
  normalizeRanges,
  rangesHave,
  subtractRanges,
  takeFromRanges,
} from "./ranges.ts"

const any = fc.array(
  fc.tuple(fc.nat(40), fc.nat(8)).map(([begin, size]) => ({ begin, end: begin + size - 1 })),
  { maxLength: 6 },
)
const numbers = (ranges: readonly Range[]): Set<number> => {
  const all = new Set<number>()
  for (const { begin, end } of ranges) for (let n = begin; n <= end; n++) all.add(n)
  return all
}

describe("ranges behave as the sets of numbers they stand for", () => {
  test("sum, difference, containment and count", () => {
    fc.assert(
      fc.property(any, any, (first, second) => {
        const a = normalizeRanges(first)
        const b = normalizeRanges(second)
        const [left, right] = [numbers(a), numbers(b)]
        expect(left).toEqual(numbers(first))
        const sum = addRanges(a, b)
        const rest = subtractRanges(a, b)
        expect([a, sum, rest].every(areRangesNormal)).toBe(true)
        expect(numbers(sum)).toEqual(left.union(right))
        expect(numbers(rest)).toEqual(left.difference(right))
        expect(containsRanges(a, b)).toBe(right.isSubsetOf(left))
        expect(countRanges(a)).toBe(left.size)
        expect(rangesHave(a, 7)).toBe(left.has(7))
      }),
    )
  })

  test("taking n gives the n lowest and leaves the others", () => {
    fc.assert(
      fc.property(any, fc.nat(20), (ranges, count) => {
        const a = normalizeRanges(ranges)
        const result = takeFromRanges(a, count)
        if (result === undefined) return expect(countRanges(a)).toBeLessThan(count)
        expect([...numbers(result.taken)]).toEqual([...numbers(a)].slice(0, count))
        expect(addRanges(result.taken, result.rest)).toEqual(a as Range[])
      }),
    )
  })
})
