import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import type { AgentId, FrameworkId } from "#lib/mesos/index.ts"
import { Story } from "./narration.ts"

const F = (id: string): FrameworkId => id as FrameworkId

describe("a limit", () => {
  test("cuts an offer to what the role may still have", () => {
    const story = new Story().framework("F", ["web"]).quota("web", { limit: "cpus:3;mem:100" })
    story.agent("A1", "cpus:8;mem:400")
    expect(story.settle()).toEqual(["F/web gets cpus:3;mem:100 on A1"])
    expect(story.consumed("web")).toBe("cpus:3 mem:100")
  })

  test("binds all frameworks of the role together, and the roles below it", () => {
    const story = new Story().quota("web", { limit: "cpus:4" })
    for (const [id, role] of [
      ["F1", "web"],
      ["F2", "web/a"],
      ["F3", "web/b"],
    ] as const)
      story.framework(id, [role])
    for (const id of ["A1", "A2", "A3", "A4"]) story.agent(id, "cpus:3;mem:100")
    story.settle()
    expect(story.consumed("web")).toStartWith("cpus:4 ")
  })

  test("leaves what it does not name free", () => {
    const story = new Story().framework("F", ["web"]).quota("web", { limit: "cpus:1" })
    story.agent("A1", "cpus:8;mem:400;ports:[1-9]")
    expect(story.settle()).toEqual(["F/web gets cpus:1;mem:400;ports:[1-9] on A1"])
  })

  test("of nothing still lets reservations and revocable resources through", () => {
    const story = new Story()
      .framework("F", ["web"], ["MULTI_ROLE", "RESERVATION_REFINEMENT", "REVOCABLE_RESOURCES"])
      .quota("web", { limit: "cpus:0;mem:0" })
    story.agent("A1", "cpus(web):2;cpus:4;mem:100")
    expect(story.settle()).toEqual(["F/web gets cpus(web):2 on A1"])
    expect(story.consumed("web")).toBe("cpus:2")
  })

  test("counts reservations that nobody uses", () => {
    const story = new Story().framework("F", ["web"]).quota("web", { limit: "cpus:3" })
    story.allocator.suppress(F("F"), ["web"])
    story.agent("A1", "cpus(web):2")
    story.agent("A2", "cpus:8;mem:100")
    story.run()
    story.allocator.revive(F("F"), ["web"])
    expect(story.settle()).toContain("F/web gets cpus:1;mem:100 on A2")
  })

  test("lets the role have more as soon as it gives something back, on other agents too", () => {
    const story = new Story().framework("F", ["web"]).quota("web", { limit: "cpus:2;mem:64" })
    story.agent("A1", "cpus:2;mem:64")
    story.settle()
    story.agent("A2", "cpus:2;mem:64")
    expect(story.settle()).toEqual([])
    expect(story.allocator.explain(F("F"), "web")?.refusals).toEqual({
      nothingFree: 1,
      quotaLimit: 1,
    })
    story.returns("F", 3_600_000)
    expect(story.settle()).toEqual(["F/web gets cpus:2;mem:64 on A2"])
  })

  test("that is raised or removed is felt at once", () => {
    const story = new Story().framework("F", ["web"]).quota("web", { limit: "cpus:1;mem:100" })
    story.agent("A1", "cpus:8;mem:400")
    story.settle()
    expect(story.quota("web", { limit: "cpus:3;mem:100" }).settle()).toEqual([
      "F/web gets cpus:2 on A1",
    ])
    expect(story.quota("web", undefined).settle()).toEqual(["F/web gets cpus:5;mem:300 on A1"])
  })
})

describe("a guarantee", () => {
  test("comes before fairness", () => {
    const story = new Story().framework("A", ["a"]).framework("B", ["b"])
    story.agent("A1", "cpus:4;mem:100")
    expect(story.settle()).toHaveLength(1)
    const [first, second] = story.shares("a", "b") === "a 100 b 0" ? ["A", "b"] : ["B", "a"]
    story.quota(second, { guarantee: "cpus:2;mem:50" })
    story.returns(first)
    story.settle()
    expect(story.consumed(second)).toBe("cpus:2 mem:50")
  })

  test("keeps headroom while its role has no framework", () => {
    const story = new Story().framework("F", ["free"]).quota("prod", { guarantee: "cpus:3" })
    story.agent("A1", "cpus:8;mem:400")
    expect(story.settle()).toEqual(["F/free gets cpus:5;mem:400 on A1"])
    expect(story.allocator.surplus("cpus")).toBe(0)
    story.framework("P", ["prod"])
    expect(story.settle()).toEqual(["P/prod gets cpus:3 on A1"])
  })

  test("frees its headroom as it is met by reservations", () => {
    const story = new Story().framework("F", ["free"]).quota("prod", { guarantee: "cpus:3" })
    story.agent("A1", "cpus(prod):3")
    story.agent("A2", "cpus:8;mem:400")
    expect(story.settle()).toEqual(["F/free gets cpus:8;mem:400 on A2"])
  })

  test("lets the others have what it kept once as much is free elsewhere", () => {
    const story = new Story().framework("F", ["free"]).agent("A1", "cpus:3")
    story.settle()
    story.quota("prod", { guarantee: "cpus:3" }).agent("A2", "cpus:3")
    expect(story.settle()).toEqual([])
    story.returns("F", 3_600_000)
    expect(story.settle()).toEqual(["F/free gets cpus:3 on A2"])
  })

  test("that is larger than the cluster keeps everything from the others", () => {
    const story = new Story()
      .framework("F", ["free"])
      .quota("prod", { guarantee: "cpus:30;mem:999" })
    story.agent("A1", "cpus:8;mem:400")
    expect(story.settle()).toEqual([])
    expect(story.allocator.explain(F("F"), "free")?.refusals).toEqual({ quotaHeadroom: 1 })
    story.agent("A2", "cpus:40;mem:1000")
    story.settle()
    expect(story.consumed("free")).toBe("cpus:18 mem:401")
  })

  test("does not keep its role from more than is promised", () => {
    const story = new Story().framework("P", ["prod"]).quota("prod", { guarantee: "cpus:2" })
    story.agent("A1", "cpus:8;mem:400")
    expect(story.settle()).toEqual(["P/prod gets cpus:8;mem:400 on A1"])
  })

  test("with a limit gives what is promised, and no more than the limit", () => {
    const story = new Story()
      .framework("P", ["prod"])
      .framework("F", ["free"])
      .quota("prod", { guarantee: "cpus:2;mem:100", limit: "cpus:3;mem:100" })
    story.allocator.suppress(F("F"), undefined)
    story.agent("A1", "cpus:8;mem:400")
    story.settle()
    expect(story.consumed("prod")).toBe("cpus:3 mem:100")
    story.allocator.revive(F("F"), undefined)
    story.settle()
    expect(story.consumed("free")).toBe("cpus:5 mem:300")
  })
})

describe("a hold after a restart", () => {
  test("grants nothing until enough agents are back", () => {
    const story = new Story().framework("F", ["web"])
    story.allocator.hold(1.6, 600_000)
    story.agent("A1", "cpus:1;mem:100")
    expect(story.run()).toEqual([])
    expect(story.allocator.pending).toBe(false)
    expect(story.allocator.nextExpiry()).toBe(600_000)
    story.agent("A2", "cpus:1;mem:100")
    expect(story.run()).toHaveLength(2)
  })

  test("ends by itself", () => {
    const story = new Story().framework("F", ["web"])
    story.allocator.hold(2, 600_000)
    story.agent("A1", "cpus:1;mem:100")
    story.now = 600_000
    expect(story.run()).toHaveLength(1)
  })
})

test("whatever comes and goes, no limit is passed and all guarantees are kept free", () => {
  const role = fc.constantFrom("a", "b", "c/x", "c/y", "*")
  const step = fc.oneof(
    fc.record({ kind: fc.constant("agent" as const), cpus: fc.integer({ min: 1, max: 8 }) }),
    fc.record({ kind: fc.constant("framework" as const), role }),
    fc.record({ kind: fc.constant("returns" as const), index: fc.nat(7) }),
    fc.record({
      kind: fc.constant("quota" as const),
      role: fc.constantFrom("a", "b", "c"),
      guarantee: fc.integer({ min: 0, max: 4 }),
      limit: fc.option(fc.integer({ min: 4, max: 12 }), { nil: undefined }),
    }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const story = new Story()
      const limits = new Map<string, number>()
      let serial = 0
      for (const each of steps) {
        const before = new Map(["a", "b", "c"].map((top) => [top, cpusOf(story, top)]))
        if (each.kind === "agent") story.agent(`A${serial++}`, `cpus:${each.cpus};mem:512`)
        else if (each.kind === "framework") story.framework(`F${serial++}`, [each.role])
        else if (each.kind === "returns") story.returns(`F${each.index}`)
        else {
          const limit = each.limit === undefined ? "" : `cpus:${each.limit}`
          story.quota(each.role, { guarantee: `cpus:${each.guarantee}`, limit })
          limits.set(each.role, each.limit ?? Number.POSITIVE_INFINITY)
        }
        const surplus = story.allocator.surplus("cpus")
        story.settle()
        for (const [top, limit] of limits)
          expect(cpusOf(story, top)).toBeLessThanOrEqual(
            Math.max(limit, before.get(top) ?? 0, 0) || limit,
          )
        // A run never makes the headroom smaller than guarantees need, or smaller than it was.
        expect(story.allocator.surplus("cpus")).toBeGreaterThanOrEqual(Math.min(0, surplus))
      }
    }),
    { numRuns: 150 },
  )
})

const cpusOf = (story: Story, role: string): number =>
  (story.allocator.consumed(role).get("cpus") ?? 0) / 1000

test("agents of the test are removed with their free resources", () => {
  const story = new Story().quota("prod", { guarantee: "cpus:2" }).agent("A1", "cpus:8;mem:400")
  story.allocator.removeAgent("A1" as AgentId)
  story.allocator.checkInvariants()
  expect(story.allocator.surplus("cpus")).toBe(-2_000)
})
