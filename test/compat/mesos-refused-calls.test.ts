/**
 * Calls that are not whole, type by type: sections 2.1, 3.1, 4.1 to 4.6 of the reference. The types come
 * from the field table, so none can be forgotten.
 */
import { describe, expect, test } from "bun:test"
import { agentApi } from "./agent-harness.ts"
import { TestMaster } from "./master-harness.ts"
import { ENCODINGS, Scene, encode, enumNames } from "./mesos-scene.ts"

const SCHEDULER = "mesos.v1.scheduler.Call"
const MASTER = "mesos.v1.master.Call"
const AGENT = "mesos.v1.agent.Call"
const EXECUTOR = "mesos.v1.executor.Call"

/** Calls that say all by their type, or may leave their message out. */
const BARE: Readonly<Record<string, readonly string[]>> = {
  [SCHEDULER]: ["TEARDOWN", "REVIVE", "SUPPRESS"],
  [MASTER]: [
    ...enumNames(`${MASTER}.Type`).filter((type) => type.startsWith("GET_")),
    "SUBSCRIBE",
  ].filter((type) => type !== "GET_METRICS"),
  [AGENT]: [
    ...enumNames(`${AGENT}.Type`).filter((type) => type.startsWith("GET_")),
    "PRUNE_IMAGES",
  ].filter((type) => type !== "GET_METRICS"),
  [EXECUTOR]: ["HEARTBEAT"],
}
/** Asked for in another way: the body is a stream of records. */
const STREAMED = "ATTACH_CONTAINER_INPUT"

const typesOf = (call: string): string[] =>
  enumNames(`${call}.Type`).filter((type) => type !== STREAMED)
const withMessage = (call: string): string[] =>
  typesOf(call).filter((type) => !BARE[call]?.includes(type))
const memberOf = (type: string): string => type.toLowerCase()
const lacking = (what: string): string => `Expecting '${what}' to be present`

const value = { value: "x" }
const uuid = btoa("0123456789abcdef")
/** What the messages of scheduler calls must have. */
const REQUIRED: Readonly<Record<string, object>> = {
  KILL: { task_id: value },
  SHUTDOWN: { executor_id: value, agent_id: value },
  ACKNOWLEDGE: { agent_id: value, task_id: value, uuid },
  ACKNOWLEDGE_OPERATION_STATUS: { agent_id: value, operation_id: value, uuid },
  MESSAGE: { agent_id: value, executor_id: value, data: "" },
  UPDATE_FRAMEWORK: { framework_info: { user: "u", name: "n" } },
}

describe.each(ENCODINGS)("in %s", (encoding) => {
  const headers = { "content-type": encoding, accept: encoding }

  test.each(withMessage(SCHEDULER))("2.1: %s without its message is 400", async (type) => {
    const framework_id = { value: "x" }
    const master = await TestMaster.start()
    const refused = await master.call(encode(encoding, SCHEDULER, { type, framework_id }), headers)
    expect([refused.status, await refused.text()]).toEqual([
      400,
      `Failed to validate scheduler::Call: ${lacking(memberOf(type))}`,
    ])
  })

  test.each(BARE[SCHEDULER] ?? [])("2.1: %s needs no message", async (type) => {
    const scene = await Scene.open(encoding)
    expect((await scene.call({ type })).status).toBe(202)
  })

  test.each(typesOf(SCHEDULER).filter((type) => type !== "SUBSCRIBE"))(
    "2.1: %s without a framework is 400",
    async (type) => {
      const call = { type, [memberOf(type)]: REQUIRED[type] ?? {} }
      // These have no message at all.
      if (type === "TEARDOWN") Reflect.deleteProperty(call, "teardown")
      const master = await TestMaster.start()
      const refused = await master.call(encode(encoding, SCHEDULER, call), headers)
      expect([refused.status, await refused.text()]).toEqual([
        400,
        `Failed to validate scheduler::Call: ${lacking("framework_id")}`,
      ])
    },
  )

  test.each(withMessage(MASTER))("4: the master's %s without its message is 400", async (type) => {
    const master = await TestMaster.start()
    const body = encode(encoding, MASTER, { type }) as string
    const refused = await master.api.request("/api/v1", { method: "POST", headers, body })
    expect([refused.status, await refused.text()]).toEqual([
      400,
      `Failed to validate master::Call: ${lacking(memberOf(type))}`,
    ])
  })

  test.each(withMessage(AGENT))("4: the agent's %s without its message is 400", async (type) => {
    const body = encode(encoding, AGENT, { type }) as string
    const refused = await agentApi()("/api/v1", { method: "POST", headers, body })
    expect([refused.status, await refused.text()]).toEqual([
      400,
      `Failed to validate agent::Call: ${lacking(memberOf(type))}`,
    ])
  })

  test.each(withMessage(EXECUTOR))("3.1: %s without its message is 400", async (type) => {
    const call = { type, executor_id: value, framework_id: value }
    const body = encode(encoding, EXECUTOR, call) as string
    const refused = await agentApi()("/api/v1/executor", { method: "POST", headers, body })
    expect([refused.status, await refused.text()]).toEqual([
      400,
      `Failed to validate Executor::Call: ${lacking(memberOf(type))}`,
    ])
  })
})

test.each([SCHEDULER, MASTER, AGENT, EXECUTOR])("a %s without a type is 400", async (call) => {
  const headers = { "content-type": "application/json" }
  const body = call === EXECUTOR ? { executor_id: value, framework_id: value } : {}
  const init = { method: "POST", headers, body: JSON.stringify(body) }
  const { api } = await TestMaster.start()
  const answers: Readonly<Record<string, () => Promise<Response>>> = {
    [SCHEDULER]: async () => await api.request("/api/v1/scheduler", init),
    [MASTER]: async () => await api.request("/api/v1", init),
    [AGENT]: () => agentApi()("/api/v1", init),
    [EXECUTOR]: () => agentApi()("/api/v1/executor", init),
  }
  const refused = await answers[call]?.()
  expect([refused?.status, await refused?.text()]).toEqual([
    400,
    `Failed to validate ${call === EXECUTOR ? "Executor" : call.split(".")[2]}::Call: ${lacking("type")}`,
  ])
})
