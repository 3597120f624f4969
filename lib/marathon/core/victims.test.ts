import { describe, expect, test } from "bun:test"
import { brandId } from "#lib/mesos/index.ts"
import type { AgentId, TaskId } from "#lib/mesos/index.ts"
import type { Condition, Instance } from "./records.ts"
import { testAppVersion } from "./test-app.ts"
import { chooseVictims } from "./victims.ts"

const one = (id: string, condition: Condition, startedAt = 0, rack?: string): Instance => {
  const app = testAppVersion()
  return {
    id,
    appId: app.id,
    version: app.version,
    role: "*",
    goal: "Running",
    condition,
    since: 0,
    createdAt: startedAt,
    incarnation: 1,
    placement: {
      agentId: brandId<AgentId>("a1"),
      host: "h1",
      attributes: rack === undefined ? {} : { rack },
    },
    task: {
      id: brandId<TaskId>(`${id}._app.1`),
      stagedAt: startedAt,
      startedAt,
      hostPorts: [],
      portsByIndex: [],
      ipAddresses: [],
      health: [],
      ready: true,
    },
  }
}

const ids = (instances: readonly Instance[]): readonly string[] => instances.map(({ id }) => id)

describe("who goes when an app shrinks", () => {
  test("those that serve least", () => {
    const all = [
      one("running", "Running"),
      one("starting", "Starting"),
      one("unreachable", "Unreachable"),
      one("staging", "Staging"),
      one("waiting", "Scheduled"),
    ]
    expect(ids(chooseVictims(testAppVersion(), all, 5))).toEqual([
      "waiting",
      "unreachable",
      "staging",
      "starting",
      "running",
    ])
  })

  test("the youngest, or the oldest where the app says so; ties by id", () => {
    const all = [one("b", "Running", 2), one("c", "Running", 2), one("a", "Running", 1)]
    expect(ids(chooseVictims(testAppVersion(), all, 2))).toEqual(["b", "c"])
    const oldest = testAppVersion({ killSelection: "OLDEST_FIRST" })
    expect(ids(chooseVictims(oldest, all, 1))).toEqual(["a"])
  })

  test("the fullest groups first where they are to be balanced", () => {
    const app = testAppVersion({ constraints: [{ field: "rack", operator: "GROUP_BY" }] })
    const all = [
      one("r1-old", "Running", 1, "r1"),
      one("r1-young", "Running", 2, "r1"),
      one("r2-a", "Running", 3, "r2"),
      one("r1-mid", "Running", 1.5, "r1"),
    ]
    expect(ids(chooseVictims(app, all, 2))).toEqual(["r1-young", "r1-mid"])
  })

  test("no more than were asked for", () => {
    const app = testAppVersion({ constraints: [{ field: "rack", operator: "GROUP_BY" }] })
    expect(chooseVictims(app, [one("a", "Running"), one("b", "Running")], 1)).toHaveLength(1)
    expect(chooseVictims(testAppVersion(), [one("a", "Running")], 0)).toEqual([])
  })
})
