import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { brandId } from "#lib/mesos/ids.ts"
import type { AgentId, OfferId, TaskId } from "#lib/mesos/ids.ts"
import type { Call } from "#lib/mesos/v1/scheduler.ts"
import fields from "#lib/mesos/v1/fields.json" with { type: "json" }
import { codecOf } from "./compile.ts"
import { anyMessage } from "../../../test/fixtures/any-message.ts"
import { Decoding } from "./decoding.ts"
import { decodeMessage, encodeMessage, type Messages } from "./messages.ts"
import { enumNames, type Table } from "./shape.ts"

const table = fields as unknown as Table

const problemOf = (name: keyof Messages, json: unknown): string => {
  const decoded = decodeMessage(name, json)
  return decoded.ok ? "fine" : `${decoded.error.code} ${decoded.error.message}`
}
const decoded = <Name extends keyof Messages>(name: Name, json: unknown): Messages[Name] => {
  const result = decodeMessage(name, json)
  if (!result.ok) throw new Error(result.error.message)
  return result.value
}

describe("calls", () => {
  test("are unions by kind, with ids as strings and names in camelCase", () => {
    const call = decoded("mesos.v1.scheduler.Call", {
      framework_id: { value: "f" },
      type: "DECLINE",
      decline: { offer_ids: [{ value: "o1" }], filters: { refuse_seconds: 2.5 } },
      unheard_of: 1,
    })
    expect(call).toEqual({
      kind: "decline",
      frameworkId: brandId("f"),
      offerIds: [brandId<OfferId>("o1")],
      filters: { refuseSeconds: 2.5 },
    })
  })

  test.each([
    [{}, "missing Expecting 'type' to be present"],
    [{ type: "FUTURE" }, "missing Expecting 'type' to be present"],
    [{ type: "UNKNOWN" }, "unknownType the type is UNKNOWN"],
    [{ type: "KILL" }, "missing Expecting 'kill' to be present"],
    [{ type: "KILL", kill: {} }, "missing 'kill.task_id': is required but absent"],
    [
      { type: "KILL", kill: { task_id: { value: null } } },
      "missing 'kill.task_id.value': is required but absent",
    ],
    [
      { type: "KILL", kill: { task_id: "t" } },
      "invalid 'kill.task_id': expected an object, got \"t\"",
    ],
    [{ type: "TEARDOWN" }, "fine"],
    [{ type: "REVIVE" }, "fine"],
    [{ type: "SUPPRESS", suppress: null }, "fine"],
    [
      { type: "DECLINE", decline: { offer_ids: [{ value: "a" }, { value: 3 }] } },
      "invalid 'decline.offer_ids[1].value': expected a string, got 3",
    ],
    [
      {
        type: "ACKNOWLEDGE",
        acknowledge: { agent_id: { value: "a" }, task_id: { value: "t" }, uuid: "x" },
      },
      "invalid 'acknowledge.uuid': expected base64 with padding, got \"x\"",
    ],
    [[], "invalid expected an object, got an array"],
  ])("%j: %s", (json, problem) => {
    expect(problemOf("mesos.v1.scheduler.Call", json)).toBe(problem)
  })

  test("operations of a type nobody knows are ignored", () => {
    const call = decoded("mesos.v1.scheduler.Call", {
      type: "ACCEPT",
      accept: { operations: [{ type: "FUTURE" }, { type: "UNKNOWN" }, { type: "LAUNCH" }] },
    })
    expect(call).toEqual({ kind: "accept", operations: [{ kind: "launch" }] })
  })
})

describe("values", () => {
  const status = { task_id: { value: "t" }, state: "TASK_RUNNING" }
  test.each<[string, object, string]>([
    ["unknown optional enum is unset", { reason: "REASON_FUTURE" }, "fine"],
    ["null is unset", { reason: null, labels: null }, "fine"],
    [
      "unknown required enum",
      { state: "TASK_FUTURE" },
      "invalid 'state': expected a known name, got \"TASK_FUTURE\"",
    ],
    [
      "enum as a number",
      { state: 1 },
      "invalid 'state': expected the name of an enum value, got 1",
    ],
    ["bool as text", { healthy: "true" }, "fine"],
    ["bool as a number", { healthy: 1 }, "invalid 'healthy': expected true or false, got 1"],
    ["double as text", { timestamp: "1.5" }, "fine"],
    ["infinite double", { timestamp: "-Infinity" }, "fine"],
    ["double of letters", { timestamp: "x" }, "invalid 'timestamp': expected a number, got \"x\""],
    [
      "64-bit integer as text",
      { unreachable_time: { nanoseconds: "1700000000000000000" } },
      "fine",
    ],
    [
      "fraction for an integer",
      { unreachable_time: { nanoseconds: 1.5 } },
      "invalid 'unreachable_time.nanoseconds': expected a whole number, got 1.5",
    ],
    [
      "integer out of bounds",
      { check_status: { command: { exit_code: 3e9 } } },
      "invalid 'check_status.command.exit_code': expected a number of int32, got 3000000000",
    ],
    ["unpadded base64", { data: "YQ" }, "invalid 'data': expected base64 with padding, got \"YQ\""],
    ["base64", { data: "YQ==" }, "fine"],
  ])("%s", (_, change, problem) => {
    expect(problemOf("mesos.v1.TaskStatus", { ...status, ...change })).toBe(problem)
  })

  test("defaults that are not deprecated are written, empty lists and unset members are not", () => {
    expect(
      encodeMessage("mesos.v1.FrameworkInfo", {
        user: "u",
        name: "n",
        roles: [],
        principal: undefined,
      }),
    ).toEqual({ user: "u", name: "n", failover_timeout: 0, checkpoint: false })
    expect(
      encodeMessage("mesos.v1.CommandInfo", { value: "true", uris: [{ value: "u" }] }),
    ).toEqual({
      shell: true,
      value: "true",
      uris: [{ value: "u", extract: true }],
    })
  })

  test("the lists of the state calls are written even when empty", () => {
    expect(encodeMessage("mesos.v1.master.Response", { kind: "getTasks" })).toEqual({
      type: "GET_TASKS",
      get_tasks: {
        pending_tasks: [],
        tasks: [],
        unreachable_tasks: [],
        completed_tasks: [],
        orphan_tasks: [],
      },
    })
  })

  test("infinity travels as text", () => {
    const limits = { limits: { mem: { value: Infinity } } }
    const task = { name: "", taskId: brandId<TaskId>("t"), agentId: brandId<AgentId>("a") }
    const json = encodeMessage("mesos.v1.TaskInfo", { ...task, ...limits })
    expect(json["limits"]).toEqual({ mem: { value: "Infinity" } })
    expect(decoded("mesos.v1.TaskInfo", json).limits).toEqual(limits.limits)
  })

  test("messages that nest without end are refused, not followed", () => {
    let json: object = { value: "c" }
    for (let i = 0; i < 5000; i++) json = { value: "c", parent: json }
    const call = { type: "KILL_CONTAINER", kill_container: { container_id: json } }
    expect(problemOf("mesos.v1.agent.Call", call)).toContain("nest deeper than 100")
  })

  test("keys of maps cannot reach the prototype", () => {
    const json: unknown = JSON.parse(
      '{"name":"","task_id":{"value":"t"},"agent_id":{"value":"a"},"limits":{"__proto__":{"value":1}}}',
    )
    const { limits } = decoded("mesos.v1.TaskInfo", json)
    expect(Object.keys(limits ?? {})).toEqual(["__proto__"])
    expect(({} as Record<string, unknown>)["value"]).toBeUndefined()
  })
})

const messages = Object.keys(table).filter((full) => !enumNames(table, full))

describe("every message of the field table", () => {
  test("reads what it wrote, and writes what it read", () => {
    for (const full of messages) {
      const codec = codecOf(full)
      const property = fc.property(anyMessage(full, 2), (json) => {
        const decoding = new Decoding()
        const value = codec.decode(json, decoding)
        expect(decoding.error()).toBeUndefined()
        const written = codec.encode(value, "new")
        // What was there is there still; all that came is defaults.
        expect(JSON.parse(JSON.stringify(written))).toMatchObject(JSON.parse(JSON.stringify(json)))
        const again = codec.decode(written, new Decoding())
        expect(codec.encode(again, "new")).toEqual(written as object)
      })
      fc.assert(property, { numRuns: 5 })
    }
  })

  test("any other JSON is refused by value, never by an exception", () => {
    const names = ["mesos.v1.scheduler.Call", "mesos.v1.agent.Call", "mesos.v1.TaskInfo"] as const
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.jsonValue(), (name, json) => {
        const result = decodeMessage(name, json)
        if (!result.ok) expect(result.error.message).toBeString()
      }),
    )
  })

  test("one spoiled member is named by its path", () => {
    const good: Call = {
      kind: "accept",
      frameworkId: brandId("f"),
      offerIds: [brandId<OfferId>("o")],
      operations: [
        { kind: "launch", taskInfos: [{ name: "n", taskId: brandId("t"), agentId: brandId("a") }] },
      ],
    }
    const text = JSON.stringify(encodeMessage("mesos.v1.scheduler.Call", good))
    expect(
      problemOf("mesos.v1.scheduler.Call", JSON.parse(text.replace('"name":"n"', '"name":7'))),
    ).toBe("invalid 'accept.operations[0].launch.task_infos[0].name': expected a string, got 7")
  })
})
