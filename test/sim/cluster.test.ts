/**
 * Clusters of a master, agents, frameworks, Marathon and its users under faults. Each seed draws its
 * own faults; the rules that must hold are those of lib/sim/monitor.ts, and the set of seeds as a whole
 * must have reached every mark.
 */
import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { availableParallelism } from "node:os"
import type { Mark, Report } from "#lib/sim/index.ts"
import { SimPool } from "../../scripts/sim-pool.ts"
import { AGENTS, failure, MINUTES, run } from "./seeds.ts"

// A seed waits until one of the threads is free, and those may share the machine with others.
setDefaultTimeout(5 * 60_000)

const SEEDS = Array.from({ length: 1_000 }, (_, index) => index + 1)

describe("a simulation", () => {
  test("repeats exactly with the same seed, and differs with another", () => {
    const [first, second, other] = [run(7), run(7), run(8)]
    expect(second.hash).toBe(first.hash)
    expect(second.events).toBe(first.events)
    expect(other.hash).not.toBe(first.hash)
  })
})

describe("a cluster under faults", () => {
  const pool = new SimPool(availableParallelism())
  const started = performance.now()
  const reached = new Map<Mark, number>()
  const totals = { runs: 0, events: 0, virtualMs: 0 }

  function count({ events, virtualMs, marks }: Report): void {
    totals.runs++
    totals.events += events
    totals.virtualMs += virtualMs
    for (const [mark, times] of marks) reached.set(mark, (reached.get(mark) ?? 0) + times)
  }

  test.concurrent.each(SEEDS)("seed %d keeps every rule and comes to rest", async (seed) => {
    const report = await pool.run({ seed, minutes: MINUTES, agents: AGENTS })
    count(report)
    expect(failure(report)).toBe("")
  })

  test("was under every kind of fault, and in every rare place", () => {
    // A run that was told to pick some tests says nothing about the set.
    if (totals.runs < SEEDS.length) return
    const missed = [...reached].filter(([, times]) => times === 0).map(([mark]) => mark)
    expect(missed).toEqual([])
  })

  afterAll(() => {
    pool.close()
    const seconds = (performance.now() - started) / 1000
    const perSecond = (amount: number): string =>
      Math.round(amount / seconds).toLocaleString("en-US")
    console.log(
      `${totals.runs} seeds, ${totals.events.toLocaleString("en-US")} events: ` +
        `${perSecond(totals.events)} events and ${perSecond(totals.virtualMs / 1000)} virtual seconds per second`,
    )
  })
})
