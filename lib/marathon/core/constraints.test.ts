import { describe, expect, test } from "bun:test"
import { brandId } from "#lib/mesos/index.ts"
import type { AgentId, OfferId } from "#lib/mesos/index.ts"
import type { Constraint, ConstraintOperator } from "../model/index.ts"
import { placementOf, placementValue, satisfies } from "./constraints.ts"
import type { Placement } from "./records.ts"
import { patch, put, testAppVersion, testSpec } from "./test-app.ts"
import { testOffer } from "./test-master.ts"
import { World } from "./test-world.ts"

const at = (rack: string | undefined, change: Partial<Placement> = {}): Placement => ({
  agentId: brandId<AgentId>(`agent-${rack}`),
  host: `host-${rack}`,
  attributes: rack === undefined ? {} : { rack },
  ...change,
})

const constraint = (operator: ConstraintOperator, value?: string, field = "rack"): Constraint => ({
  field,
  operator,
  ...(value === undefined ? {} : { value }),
})

const accepts = (rule: Constraint, here: Placement, placed: readonly Placement[], instances = 5) =>
  satisfies(rule, here, { app: testAppVersion({ instances }), placed })

describe("constraints", () => {
  test("UNIQUE refuses a value that is taken", () => {
    expect(accepts(constraint("UNIQUE"), at("r1"), [at("r2")])).toBe(true)
    expect(accepts(constraint("UNIQUE"), at("r1"), [at("r1")])).toBe(false)
    expect(accepts(constraint("UNIQUE", undefined, "hostname"), at("r1"), [at("r1")])).toBe(false)
  })

  test("CLUSTER keeps to its value, or to that of the first instance", () => {
    expect(accepts(constraint("CLUSTER", "r1"), at("r1"), [])).toBe(true)
    expect(accepts(constraint("CLUSTER", "r1"), at("r2"), [])).toBe(false)
    expect(accepts(constraint("CLUSTER"), at("r2"), [])).toBe(true)
    expect(accepts(constraint("CLUSTER"), at("r2"), [at("r1")])).toBe(false)
    expect(accepts(constraint("CLUSTER"), at("r1"), [at("r1")])).toBe(true)
  })

  test("LIKE and UNLIKE match the whole value", () => {
    expect(accepts(constraint("LIKE", "r"), at("r1"), [])).toBe(false)
    expect(accepts(constraint("LIKE", "r.*"), at("r1"), [])).toBe(true)
    expect(accepts(constraint("UNLIKE", "r.*"), at("r1"), [])).toBe(false)
    expect(accepts(constraint("UNLIKE", "r"), at("r1"), [])).toBe(true)
  })

  test("only UNLIKE accepts an agent without the field", () => {
    const operators: ConstraintOperator[] = [
      "UNIQUE",
      "CLUSTER",
      "GROUP_BY",
      "LIKE",
      "MAX_PER",
      "IS",
    ]
    for (const operator of operators)
      expect(accepts(constraint(operator, "1"), at(undefined), [])).toBe(false)
    expect(accepts(constraint("UNLIKE", "1"), at(undefined), [])).toBe(true)
  })

  test("MAX_PER accepts up to its number for each value", () => {
    expect(accepts(constraint("MAX_PER", "2"), at("r1"), [at("r1"), at("r2")])).toBe(true)
    expect(accepts(constraint("MAX_PER", "2"), at("r1"), [at("r1"), at("r1")])).toBe(false)
  })

  test("IS compares as text, and numbers as Mesos writes them", () => {
    expect(accepts(constraint("IS", "r1"), at("r1"), [])).toBe(true)
    expect(accepts(constraint("IS", "1.0"), at("1"), [])).toBe(true)
    expect(accepts(constraint("IS", "2"), at("1"), [])).toBe(false)
  })

  test("GROUP_BY with a number shares out evenly and does not overflow", () => {
    const rule = constraint("GROUP_BY", "2")
    const three = [at("r1"), at("r1"), at("r1")]
    expect(accepts(rule, at("r1"), [at("r1"), at("r1")])).toBe(true)
    expect(accepts(rule, at("r1"), three)).toBe(false)
    expect(accepts(rule, at("r2"), three)).toBe(true)
    expect(accepts(rule, at("r3"), [...three, at("r2")])).toBe(false)
    expect(accepts(rule, at("r2"), [...three, at("r2"), at("r2")], 5)).toBe(false)
  })

  test("GROUP_BY without a number fills the smallest group that it knows", () => {
    const rule = constraint("GROUP_BY")
    expect(accepts(rule, at("r1"), [at("r1"), at("r2")])).toBe(true)
    expect(accepts(rule, at("r1"), [at("r1"), at("r1"), at("r2")])).toBe(false)
    expect(accepts(rule, at("r3"), [at("r1")])).toBe(true)
  })

  test("a pattern that does not compile matches nothing", () => {
    expect(accepts(constraint("LIKE", "("), at("("), [])).toBe(false)
  })
})

describe("the place behind an offer", () => {
  const offer = {
    ...testOffer(brandId<OfferId>("o"), { id: "a1", host: "h1" }, []),
    domain: { faultDomain: { region: { name: "eu" }, zone: { name: "eu-1" } } },
    attributes: [
      { name: "text", type: "TEXT" as const, text: { value: "x" } },
      { name: "scalar", type: "SCALAR" as const, scalar: { value: 1.5 } },
      { name: "whole", type: "SCALAR" as const, scalar: { value: 1 } },
      {
        name: "ranges",
        type: "RANGES" as const,
        ranges: {
          range: [
            { begin: 5, end: 6 },
            { begin: 1, end: 2 },
          ],
        },
      },
      { name: "set", type: "SET" as const, set: { item: ["b", "a"] } },
    ],
  }

  test("has attributes as text, host, region and zone", () => {
    const place = placementOf(offer)
    expect(place.attributes).toEqual({
      text: "x",
      scalar: "1.5",
      whole: "1",
      ranges: "[1-2,5-6]",
      set: "{a,b}",
    })
    expect(placementValue(place, "@hostname")).toBe("h1")
    expect(placementValue(place, "@region")).toBe("eu")
    expect(placementValue(place, "@zone")).toBe("eu-1")
    expect(placementValue(place, "nowhere")).toBeUndefined()
  })
})

describe("placing an app with constraints", () => {
  const racks = (...names: string[]) =>
    names.map((rack, index) => ({ id: `a${index}`, attributes: { rack } }))

  test("leaves an instance waiting that has no place, and says why", () => {
    const world = new World({ agents: [{ id: "a1" }, { id: "a2" }] })
    const constraints = [constraint("UNIQUE", undefined, "hostname")]
    world.deploy(put(testSpec({ instances: 3, constraints })))
    world.advance(1000)
    expect(world.running()).toHaveLength(2)
    const [item] = world.machine.view.queue(world.now)
    expect(item?.count).toBe(1)
    const reason = item?.rejectSummaryLastOffers.find(({ declined }) => declined > 0)
    expect(reason).toEqual({ reason: "UnfulfilledConstraint", declined: 2, processed: 2 })
  })

  test("groups five instances over two racks as three and two, also when it shrinks", () => {
    const world = new World({ agents: racks("r1", "r1", "r2") })
    const constraints = [constraint("GROUP_BY", "2")]
    world.deploy(put(testSpec({ instances: 5, constraints })))
    world.advance(1000)
    const perRack = (): number[] => {
      const counts = new Map<string, number>()
      for (const { placement } of world.instances()) {
        const rack = placement?.attributes["rack"] ?? ""
        counts.set(rack, (counts.get(rack) ?? 0) + 1)
      }
      return [...counts.values()].sort((a, b) => a - b)
    }
    expect(perRack()).toEqual([2, 3])
    world.deploy(patch("/web", { instances: 2 }))
    expect(perRack()).toEqual([1, 1])
  })
})
