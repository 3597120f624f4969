import { describe, expect, test } from "bun:test"
import { brandId } from "#lib/mesos/index.ts"
import type { TaskId, TaskStatus } from "#lib/mesos/index.ts"
import { conditionOf, countsAsFailure, isTerminal } from "./condition.ts"
import type { Condition } from "./records.ts"

const status = (change: Partial<TaskStatus>): TaskStatus => ({
  taskId: brandId<TaskId>("t"),
  state: "TASK_LOST",
  ...change,
})

describe("the condition that a status means", () => {
  test.each([
    [{ state: "TASK_STAGING" }, "Staging"],
    [{ state: "TASK_RUNNING" }, "Running"],
    [{ state: "TASK_KILLING" }, "Killing"],
    [{ state: "TASK_GONE_BY_OPERATOR" }, "Gone"],
    [{ state: "TASK_UNREACHABLE" }, "Unreachable"],
    [{ reason: "REASON_AGENT_REMOVED" }, "Unreachable"],
    [{ reason: "REASON_RECONCILIATION" }, "Unreachable"],
    [
      { reason: "REASON_RECONCILIATION", message: "Reconciliation: Task is unknown to the agent" },
      "Unknown",
    ],
    [{ reason: "REASON_TASK_UNKNOWN" }, "Unknown"],
    [{ reason: "REASON_INVALID_OFFERS" }, "Gone"],
  ] as [Partial<TaskStatus>, Condition][])("%j: %s", (change, condition) => {
    expect(conditionOf(status(change))).toBe(condition)
  })

  test("is an end unless the task may still live", () => {
    expect(isTerminal("Finished")).toBe(true)
    expect(isTerminal("Unreachable")).toBe(false)
    expect(isTerminal("Killing")).toBe(false)
  })

  test("makes launches wait after failures and ends, not after kills and drains", () => {
    expect(countsAsFailure("Failed", status({}))).toBe(true)
    expect(countsAsFailure("Finished", status({}))).toBe(true)
    expect(countsAsFailure("Killed", status({}))).toBe(false)
    expect(countsAsFailure("Unknown", status({}))).toBe(false)
    expect(countsAsFailure("Gone", status({ reason: "REASON_AGENT_DRAINING" }))).toBe(false)
  })
})
