import { describe, expect, test } from "bun:test"
import type { AgentId, ExecutorId, FrameworkId } from "#lib/mesos/index.ts"
import { parseAgentMessage } from "./agent-message.ts"
import { frameworkInfo, registration, reportedTask } from "./core/builders.ts"

const FRAMEWORK = "F" as FrameworkId
const AGENT = "M-S0" as AgentId
const full = registration({
  agentId: AGENT,
  frameworks: [frameworkInfo({ id: FRAMEWORK })],
  executors: [{ executorId: "e" as ExecutorId, frameworkId: FRAMEWORK }],
  tasks: [reportedTask("t", FRAMEWORK, AGENT)],
})
const status = { taskId: "t", state: "TASK_RUNNING" }

describe("what our own agents send", () => {
  test.each([
    full,
    registration(),
    { kind: "update", frameworkId: FRAMEWORK, latestState: "TASK_RUNNING", status },
    { kind: "pong", sequence: 3 },
    { kind: "unregister" },
    { kind: "operationUpdate", operationUuid: "u", status: { state: "OPERATION_FINISHED" } },
    { kind: "executorMessage", frameworkId: FRAMEWORK, executorId: "e", data: "" },
    { kind: "executorExited", frameworkId: FRAMEWORK, executorId: "e", status: 0 },
  ])("passes unchanged: %#", (message) => {
    expect(parseAgentMessage(message)).toEqual({ ok: true, value: message as never })
  })

  test("may say more than this version knows", () => {
    expect(parseAgentMessage({ kind: "pong", sequence: 1, load: 0.5 }).ok).toBe(true)
  })
})

const cpus = { name: "cpus", value: { kind: "scalar", milli: 1 }, reservations: [] }
const operation = (info: object) => ({
  ...full,
  operations: [{ info, latestStatus: { state: "OPERATION_PENDING" }, uuid: { value: "u" } }],
})

describe("nonsense is refused, naming the member", () => {
  test.each([
    [null, "not an object"],
    [[], "not an object"],
    ["x", "not an object"],
    [{}, "no kind"],
    [{ kind: "reboot" }, "unknown message 'reboot'"],
    [{ kind: "pong" }, "no sequence"],
    [{ kind: "operationUpdate" }, "no status"],
    [{ kind: "operationUpdate", status: {} }, "operationUuid is missing"],
    [{ kind: "operationUpdate", operationUuid: "u", status: {} }, "state is missing"],
    [{ kind: "executorMessage", frameworkId: "F", data: "" }, "executorId is missing"],
    [{ kind: "executorExited", executorId: "e" }, "frameworkId is missing"],
    [{ kind: "update", frameworkId: "F", latestState: "X" }, "no status"],
    [{ kind: "update", latestState: "X", status }, "frameworkId is missing"],
    [{ kind: "update", frameworkId: "F", latestState: "X", status: { state: "X" } }, "taskId"],
    [{ ...full, agentId: "a/b" }, "agentId: 'a/b' contains invalid"],
    [{ ...full, agentId: 7 }, "agentId: it is not a text"],
    [{ ...full, info: undefined }, "no info"],
    [{ ...full, info: {} }, "hostname is missing"],
    [{ ...full, version: undefined }, "version is missing"],
    [{ ...full, capabilities: undefined }, "no capabilities"],
    [{ ...full, tasks: undefined }, "tasks is not a list"],
    [{ ...full, tasks: [7] }, "tasks[0]: not an object"],
    [{ ...full, tasks: [{ taskId: "t" }] }, "tasks[0]: frameworkId is missing"],
    [{ ...full, executors: [{}] }, "executors[0]: executorId is missing"],
    [{ ...full, frameworks: [{ name: "x" }] }, "frameworks[0]: id is missing"],
    [{ ...full, operations: [{}] }, "operations[0]: not an operation"],
    [operation({ kind: "launch" }), "not an operation that agents apply: 'launch'"],
    [operation({ kind: "constructor" }), "not an operation that agents apply"],
    [operation({ kind: "reserve", resources: [7] }), "resources[0]: not an object"],
    [operation({ kind: "reserve", resources: [], source: 7 }), "source is not a list"],
    [operation({ kind: "shrinkVolume", volume: cpus }), "subtract is not a scalar"],
    [operation({ kind: "growVolume", volume: cpus }), "addition[0]: not an object"],
    [{ ...full, checkpointedResources: [{ name: "cpus" }] }, "[0]: not a resource"],
    [
      {
        ...full,
        info: {
          hostname: "a",
          resources: [{ name: "cpus", value: { kind: "scalar", milli: 0.5 }, reservations: [] }],
        },
      },
      "info.resources[0]: not a resource",
    ],
    [
      {
        ...full,
        checkpointedResources: [{ name: "x", value: { kind: "what" }, reservations: [] }],
      },
      "checkpointedResources[0]: not a resource",
    ],
  ] as const)("%#", (message, problem) => {
    const result = parseAgentMessage(message)
    expect(result.ok).toBe(false)
    if (!result.ok) expect(result.error).toContain(problem)
  })
})
