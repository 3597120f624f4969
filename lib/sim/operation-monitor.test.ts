import { expect, test } from "bun:test"
import type { FrameworkId, OperationId, OperationState } from "#lib/mesos/index.ts"
import { OperationMonitor } from "./operation-monitor.ts"

function bench() {
  const monitor = new OperationMonitor()
  return (state: OperationState, id = "o1", framework = "f1"): string | undefined =>
    monitor.heard(framework as FrameworkId, { operationId: id as OperationId, state })
}

test("an outcome may be told again, and of each operation another", () => {
  const hear = bench()
  expect(hear("OPERATION_PENDING")).toBeUndefined()
  expect(hear("OPERATION_FINISHED")).toBeUndefined()
  expect(hear("OPERATION_FINISHED")).toBeUndefined()
  expect(hear("OPERATION_ERROR", "o2")).toBeUndefined()
  expect(hear("OPERATION_DROPPED", "o1", "f2")).toBeUndefined()
})

test("that the master does not know, or cannot ask, is no outcome", () => {
  const hear = bench()
  hear("OPERATION_FINISHED")
  expect(hear("OPERATION_UNKNOWN")).toBeUndefined()
  expect(hear("OPERATION_UNREACHABLE")).toBeUndefined()
  expect(hear("OPERATION_GONE_BY_OPERATOR")).toBeUndefined()
})

test("an outcome never becomes another", () => {
  const hear = bench()
  hear("OPERATION_DROPPED")
  expect(hear("OPERATION_FINISHED")).toContain("o1 was OPERATION_DROPPED, then OPERATION_FINISHED")
})
