/** Whose turn it is: DRF over role trees, weights, and what they do when the cluster changes. */
import { describe, expect, test } from "bun:test"
import { expected, follow, Story, type Row } from "./narration.ts"

const course = (roles: readonly string[], rows: readonly Row[], story = new Story()): void =>
  expect(follow(story, roles, rows)).toEqual(expected(rows))

describe("dominant shares", () => {
  test("one role is short of memory and one of processors: each counts by what it has most of", () => {
    course(
      ["a", "b"],
      [
        [
          "nobody has anything",
          (s) => s.framework("F1", ["a"]).framework("F2", ["b"]),
          [],
          "a 0 b 0",
        ],
        // Equal shares: by name.
        [
          "memory joins",
          (s) => s.agent("M1", "cpus:1;mem:400"),
          ["F1/a gets cpus:1;mem:400 on M1"],
          "a 100 b 0",
        ],
        // Of 10 cpus and 500 mem: a has 80 % of the memory, b 90 % of the processors.
        [
          "processors join",
          (s) => s.agent("C1", "cpus:9;mem:100"),
          ["F2/b gets cpus:9;mem:100 on C1"],
          "a 80 b 90",
        ],
        // 11 cpus, 1000 mem: a 400 + 500.
        [
          "memory joins again",
          (s) => s.agent("M2", "cpus:1;mem:500"),
          ["F1/a gets cpus:1;mem:500 on M2"],
          "a 90 b 81.8",
        ],
        // 13 cpus, 1100 mem: b had 9 of 13, a 900 of 1100.
        [
          "a little of both",
          (s) => s.agent("X1", "cpus:2;mem:100"),
          ["F2/b gets cpus:2;mem:100 on X1"],
          "a 81.8 b 84.6",
        ],
      ],
    )
  })

  test("what comes back makes a role needy again, and what leaves makes all others richer", () => {
    course(
      ["a", "b"],
      [
        [
          "two roles have two agents each",
          (s) => {
            s.framework("F1", ["a"]).framework("F2", ["b"])
            for (const id of ["A1", "A2", "A3", "A4"]) s.agent(id, "cpus:1;mem:100").run()
          },
          [],
          "a 50 b 50",
        ],
        // Both are offered anew to the one with nothing, until it has as much as the other.
        [
          "a gives all back",
          (s) => s.returns("F1"),
          ["F1/a gets cpus:1;mem:100 on A1", "F1/a gets cpus:1;mem:100 on A3"],
          "a 50 b 50",
        ],
        [
          "b suppresses and gives one back",
          (s) => s.suppress("F2").returns("F2", 0, "A2"),
          ["F1/a gets cpus:1;mem:100 on A2"],
          "a 75 b 25",
        ],
        ["b wants more: there is none", (s) => s.revive("F2"), [], "a 75 b 25"],
        [
          "a gives one back",
          (s) => s.returns("F1", 0, "A2"),
          ["F2/b gets cpus:1;mem:100 on A2"],
          "a 50 b 50",
        ],
        [
          "an agent of a leaves",
          (s) => s.suppress("F1").suppress("F2").returns("F1", 0, "A1").leaves("A1"),
          [],
          "a 33.3 b 66.7",
        ],
      ],
    )
  })

  test("a resource that only some agents have dominates for those who hold it", () => {
    course(
      ["ml", "web"],
      [
        [
          "both subscribe",
          (s) => s.framework("G", ["ml"], ["GPU_RESOURCES"]).framework("W", ["web"]),
          [],
          "ml 0 web 0",
        ],
        // Only G may have it, and with it half of all GPUs there will be.
        [
          "a GPU joins",
          (s) => s.agent("G1", "cpus:1;mem:100;gpus:1"),
          ["G/ml gets cpus:1;gpus:1;mem:100 on G1"],
          "ml 100 web 0",
        ],
        [
          "plain agents join",
          (s) => s.agent("A1", "cpus:4;mem:400").agent("A2", "cpus:4;mem:400"),
          ["W/web gets cpus:4;mem:400 on A1", "W/web gets cpus:4;mem:400 on A2"],
          "ml 100 web 88.9",
        ],
        // The GPU goes first to the only one who may have it, although its share is the larger one.
        [
          "another GPU joins",
          (s) => s.agent("G2", "cpus:1;mem:100;gpus:3"),
          ["G/ml gets cpus:1;gpus:3;mem:100 on G2"],
          "ml 100 web 80",
        ],
      ],
    )
  })
})

describe("role trees", () => {
  const TREE = ["eng", "eng/batch", "eng/web", "ops"]

  test("siblings share what their parent gets, whatever their number", () => {
    course(TREE, [
      [
        "three frameworks in two top-level roles",
        (s) => s.framework("W", ["eng/web"]).framework("B", ["eng/batch"]).framework("O", ["ops"]),
        [],
        "eng 0 eng/batch 0 eng/web 0 ops 0",
      ],
      [
        "A1 joins",
        (s) => s.agent("A1", "cpus:4;mem:400"),
        ["B/eng/batch gets cpus:4;mem:400 on A1"],
        "eng 100 eng/batch 100 eng/web 0 ops 0",
      ],
      // web has nothing, but it is of eng, which has everything.
      [
        "A2 joins",
        (s) => s.agent("A2", "cpus:4;mem:400"),
        ["O/ops gets cpus:4;mem:400 on A2"],
        "eng 50 eng/batch 50 eng/web 0 ops 50",
      ],
      [
        "A3 joins",
        (s) => s.agent("A3", "cpus:2;mem:200"),
        ["W/eng/web gets cpus:2;mem:200 on A3"],
        "eng 60 eng/batch 40 eng/web 20 ops 40",
      ],
      [
        "A4 joins",
        (s) => s.agent("A4", "cpus:2;mem:200"),
        ["O/ops gets cpus:2;mem:200 on A4"],
        "eng 50 eng/batch 33.3 eng/web 16.7 ops 50",
      ],
    ])
  })

  test("frameworks in a role itself compete as one with its sub-roles", () => {
    course(
      ["eng", "eng/web"],
      [
        [
          "two in eng, one below",
          (s) => s.framework("E1", ["eng"]).framework("E2", ["eng"]).framework("W", ["eng/web"]),
          [],
          "eng 0 eng/web 0",
        ],
        [
          "A1 joins",
          (s) => s.agent("A1", "cpus:1;mem:100"),
          ["E1/eng gets cpus:1;mem:100 on A1"],
          "eng 100 eng/web 0",
        ],
        [
          "A2 joins",
          (s) => s.agent("A2", "cpus:1;mem:100"),
          ["W/eng/web gets cpus:1;mem:100 on A2"],
          "eng 100 eng/web 50",
        ],
        // Those in eng itself have half together: E2 comes before E1, and both as one beside web.
        [
          "A3 joins",
          (s) => s.agent("A3", "cpus:1;mem:100"),
          ["E2/eng gets cpus:1;mem:100 on A3"],
          "eng 100 eng/web 33.3",
        ],
        [
          "A4 joins",
          (s) => s.agent("A4", "cpus:1;mem:100"),
          ["W/eng/web gets cpus:1;mem:100 on A4"],
          "eng 100 eng/web 50",
        ],
      ],
    )
  })

  test("a framework of two roles has a place under each", () => {
    course(
      ["a", "b"],
      [
        [
          "F in both, G in b",
          (s) => s.framework("F", ["a", "b"]).framework("G", ["b"]),
          [],
          "a 0 b 0",
        ],
        [
          "A1 joins",
          (s) => s.agent("A1", "cpus:1;mem:100"),
          ["F/a gets cpus:1;mem:100 on A1"],
          "a 100 b 0",
        ],
        // Under b it has nothing yet, as G has; by name it comes first.
        [
          "A2 joins",
          (s) => s.agent("A2", "cpus:1;mem:100"),
          ["F/b gets cpus:1;mem:100 on A2"],
          "a 50 b 50",
        ],
        [
          "F gives back what it has under a",
          (s) => s.returns("F", 0, "A1"),
          ["F/a gets cpus:1;mem:100 on A1"],
          "a 50 b 50",
        ],
        // Equal shares, of which b was served once and a twice.
        [
          "F wants no more under b",
          (s) => s.suppress("F", "b").agent("A3", "cpus:1;mem:100"),
          ["G/b gets cpus:1;mem:100 on A3"],
          "a 33.3 b 66.7",
        ],
        [
          "A4 joins",
          (s) => s.agent("A4", "cpus:1;mem:100"),
          ["F/a gets cpus:1;mem:100 on A4"],
          "a 50 b 50",
        ],
      ],
    )
  })
})

describe("weights", () => {
  test("divide the shares, from the next offer on", () => {
    course(
      ["a", "b"],
      [
        [
          "a weighs twice as much",
          (s) => s.weight("a", 2).framework("F1", ["a"]).framework("F2", ["b"]),
          [],
          "a 0 b 0",
        ],
        [
          "A1 joins",
          (s) => s.agent("A1", "cpus:1;mem:100"),
          ["F1/a gets cpus:1;mem:100 on A1"],
          "a 50 b 0",
        ],
        [
          "A2 joins",
          (s) => s.agent("A2", "cpus:1;mem:100"),
          ["F2/b gets cpus:1;mem:100 on A2"],
          "a 25 b 50",
        ],
        [
          "A3 joins",
          (s) => s.agent("A3", "cpus:1;mem:100"),
          ["F1/a gets cpus:1;mem:100 on A3"],
          "a 33.3 b 33.3",
        ],
        ["b weighs four: nothing moves by itself", (s) => s.weight("b", 4), [], "a 33.3 b 8.3"],
        [
          "A4 joins",
          (s) => s.agent("A4", "cpus:1;mem:100"),
          ["F2/b gets cpus:1;mem:100 on A4"],
          "a 25 b 12.5",
        ],
        [
          "A5 joins",
          (s) => s.agent("A5", "cpus:1;mem:100"),
          ["F2/b gets cpus:1;mem:100 on A5"],
          "a 20 b 15",
        ],
      ],
    )
  })

  test("of a sub-role count among its siblings only", () => {
    course(
      ["eng", "eng/web", "ops"],
      [
        [
          "web weighs ten",
          (s) =>
            s
              .weight("eng/web", 10)
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
          "eng 66.7 eng/web 3.3 ops 33.3",
        ],
        [
          "A4 joins",
          (s) => s.agent("A4", "cpus:1;mem:100"),
          ["O/ops gets cpus:1;mem:100 on A4"],
          "eng 50 eng/web 2.5 ops 50",
        ],
        // batch has a quarter, web a quarter by ten.
        [
          "A5 joins",
          (s) => s.agent("A5", "cpus:1;mem:100"),
          ["W/eng/web gets cpus:1;mem:100 on A5"],
          "eng 60 eng/web 4 ops 40",
        ],
      ],
    )
  })
})
