/** What an operator's settings change about who is offered what. */
import { describe, expect, test } from "bun:test"
import type { AgentId, FrameworkId } from "#lib/mesos/index.ts"
import { parseMinimum } from "./minimum.ts"
import { Story } from "./narration.ts"

const F = (id: string): FrameworkId => id as FrameworkId

const minimum = (text: string) => {
  const parsed = parseMinimum(text)
  if (!parsed.ok) throw new Error(parsed.error)
  return { minimum: parsed.value }
}

describe("the least amount worth offering", () => {
  test.each([
    ["cpus:0.01|mem:32", "cpus:0.01", true],
    ["cpus:0.01|mem:32", "cpus:0.009;mem:31", false],
    ["cpus:1;mem:512", "cpus:1;mem:511", false],
    ["cpus:1;mem:512", "cpus:1;mem:512", true],
    ["cpus:4|disk:100", "cpus:1;disk:100", true],
    ["disk:1", "disk:0.5", false],
    ["", "disk:0.5", true],
    ["gpus:1", "cpus:8;mem:4096", false],
  ] as const)("%j with %s free: offered is %p", (setting, free, offered) => {
    const story = new Story(minimum(setting)).framework("F", ["web"]).agent("A1", free)
    expect(story.settle()).toEqual(offered ? [`F/web gets ${free} on A1`] : [])
    if (!offered)
      expect(story.allocator.explain(F("F"), "web")?.refusals).toEqual({ belowMinimum: 1 })
  })

  test("of a framework that names its own goes before the operator's", () => {
    const story = new Story(minimum("cpus:4"))
    story.framework("F1", ["web"]).agent("A1", "cpus:1;mem:64")
    expect(story.settle()).toEqual([])
    const quantities = { cpus: { value: 1 } }
    const offerFilters = { db: { minAllocatableResources: { quantities: [{ quantities }] } } }
    const capabilities = new Set(["MULTI_ROLE"] as const)
    const framework = { id: F("F2"), roles: ["db"], capabilities, offerFilters }
    story.allocator.addFramework({ ...framework, suppressedRoles: new Set() }, true)
    expect(story.settle()).toEqual(["F2/db gets cpus:1;mem:64 on A1"])
    story.returns("F2").allocator.removeFramework(F("F2"))
    expect(story.settle()).toEqual([])
  })

  test.each([["cpus"], ["cpus:"], [":1"], ["cpus:-1"], ["ports:[1-2]"], ["cpus:1;;mem:1"]])(
    "%j is no such setting",
    (text) => {
      expect(parseMinimum(text)).toMatchObject({ ok: false })
    },
  )
})

describe("agents with GPUs", () => {
  const withGpus = (filterGpus?: boolean) =>
    new Story({ filterGpus })
      .framework("F", ["web"])
      .framework("G", ["ml"], ["GPU_RESOURCES"])
      .agent("A1", "cpus:1;mem:64;gpus:1")
      .settle()

  test("are kept for those that know GPUs, unless the operator says otherwise", () => {
    expect(withGpus()).toEqual(["G/ml gets cpus:1;gpus:1;mem:64 on A1"])
    expect(withGpus(true)).toEqual(withGpus())
    // With equal shares the role that sorts first has its turn: nothing is kept for G.
    const open = new Story({ filterGpus: false }).framework("F", ["a"])
    open.framework("G", ["b"], ["GPU_RESOURCES"]).agent("A1", "cpus:1;mem:64;gpus:1")
    expect(open.settle()).toEqual(["F/a gets cpus:1;gpus:1;mem:64 on A1"])
  })
})

describe("a name excluded from fair sharing", () => {
  const course = (excludedNames: readonly string[]): readonly string[] => {
    const story = new Story({ excludedNames })
      .framework("F1", ["a"], ["MULTI_ROLE", "GPU_RESOURCES"])
      .framework("F2", ["b"], ["MULTI_ROLE", "GPU_RESOURCES"])
    story.agent("A1", "cpus:1;mem:100;gpus:8").run()
    const told = [story.shares("a", "b")]
    story.agent("A2", "cpus:2;mem:100").run()
    told.push(story.shares("a", "b"))
    story.agent("A3", "cpus:1;mem:100").run()
    return [...told, story.shares("a", "b")]
  }

  test("counts for no share", () => {
    // All GPUs make a share of 100 %; without them a has half of the memory once A2 is there.
    expect(course([])).toEqual(["a 100 b 0", "a 100 b 66.7", "a 100 b 75"])
    expect(course(["gpus"])).toEqual(["a 100 b 0", "a 50 b 66.7", "a 66.7 b 50"])
  })
})

describe("an order by lot", () => {
  /** How often each role, or framework, got the agent that is offered again and again. */
  const draws = (
    sorters: { readonly roleSorter?: "random"; readonly frameworkSorter?: "random" },
    frameworks: readonly (readonly [id: string, role: string])[],
    weights: Readonly<Record<string, number>> = {},
  ): Record<string, number> => {
    const story = new Story(sorters)
    for (const [role, weight] of Object.entries(weights)) story.allocator.setWeight(role, weight)
    for (const [id, role] of frameworks) story.framework(id, [role])
    story.agent("A1", "cpus:1;mem:64")
    const counts: Record<string, number> = {}
    for (let round = 0; round < 1_000; round++)
      for (const grant of story.allocator.run(story.now)) {
        counts[grant.frameworkId] = (counts[grant.frameworkId] ?? 0) + 1
        story.allocator.recover(grant.frameworkId, grant.agentId, grant.resources)
      }
    return counts
  }
  const two = [
    ["F1", "a"],
    ["F2", "b"],
  ] as const

  test("gives each role its turn as often as its weight says", () => {
    const even = draws({ roleSorter: "random" }, two)
    expect(even["F1"]).toBeWithin(430, 570)
    const heavy = draws({ roleSorter: "random" }, two, { a: 4 })
    expect(heavy["F1"]).toBeWithin(740, 860)
    expect(heavy["F2"]).toBe(1_000 - (heavy["F1"] ?? 0))
  })

  test("of frameworks leaves the order of roles alone", () => {
    const counts = draws({ frameworkSorter: "random" }, [...two, ["F3", "a"]])
    // By share, and as equals by turns, each role has half; within a the lot decides.
    expect(counts["F2"]).toBe(500)
    expect((counts["F1"] ?? 0) + (counts["F3"] ?? 0)).toBe(500)
    expect(counts["F1"]).toBeWithin(190, 310)
  })

  test("holds for frameworks whose filters end, too", () => {
    const winners = new Set<string>()
    for (let seed = 1; seed <= 20; seed++) {
      const story = new Story({ seed, roleSorter: "random" }).agent("A1", "cpus:1;mem:64")
      for (const id of ["F1", "F2"]) {
        story.framework(id, [id]).run()
        story.returns(id, 1_000)
      }
      story.now = 5_000
      winners.add(story.run().join())
    }
    expect([...winners].sort()).toEqual([
      "F1/F1 gets cpus:1;mem:64 on A1",
      "F2/F2 gets cpus:1;mem:64 on A1",
    ])
  })
})

describe("a whitelist", () => {
  test("names the hosts that are offered; what is used elsewhere stays", () => {
    const story = new Story().framework("F", ["web"])
    story.allocator.setWhitelist(new Set(["A2"]))
    story.agent("A1", "cpus:1;mem:64").agent("A2", "cpus:2;mem:64")
    expect(story.settle()).toEqual(["F/web gets cpus:2;mem:64 on A2"])
    expect(story.allocator.explain(F("F"), "web")?.refusals).toEqual({
      notWhitelisted: 1,
      nothingFree: 1,
    })
    story.allocator.setWhitelist(new Set(["A1"]))
    expect(story.settle()).toEqual(["F/web gets cpus:1;mem:64 on A1"])
    expect(story.consumed("web")).toBe("cpus:3 mem:128")
    story.returns("F")
    expect(story.settle()).toEqual(["F/web gets cpus:1;mem:64 on A1"])
    story.allocator.setWhitelist(undefined)
    expect(story.settle()).toEqual(["F/web gets cpus:2;mem:64 on A2"])
  })
})

describe("after a restart", () => {
  test("the explanation says that agents are waited for", () => {
    const story = new Story().framework("F", ["web"])
    story.allocator.hold(2, 60_000)
    story.agent("A1", "cpus:1;mem:64")
    expect(story.run()).toEqual([])
    expect(story.allocator.explain(F("F"), "web")?.refusals).toEqual({ recovering: 1 })
    story.agent("A2", "cpus:1;mem:64")
    expect(story.run()).toHaveLength(2)
    expect(story.allocator.free("A1" as AgentId)).toEqual([])
  })
})

describe("what is allocated to a role", () => {
  test("counts reservations only once they are given, and the roles below", () => {
    const story = new Story().framework("F1", ["web/a"]).agent("A1", "cpus(web):2;cpus:1;mem:64")
    expect(story.allocator.allocated("web")).toEqual(new Map())
    expect(story.consumed("web")).toBe("cpus:2")
    story.settle()
    expect([...story.allocator.allocated("web")]).toEqual([
      ["cpus", 3_000],
      ["mem", 64_000],
    ])
    expect(story.allocator.allocated("db")).toEqual(new Map())
  })
})
