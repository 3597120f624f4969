/** Quotas: limits, guarantees and the headroom that is kept for them, with what each role consumes. */
import { describe, expect, test } from "bun:test"
import { expected, follow, Story, type Row } from "./narration.ts"

const SECOND = 1_000

const course = (roles: readonly string[], rows: readonly Row[], story = new Story()): Story => {
  expect(follow(story, roles, rows)).toEqual(expected(rows))
  return story
}

describe("limits", () => {
  test("cap a role however needy it is, and let it go on when they are raised", () => {
    const story = course(
      ["a", "b"],
      [
        [
          "a may have 2 cpus",
          (s) => s.quota("a", { limit: "cpus:2" }).framework("F1", ["a"]).framework("F2", ["b"]),
          [],
          "a 0 b 0",
        ],
        // The offer is cut: what is beyond the limit goes to the next.
        [
          "A1 joins",
          (s) => s.agent("A1", "cpus:3;mem:300"),
          ["F1/a gets cpus:2;mem:300 on A1", "F2/b gets cpus:1 on A1"],
          "a 100 b 33.3",
        ],
        [
          "A2 joins",
          (s) => s.agent("A2", "cpus:3;mem:300"),
          ["F2/b gets cpus:3;mem:300 on A2"],
          "a 50 b 66.7",
        ],
        // Memory is not limited: a gets what is left of an agent without its processors.
        [
          "A3 joins",
          (s) => s.agent("A3", "cpus:2;mem:400"),
          ["F1/a gets mem:400 on A3", "F2/b gets cpus:2 on A3"],
          "a 70 b 75",
        ],
        [
          "the limit is raised",
          (s) => s.quota("a", { limit: "cpus:3" }).agent("A4", "cpus:2;mem:200"),
          ["F1/a gets cpus:1;mem:200 on A4", "F2/b gets cpus:1 on A4"],
          "a 75 b 70",
        ],
        [
          "the limit goes",
          (s) => s.quota("a", undefined).agent("A5", "cpus:2;mem:800"),
          ["F1/a gets cpus:2;mem:800 on A5"],
          "a 85 b 58.3",
        ],
      ],
    )
    expect([story.consumed("a"), story.consumed("b")]).toEqual([
      "cpus:5 mem:1700",
      "cpus:7 mem:300",
    ])
  })

  test("hold for a role and all below it together", () => {
    const story = course(
      ["eng", "eng/web", "ops"],
      [
        [
          "eng may have 2 cpus",
          (s) =>
            s
              .quota("eng", { limit: "cpus:2;mem:200" })
              .framework("B", ["eng/batch"])
              .framework("W", ["eng/web"])
              .framework("O", ["ops"]),
          [],
          "eng 0 eng/web 0 ops 0",
        ],
        [
          "A1 joins",
          (s) => s.agent("A1", "cpus:1;mem:100"),
          ["B/eng/batch gets cpus:1;mem:100 on A1"],
          "eng 100 eng/web 0 ops 0",
        ],
        [
          "A2 joins",
          (s) => s.agent("A2", "cpus:1;mem:100"),
          ["O/ops gets cpus:1;mem:100 on A2"],
          "eng 50 eng/web 0 ops 50",
        ],
        [
          "A3 joins",
          (s) => s.agent("A3", "cpus:1;mem:100"),
          ["W/eng/web gets cpus:1;mem:100 on A3"],
          "eng 66.7 eng/web 33.3 ops 33.3",
        ],
        [
          "A4 joins",
          (s) => s.agent("A4", "cpus:1;mem:100"),
          ["O/ops gets cpus:1;mem:100 on A4"],
          "eng 50 eng/web 25 ops 50",
        ],
        // eng would be first by name now.
        [
          "A5 joins",
          (s) => s.agent("A5", "cpus:1;mem:100"),
          ["O/ops gets cpus:1;mem:100 on A5"],
          "eng 40 eng/web 20 ops 60",
        ],
        [
          "web gives back, and has it again a second later at the latest",
          (s) => s.returns("W").later(SECOND),
          ["W/eng/web gets cpus:1;mem:100 on A3"],
          "eng 40 eng/web 20 ops 60",
        ],
      ],
    )
    expect(story.why("W", "eng/web")).toEqual({ nothingFree: 5 })
  })

  test("count what is reserved to the role before anybody uses it", () => {
    const story = course(
      ["a"],
      [
        [
          "a may have 3 cpus",
          (s) => s.quota("a", { limit: "cpus:3" }).framework("F", ["a"]).suppress("F"),
          [],
          "a 0",
        ],
        ["two of them are reserved", (s) => s.agent("A1", "cpus(a):2;mem:100"), [], "a 0"],
        [
          "one more is all it may have elsewhere",
          (s) => s.agent("A2", "cpus:4;mem:100").revive("F"),
          ["F/a gets cpus(a):2;mem:100 on A1", "F/a gets cpus:1;mem:100 on A2"],
          "a 100",
        ],
      ],
    )
    expect(story.consumed("a")).toBe("cpus:3 mem:200")
  })
})

describe("guarantees", () => {
  test("come first, and only then fairness", () => {
    const story = course(
      ["a", "b"],
      [
        [
          "b is promised 4 cpus",
          (s) =>
            s
              .quota("b", { guarantee: "cpus:4;mem:200" })
              .framework("F1", ["a"])
              .framework("F2", ["b"]),
          [],
          "a 0 b 0",
        ],
        [
          "A1 joins",
          (s) => s.agent("A1", "cpus:2;mem:100"),
          ["F2/b gets cpus:2;mem:100 on A1"],
          "a 0 b 100",
        ],
        // b has everything and a nothing; but b is owed two more.
        [
          "A2 joins",
          (s) => s.agent("A2", "cpus:2;mem:100"),
          ["F2/b gets cpus:2;mem:100 on A2"],
          "a 0 b 100",
        ],
        [
          "A3 joins: the promise is kept",
          (s) => s.agent("A3", "cpus:2;mem:100"),
          ["F1/a gets cpus:2;mem:100 on A3"],
          "a 33.3 b 66.7",
        ],
        [
          "b gives half back, and gets it again",
          (s) => s.returns("F2", 0, "A1"),
          ["F2/b gets cpus:2;mem:100 on A1"],
          "a 33.3 b 66.7",
        ],
        // What b refuses is kept for it all the same: it may want it again.
        [
          "b refuses half for an hour",
          (s) => s.returns("F2", 3_600 * SECOND, "A1"),
          [],
          "a 33.3 b 33.3",
        ],
        [
          "the promise is withdrawn",
          (s) => s.quota("b", undefined).later(SECOND),
          ["F1/a gets cpus:2;mem:100 on A1"],
          "a 66.7 b 33.3",
        ],
      ],
    )
    expect(story.why("F2", "b")).toEqual({ nothingFree: 3 })
  })

  test("keep headroom while their role has nobody who wants it", () => {
    const story = course(
      ["a", "prod"],
      [
        [
          "prod is promised 4 cpus",
          (s) => s.quota("prod", { guarantee: "cpus:4" }).framework("F", ["a"]),
          [],
          "a 0 prod 0",
        ],
        [
          "A1 joins",
          (s) => s.agent("A1", "cpus:3;mem:300"),
          ["F/a gets mem:300 on A1"],
          "a 100 prod 0",
        ],
        [
          "A2 joins: one of its cpus is beyond the promise",
          (s) => s.agent("A2", "cpus:2;mem:100"),
          ["F/a gets cpus:1;mem:100 on A2"],
          "a 100 prod 0",
        ],
        [
          "prod comes",
          (s) => s.framework("P", ["prod"]),
          ["P/prod gets cpus:1 on A2", "P/prod gets cpus:3 on A1"],
          "a 100 prod 80",
        ],
        [
          "prod goes, and its share stays free",
          (s) => s.suppress("P").returns("P"),
          [],
          "a 100 prod 0",
        ],
        [
          "the promise is withdrawn",
          (s) => s.quota("prod", undefined).later(SECOND),
          ["F/a gets cpus:1 on A2", "F/a gets cpus:3 on A1"],
          "a 100 prod 0",
        ],
      ],
    )
    expect(story.consumed("a")).toBe("cpus:5 mem:400")
    expect(story.allocator.surplus("cpus")).toBe(0)
  })

  test("with limits above them: the promise is kept, the rest is a matter of fairness, the limit is the end", () => {
    const story = course(
      ["a", "b"],
      [
        [
          "b is promised 1 cpu and may have 3",
          (s) =>
            s
              .quota("b", { guarantee: "cpus:1", limit: "cpus:3" })
              .framework("F1", ["a"])
              .framework("F2", ["b"]),
          [],
          "a 0 b 0",
        ],
        [
          "A1 joins",
          (s) => s.agent("A1", "cpus:1;mem:100"),
          ["F2/b gets cpus:1;mem:100 on A1"],
          "a 0 b 100",
        ],
        [
          "A2 joins",
          (s) => s.agent("A2", "cpus:1;mem:100"),
          ["F1/a gets cpus:1;mem:100 on A2"],
          "a 50 b 50",
        ],
        [
          "A3 joins",
          (s) => s.agent("A3", "cpus:1;mem:100"),
          ["F1/a gets cpus:1;mem:100 on A3"],
          "a 66.7 b 33.3",
        ],
        [
          "A4 joins",
          (s) => s.agent("A4", "cpus:1;mem:100"),
          ["F2/b gets cpus:1;mem:100 on A4"],
          "a 50 b 50",
        ],
        [
          "A5 joins",
          (s) => s.agent("A5", "cpus:1;mem:100"),
          ["F1/a gets cpus:1;mem:100 on A5"],
          "a 60 b 40",
        ],
        [
          "A6 joins",
          (s) => s.agent("A6", "cpus:1;mem:100"),
          ["F2/b gets cpus:1;mem:100 on A6"],
          "a 50 b 50",
        ],
        [
          "a gives back two; b may have their memory at most",
          (s) => s.suppress("F1").returns("F1", 0, "A2").returns("F1", 0, "A3"),
          ["F2/b gets mem:100 on A2", "F2/b gets mem:100 on A3"],
          "a 16.7 b 83.3",
        ],
      ],
    )
    expect(story.consumed("b")).toBe("cpus:3 mem:500")
  })
})
