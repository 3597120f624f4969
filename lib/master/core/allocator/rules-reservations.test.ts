/** Reservations: static, dynamic and refined; who may have them, and what they count for. */
import { describe, expect, test } from "bun:test"
import { resources } from "#lib/master/core/builders.ts"
import {
  allocate,
  equalResources,
  normalizeResources,
  pushReservation,
  type AgentId,
  type FrameworkId,
  type Resources,
} from "#lib/mesos/index.ts"
import { expected, follow, Story, type Row } from "./narration.ts"

const course = (roles: readonly string[], rows: readonly Row[], story = new Story()): Story => {
  expect(follow(story, roles, rows)).toEqual(expected(rows))
  return story
}

/** The framework, of that role, reserves something it was offered for its role or one below it. */
const reserve =
  (framework: string, role: string, { amount, to }: { amount: string; to: string }) =>
  (story: Story): Story => {
    const consumed = resources(amount, role)
    const converted = normalizeResources(
      pushReservation(consumed, { type: "DYNAMIC", role: to, principal: "p" }),
    )
    story.allocator.updateAllocation(framework as FrameworkId, "A1" as AgentId, {
      consumed,
      converted,
    })
    return story
  }

describe("static reservations", () => {
  test("go to their role alone, and what is unreserved to whoever is needier", () => {
    course(
      ["a", "b"],
      [
        ["both subscribe", (s) => s.framework("F1", ["a"]).framework("F2", ["b"]), [], "a 0 b 0"],
        [
          "A1 joins, partly b's",
          (s) => s.agent("A1", "cpus(b):2;cpus:1;mem:100"),
          ["F1/a gets cpus:1;mem:100 on A1", "F2/b gets cpus(b):2 on A1"],
          "a 100 b 66.7",
        ],
        [
          "A2 joins, all of it b's",
          (s) => s.agent("A2", "cpus(b):3;mem(b):100"),
          ["F2/b gets cpus(b):3;mem(b):100 on A2"],
          "a 50 b 83.3",
        ],
        [
          "A3 joins",
          (s) => s.agent("A3", "cpus:2;mem:200"),
          ["F1/a gets cpus:2;mem:200 on A3"],
          "a 75 b 62.5",
        ],
        [
          "A4 joins",
          (s) => s.agent("A4", "cpus:2;mem:100"),
          ["F2/b gets cpus:2;mem:100 on A4"],
          "a 60 b 70",
        ],
      ],
    )
  })

  test("wait for their role when nobody is in it, and count for no share meanwhile", () => {
    const story = course(
      ["a", "b"],
      [
        ["a alone", (s) => s.framework("F1", ["a"]), [], "a 0 b 0"],
        [
          "A1 joins, half of it b's",
          (s) => s.agent("A1", "cpus(b):2;cpus:2;mem:100"),
          ["F1/a gets cpus:2;mem:100 on A1"],
          "a 100 b 0",
        ],
        ["b comes", (s) => s.framework("F2", ["b"]), ["F2/b gets cpus(b):2 on A1"], "a 100 b 50"],
        ["b gives it back", (s) => s.suppress("F2").returns("F2"), [], "a 100 b 0"],
      ],
    )
    expect(story.why("F1", "a")).toEqual({ reservedForOthers: 1 })
  })

  test("of a role go to the roles below it, and never the other way round", () => {
    course(
      ["eng", "eng/web"],
      [
        ["web alone", (s) => s.framework("W", ["eng/web"]), [], "eng 0 eng/web 0"],
        [
          "A1 is eng's",
          (s) => s.agent("A1", "cpus(eng):2;mem(eng):100"),
          ["W/eng/web gets cpus(eng):2;mem(eng):100 on A1"],
          "eng 100 eng/web 100",
        ],
        [
          "E comes; A2 is web's",
          (s) =>
            s.suppress("W").framework("E", ["eng"]).agent("A2", "cpus(eng/web):2;mem(eng/web):100"),
          [],
          "eng 50 eng/web 50",
        ],
        [
          "W gives back what is eng's",
          (s) => s.returns("W"),
          ["E/eng gets cpus(eng):2;mem(eng):100 on A1"],
          "eng 50 eng/web 0",
        ],
        [
          "W wants more",
          (s) => s.revive("W"),
          ["W/eng/web gets cpus(eng/web):2;mem(eng/web):100 on A2"],
          "eng 100 eng/web 50",
        ],
      ],
    )
  })
})

describe("dynamic reservations", () => {
  test("keep what a role was offered for it, and give it back to all when they end", () => {
    const story = course(
      ["a", "b"],
      [
        [
          "A1 goes to a",
          (s) => s.framework("F1", ["a"]).agent("A1", "cpus:4;mem:400"),
          ["F1/a gets cpus:4;mem:400 on A1"],
          "a 100 b 0",
        ],
        ["b waits", (s) => s.framework("F2", ["b"]), [], "a 100 b 0"],
        [
          "a reserves half: its share is the same",
          reserve("F1", "a", { amount: "cpus:2", to: "a" }),
          [],
          "a 100 b 0",
        ],
      ],
    )
    expect(story.consumed("a")).toBe("cpus:4 mem:400")
    const A1 = "A1" as AgentId
    const held = allocate(reserved("cpus:2", "a"), "a")
    story.allocator.recover(
      "F1" as FrameworkId,
      A1,
      normalizeResources([...held, ...resources("cpus:2;mem:400", "a")]),
    )
    // b is needier, but half of the processors are a's for good.
    expect(story.run()).toEqual([
      "F1/a gets cpus(reservations: [(DYNAMIC,a,p)]):2 on A1",
      "F2/b gets cpus:2;mem:400 on A1",
    ])
    expect(story.shares("a", "b")).toBe("a 50 b 100")
    expect(equalResources(story.allocator.free(A1), [])).toBe(true)
  })
})

const reserved = (text: string, role: string): Resources =>
  pushReservation(resources(text), { type: "DYNAMIC", role, principal: "p" })

describe("refined reservations", () => {
  const refined = (): Resources =>
    pushReservation(resources("cpus(eng):2;mem(eng):100"), { type: "DYNAMIC", role: "eng/web" })

  test.each([
    ["one that knows them", ["MULTI_ROLE", "RESERVATION_REFINEMENT"], true],
    ["one that does not", ["MULTI_ROLE"], false],
  ] as const)("go to %s: %p", (_, capabilities, offered) => {
    const story = new Story().framework("W", ["eng/web"], capabilities)
    story.agent("A1", "cpus:0", { total: refined() })
    expect(story.run()).toHaveLength(Number(offered))
    expect(story.shares("eng", "eng/web")).toBe(offered ? "eng 100 eng/web 100" : "eng 0 eng/web 0")
    if (!offered) expect(story.why("W", "eng/web")).toEqual({ reservedForOthers: 1 })
  })

  test("belong to the innermost role, not to the one they were taken from", () => {
    course(
      ["eng", "eng/batch", "eng/web"],
      [
        [
          "eng and its two roles",
          (s) =>
            s.framework("E", ["eng"]).framework("B", ["eng/batch"]).framework("W", ["eng/web"]),
          [],
          "eng 0 eng/batch 0 eng/web 0",
        ],
        [
          "A1 is web's, by way of eng",
          (s) => s.agent("A1", "cpus:0", { total: refined() }),
          [
            "W/eng/web gets cpus(reservations: [(STATIC,eng),(DYNAMIC,eng/web)]):2;mem(reservations: [(STATIC,eng),(DYNAMIC,eng/web)]):100 on A1",
          ],
          "eng 100 eng/batch 0 eng/web 100",
        ],
        [
          "A2 is eng's: who has nothing comes first",
          (s) => s.agent("A2", "cpus(eng):2;mem(eng):100"),
          ["E/eng gets cpus(eng):2;mem(eng):100 on A2"],
          "eng 100 eng/batch 0 eng/web 50",
        ],
        [
          "A3 is eng's, too",
          (s) => s.agent("A3", "cpus(eng):2;mem(eng):100"),
          ["B/eng/batch gets cpus(eng):2;mem(eng):100 on A3"],
          "eng 100 eng/batch 33.3 eng/web 33.3",
        ],
      ],
    )
  })
})
