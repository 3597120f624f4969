/**
 * Clusters of a master, agents and frameworks under faults. Each seed draws its own faults; the rules
 * that must hold are those of lib/sim/monitor.ts, and the set as a whole must have reached every mark.
 */
import { describe, expect, test } from "bun:test"
import type { Mark } from "#lib/sim/index.ts"
import { failure, run } from "./seeds.ts"

const SEEDS = Array.from({ length: 20 }, (_, index) => index + 1)

describe("a cluster under faults", () => {
  const reached = new Map<Mark, number>()

  test.each(SEEDS)("seed %d keeps every rule and comes to rest", (seed) => {
    const report = run(seed)
    for (const [mark, count] of report.marks) reached.set(mark, (reached.get(mark) ?? 0) + count)
    expect(failure(report)).toBe("")
  })
})

describe("a simulation", () => {
  test("repeats exactly with the same seed, and differs with another", () => {
    const [first, second, other] = [run(7), run(7), run(8)]
    expect(second.hash).toBe(first.hash)
    expect(second.events).toBe(first.events)
    expect(other.hash).not.toBe(first.hash)
  })
})
