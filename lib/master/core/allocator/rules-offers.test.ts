/** What frameworks say and agents are: filters, suppressed roles, minimum, GPUs, regions, revocable. */
import { describe, expect, test } from "bun:test"
import { expected, follow, Story, type Row } from "./narration.ts"
import { normalizeResources, type AgentInfo } from "#lib/mesos/index.ts"
import { resources } from "#lib/master/core/builders.ts"

const SECOND = 1_000

const course = (roles: readonly string[], rows: readonly Row[], story = new Story()): Story => {
  expect(follow(story, roles, rows)).toEqual(expected(rows))
  return story
}

describe("decline filters", () => {
  test("pass an agent on to the next framework, for as long as was asked", () => {
    const story = course(
      ["a", "b"],
      [
        [
          "both want A1",
          (s) => s.framework("F1", ["a"]).framework("F2", ["b"]).agent("A1", "cpus:4;mem:400"),
          ["F1/a gets cpus:4;mem:400 on A1"],
          "a 100 b 0",
        ],
        [
          "a declines for 5 seconds",
          (s) => s.returns("F1", 5 * SECOND),
          ["F2/b gets cpus:4;mem:400 on A1"],
          "a 0 b 100",
        ],
        ["b declines for 10", (s) => s.returns("F2", 10 * SECOND), [], "a 0 b 0"],
        ["almost 5 seconds pass", (s) => s.later(5 * SECOND - 1), [], "a 0 b 0"],
        [
          "and the rest of them",
          (s) => s.later(1),
          ["F1/a gets cpus:4;mem:400 on A1"],
          "a 100 b 0",
        ],
        ["a declines for a day", (s) => s.returns("F1", 86_400 * SECOND), [], "a 0 b 0"],
        [
          "b's time is over",
          (s) => s.later(5 * SECOND),
          ["F2/b gets cpus:4;mem:400 on A1"],
          "a 0 b 100",
        ],
      ],
    )
    expect(story.why("F1", "a")).toEqual({ nothingFree: 1 })
  })

  test("cover what was refused and less, not more", () => {
    course(
      ["a", "b"],
      [
        [
          "A1 is shared",
          (s) =>
            s.framework("F2", ["b"]).agent("A1", "cpus:2;mem:200").agent("A2", "cpus:1;mem:100"),
          ["F2/b gets cpus:1;mem:100 on A2", "F2/b gets cpus:2;mem:200 on A1"],
          "a 0 b 100",
        ],
        [
          "a comes, and b gives A2 back",
          (s) => s.framework("F1", ["a"]).suppress("F2").returns("F2", 0, "A2"),
          ["F1/a gets cpus:1;mem:100 on A2"],
          "a 33.3 b 66.7",
        ],
        ["a refuses A2 for an hour", (s) => s.returns("F1", 3_600 * SECOND), [], "a 0 b 66.7"],
        // Another agent is another matter.
        [
          "b gives A1 back",
          (s) => s.returns("F2"),
          ["F1/a gets cpus:2;mem:200 on A1"],
          "a 66.7 b 0",
        ],
        [
          "b wants again what a refused",
          (s) => s.revive("F2"),
          ["F2/b gets cpus:1;mem:100 on A2"],
          "a 66.7 b 33.3",
        ],
        ["and gives it back", (s) => s.suppress("F2").returns("F2"), [], "a 66.7 b 0"],
        [
          "a revives, which ends its filters",
          (s) => s.revive("F1"),
          ["F1/a gets cpus:1;mem:100 on A2"],
          "a 100 b 0",
        ],
      ],
    )
  })

  test("an offer that nobody answered in time is refused by nobody: the neediest is asked, even the same", () => {
    course(
      ["a", "b"],
      [
        [
          "A1 and A2 join",
          (s) => s.framework("F1", ["a"]).agent("A1", "cpus:1;mem:100"),
          ["F1/a gets cpus:1;mem:100 on A1"],
          "a 100 b 0",
        ],
        [
          "its time is over",
          (s) => s.returns("F1"),
          ["F1/a gets cpus:1;mem:100 on A1"],
          "a 100 b 0",
        ],
        // a was served twice, b never.
        [
          "its time is over, and b is there",
          (s) => s.framework("F2", ["b"]).returns("F1"),
          ["F2/b gets cpus:1;mem:100 on A1"],
          "a 0 b 100",
        ],
      ],
    )
  })
})

describe("suppressed roles", () => {
  test("are passed over, keep what they have, and count with it", () => {
    course(
      ["a", "b", "c"],
      [
        [
          "F in a and b, G in c",
          (s) => s.framework("F", ["a", "b"]).framework("G", ["c"]),
          [],
          "a 0 b 0 c 0",
        ],
        [
          "A1 joins",
          (s) => s.agent("A1", "cpus:1;mem:100"),
          ["F/a gets cpus:1;mem:100 on A1"],
          "a 100 b 0 c 0",
        ],
        [
          "F suppresses b; A2 joins",
          (s) => s.suppress("F", "b").agent("A2", "cpus:1;mem:100"),
          ["G/c gets cpus:1;mem:100 on A2"],
          "a 50 b 0 c 50",
        ],
        [
          "F suppresses everything; A3 joins",
          (s) => s.suppress("F").agent("A3", "cpus:1;mem:100"),
          ["G/c gets cpus:1;mem:100 on A3"],
          "a 33.3 b 0 c 66.7",
        ],
        [
          "F revives b, which has nothing",
          (s) => s.revive("F", "b").agent("A4", "cpus:1;mem:100"),
          ["F/b gets cpus:1;mem:100 on A4"],
          "a 25 b 25 c 50",
        ],
        [
          "F revives a",
          (s) => s.revive("F").agent("A5", "cpus:1;mem:100"),
          ["F/a gets cpus:1;mem:100 on A5"],
          "a 40 b 20 c 40",
        ],
      ],
    )
  })

  test("of everybody leave an agent free until one of them wakes", () => {
    const story = course(
      ["a", "b"],
      [
        [
          "nobody wants anything",
          (s) =>
            s
              .framework("F1", ["a"])
              .framework("F2", ["b"])
              .suppress("F1")
              .suppress("F2")
              .agent("A1", "cpus:1;mem:100"),
          [],
          "a 0 b 0",
        ],
        ["b wakes", (s) => s.revive("F2"), ["F2/b gets cpus:1;mem:100 on A1"], "a 0 b 100"],
        ["a wakes: nothing is free", (s) => s.revive("F1"), [], "a 0 b 100"],
      ],
    )
    expect(story.why("F1", "a")).toEqual({ nothingFree: 1 })
  })
})

describe("minimum allocatable resources", () => {
  const wants = (cpus: number) => ({
    offerFilters: {
      b: { minAllocatableResources: { quantities: [{ quantities: { cpus: { value: cpus } } }] } },
    },
  })

  test("leave to others what is too little for one framework", () => {
    const story = course(
      ["a", "b"],
      [
        [
          "b wants 2 cpus at least",
          (s) => s.framework("F1", ["a"]).framework("F2", ["b"], ["MULTI_ROLE"], wants(2)),
          [],
          "a 0 b 0",
        ],
        [
          "A1 joins",
          (s) => s.agent("A1", "cpus:1;mem:100"),
          ["F1/a gets cpus:1;mem:100 on A1"],
          "a 100 b 0",
        ],
        // b is needier, but it is too little for it.
        [
          "A2 joins",
          (s) => s.agent("A2", "cpus:1;mem:100"),
          ["F1/a gets cpus:1;mem:100 on A2"],
          "a 100 b 0",
        ],
        [
          "A3 joins",
          (s) => s.agent("A3", "cpus:2;mem:100"),
          ["F2/b gets cpus:2;mem:100 on A3"],
          "a 66.7 b 50",
        ],
        [
          "A4 has nothing worth offering to anybody",
          (s) => s.agent("A4", "cpus:0.009;mem:31"),
          [],
          "a 60.4 b 49.9",
        ],
      ],
    )
    expect(story.why("F2", "b")).toEqual({ nothingFree: 3, belowMinimum: 1 })
  })

  test("is reached again when enough comes back to the agent", () => {
    course(
      ["a", "b"],
      [
        [
          "half of A1 is a's, by quota",
          (s) =>
            s
              .quota("a", { limit: "cpus:1;mem:100" })
              .framework("F1", ["a"])
              .agent("A1", "cpus:2;mem:200"),
          ["F1/a gets cpus:1;mem:100 on A1"],
          "a 50 b 0",
        ],
        [
          "b wants 2 cpus at least",
          (s) => s.framework("F2", ["b"], ["MULTI_ROLE"], wants(2)),
          [],
          "a 50 b 0",
        ],
        [
          "a is done",
          (s) => s.suppress("F1").returns("F1"),
          ["F2/b gets cpus:2;mem:200 on A1"],
          "a 0 b 100",
        ],
      ],
    )
  })
})

describe("agents with GPUs", () => {
  test("wait for a framework that knows them, whatever it is short of", () => {
    const story = course(
      ["a", "ml"],
      [
        [
          "a alone",
          (s) => s.framework("F", ["a"]).agent("G1", "cpus:1;mem:100;gpus:1"),
          [],
          "a 0 ml 0",
        ],
        [
          "plain A1 joins",
          (s) => s.agent("A1", "cpus:3;mem:300"),
          ["F/a gets cpus:3;mem:300 on A1"],
          "a 75 ml 0",
        ],
        [
          "ml comes",
          (s) => s.framework("G", ["ml"], ["MULTI_ROLE", "GPU_RESOURCES"]),
          ["G/ml gets cpus:1;gpus:1;mem:100 on G1"],
          "a 75 ml 100",
        ],
        // ml may have plain agents, too, but not before a.
        [
          "plain A2 joins",
          (s) => s.agent("A2", "cpus:1;mem:100"),
          ["F/a gets cpus:1;mem:100 on A2"],
          "a 80 ml 100",
        ],
      ],
    )
    expect(story.why("F", "a")).toEqual({ gpuWithoutCapability: 1, nothingFree: 2 })
  })
})

describe("fault domains", () => {
  const at = (region: string, zone: string): { readonly info: AgentInfo } => ({
    info: {
      hostname: zone,
      domain: { faultDomain: { region: { name: region }, zone: { name: zone } } },
    },
  })

  test("zones of the master's region are for all, other regions for those that know them", () => {
    const story = course(
      ["a", "far"],
      [
        ["a knows no regions", (s) => s.framework("F", ["a"]), [], "a 0 far 0"],
        [
          "one zone",
          (s) => s.agent("A1", "cpus:1;mem:100", at("eu", "eu-1")),
          ["F/a gets cpus:1;mem:100 on A1"],
          "a 100 far 0",
        ],
        [
          "another zone",
          (s) => s.agent("A2", "cpus:1;mem:100", at("eu", "eu-2")),
          ["F/a gets cpus:1;mem:100 on A2"],
          "a 100 far 0",
        ],
        [
          "an agent without a domain",
          (s) => s.agent("A3", "cpus:1;mem:100"),
          ["F/a gets cpus:1;mem:100 on A3"],
          "a 100 far 0",
        ],
        [
          "another region",
          (s) => s.agent("A4", "cpus:1;mem:100", at("us", "us-1")),
          [],
          "a 75 far 0",
        ],
        [
          "one that knows regions",
          (s) => s.framework("R", ["far"], ["MULTI_ROLE", "REGION_AWARE"]),
          ["R/far gets cpus:1;mem:100 on A4"],
          "a 75 far 25",
        ],
        [
          "the neediest is asked first",
          (s) => s.agent("A5", "cpus:1;mem:100", at("eu", "eu-1")),
          ["R/far gets cpus:1;mem:100 on A5"],
          "a 60 far 40",
        ],
      ],
      new Story({ region: "eu" }),
    )
    expect(story.why("F", "a")).toEqual({ nothingFree: 4, remoteRegion: 1 })
  })
})

describe("revocable resources", () => {
  const spare = (text: string) => ({
    total: normalizeResources([
      ...resources("cpus:1;mem:100"),
      ...resources(text).map((each) => ({ ...each, revocable: true as const })),
    ]),
  })

  test("go to those that can lose them, beyond any limit", () => {
    const story = course(
      ["a", "r"],
      [
        [
          "a cannot lose anything",
          (s) => s.framework("F", ["a"]).agent("A1", "cpus:0", spare("cpus:4")),
          ["F/a gets cpus:1;mem:100 on A1"],
          "a 100 r 0",
        ],
        [
          "r can, and may have nothing for good",
          (s) =>
            s
              .quota("r", { limit: "cpus:0;mem:0" })
              .framework("R", ["r"], ["MULTI_ROLE", "REVOCABLE_RESOURCES"]),
          ["R/r gets cpus{REV}:4 on A1"],
          "a 100 r 80",
        ],
        ["a gives back", (s) => s.suppress("F").returns("F"), [], "a 0 r 80"],
      ],
    )
    expect(story.consumed("r")).toBe("")
    expect(story.why("R", "r")).toEqual({ quotaLimit: 1 })
  })
})

describe("maintenance", () => {
  test("an agent that goes down takes what it has out of all shares, and brings it back", () => {
    course(
      ["a", "b"],
      [
        [
          "two agents, two roles",
          (s) => s.framework("F1", ["a"]).framework("F2", ["b"]).agent("A1", "cpus:1;mem:100"),
          ["F1/a gets cpus:1;mem:100 on A1"],
          "a 100 b 0",
        ],
        [
          "A2 joins",
          (s) => s.agent("A2", "cpus:3;mem:100"),
          ["F2/b gets cpus:3;mem:100 on A2"],
          "a 50 b 75",
        ],
        // Offers are taken back, to carry the time or because the machine goes.
        ["A2 goes out of service", (s) => s.serves("A2", false).returns("F2"), [], "a 50 b 0"],
        [
          "A1 is offered anew",
          (s) => s.returns("F1"),
          ["F1/a gets cpus:1;mem:100 on A1"],
          "a 50 b 0",
        ],
        ["A2 is down", (s) => s.leaves("A2"), [], "a 100 b 0"],
        [
          "A2 is up",
          (s) => s.agent("A2", "cpus:3;mem:100"),
          ["F2/b gets cpus:3;mem:100 on A2"],
          "a 50 b 75",
        ],
      ],
    )
  })
})
