import { describe, expect, test } from "bun:test"
import { resources } from "#lib/master/core/builders.ts"
import { Filters } from "./filters.ts"

const small = resources("cpus:1;mem:100")
const large = resources("cpus:4;mem:400")
const YEAR_MS = 365 * 24 * 3_600_000

describe("a filter", () => {
  test("covers what is contained in the refused resources, and nothing more", () => {
    const filters = new Filters<string, string>()
    filters.add("F", "A", { resources: large, now: 0, forMs: 5_000 })
    for (const [text, covered] of [
      ["cpus:4;mem:400", true],
      ["cpus:1", true],
      ["mem:400", true],
      ["cpus:5;mem:1", false],
      ["cpus:1;mem:1;disk:1", false],
      ["gpus:1", false],
    ] as const)
      expect([text, filters.covers("F", "A", resources(text))]).toEqual([text, covered])
  })

  test("holds for its client on its agent alone", () => {
    const filters = new Filters<string, string>()
    filters.add("F", "A", { resources: small, now: 0, forMs: 5_000 })
    expect(filters.covers("F", "A", small)).toBe(true)
    expect(filters.covers("F", "B", small)).toBe(false)
    expect(filters.covers("G", "A", small)).toBe(false)
  })

  test("ends exactly when its time is over", () => {
    const filters = new Filters<string, string>()
    filters.add("F", "A", { resources: small, now: 1_000, forMs: 5_000 })
    expect(filters.nextEnd()).toBe(6_000)
    expect(filters.takeDue(5_999)).toBeUndefined()
    expect(filters.takeDue(6_000)).toMatchObject({ client: "F", agent: "A" })
    expect(filters.covers("F", "A", small)).toBe(false)
    expect(filters.nextEnd()).toBeUndefined()
    expect(filters.takeDue(1e12)).toBeUndefined()
  })

  test("lasts a year at most", () => {
    const filters = new Filters<string, string>()
    filters.add("F", "A", { resources: small, now: 7, forMs: Number.MAX_SAFE_INTEGER })
    expect(filters.nextEnd()).toBe(7 + YEAR_MS)
  })
})

describe("several filters of one client on one agent", () => {
  test("each covers what it refused", () => {
    const filters = new Filters<string, string>()
    filters.add("F", "A", { resources: resources("cpus:4"), now: 0, forMs: 5_000 })
    filters.add("F", "A", { resources: resources("mem:400"), now: 0, forMs: 5_000 })
    expect(filters.covers("F", "A", resources("cpus:2"))).toBe(true)
    expect(filters.covers("F", "A", resources("mem:2"))).toBe(true)
    // Neither refused both together.
    expect(filters.covers("F", "A", resources("cpus:2;mem:2"))).toBe(false)
    expect(filters.count("F")).toBe(2)
  })

  test("a wider and later one replaces those it makes useless", () => {
    const filters = new Filters<string, string>()
    filters.add("F", "A", { resources: small, now: 0, forMs: 5_000 })
    filters.add("F", "A", { resources: large, now: 1_000, forMs: 5_000 })
    expect(filters.count("F")).toBe(1)
    expect(filters.nextEnd()).toBe(6_000)
  })

  test("a wider one that ends earlier leaves the longer one in place", () => {
    const filters = new Filters<string, string>()
    filters.add("F", "A", { resources: small, now: 0, forMs: 60_000 })
    filters.add("F", "A", { resources: large, now: 0, forMs: 1_000 })
    filters.takeDue(1_000)
    expect(filters.covers("F", "A", large)).toBe(false)
    expect(filters.covers("F", "A", small)).toBe(true)
  })

  test("are bounded: the one that ends first makes room", () => {
    const filters = new Filters<string, string>()
    // Each refuses a little less and for longer, so that none makes another useless.
    for (let i = 0; i < 17; i++)
      filters.add("F", "A", { resources: resources(`cpus:${100 - i}`), now: 0, forMs: 1_000 + i })
    expect(filters.count("F")).toBe(16)
    expect(filters.covers("F", "A", resources("cpus:100"))).toBe(false)
    expect(filters.covers("F", "A", resources("cpus:99"))).toBe(true)
    expect(filters.nextEnd()).toBe(1_001)
  })
})

describe("filters end early", () => {
  const two = (): Filters<string, string> => {
    const filters = new Filters<string, string>()
    for (const client of ["F", "G"])
      for (const agent of ["A", "B"])
        filters.add(client, agent, { resources: small, now: 0, forMs: 5_000 })
    return filters
  }
  const covered = (filters: Filters<string, string>): string[] =>
    ["FA", "FB", "GA", "GB"].filter((pair) => filters.covers(pair[0]!, pair[1]!, small))

  test("all of a client", () => {
    const filters = two()
    filters.endOfClient("F")
    expect(covered(filters)).toEqual(["GA", "GB"])
  })

  test("all on an agent", () => {
    const filters = two()
    filters.endOfAgent("A")
    expect(covered(filters)).toEqual(["FB", "GB"])
  })

  test("and then are not due any more", () => {
    const filters = two()
    filters.endOfClient("F")
    filters.endOfAgent("A")
    expect(filters.takeDue(5_000)).toMatchObject({ client: "G", agent: "B" })
    expect(filters.takeDue(5_000)).toBeUndefined()
    expect(covered(filters)).toEqual([])
  })

  test("of whoever has none is harmless", () => {
    const filters = two()
    filters.endOfClient("H")
    filters.endOfAgent("C")
    expect(covered(filters)).toEqual(["FA", "FB", "GA", "GB"])
  })
})
