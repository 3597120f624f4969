/** The operator API of an agent, call by call, in JSON and in protobuf. */
import { describe, expect, test } from "bun:test"
import { createAgentApi } from "#lib/agent/index.ts"
import { TestWorld, testOptions, testTask } from "#lib/agent/core/test-world.ts"
import { testCalls } from "#lib/agent/test-calls.ts"
import { testExecutors } from "#lib/agent/test-executors.ts"
import { encodeRecords, loadProtobuf } from "#lib/mesos/index.ts"
import type { FileLocation } from "#lib/ports/index.ts"
import { err, ok } from "#lib/std/result.ts"
import { TestVerbosity, dig, type Json } from "./master-harness.ts"
import { resources } from "./master-view.ts"

const JSON_TYPE = "application/json"
const PROTOBUF = "application/x-protobuf"
const RECORDIO = "application/recordio"
const protobuf = await loadProtobuf()
const toBytes = (call: Json): Uint8Array => protobuf.fromJson("mesos.v1.agent.Call", call)

/** An agent with tasks in every state, a reservation, and files of its own; and its API. */
function scene() {
  const info = { hostname: "a1", port: 5051, resources: resources("cpus:8;mem:1024") }
  const world = new TestWorld(testOptions({ info })).register()
  const resource = resources("cpus:1").map((each) => ({ ...each, allocationRole: "web" }))
  const done = world.runToRunning(testTask("done"))
  world.exited(done, 0)
  world.acknowledgeAll()
  const ended = world.runToRunning(testTask("ended"))
  const running = world.runToRunning(testTask("running", { resources: resource }))
  const [member] = world.runGroup([testTask("member", { resources: resource })])
  world.started(member!)
  const queued = world.run(testTask("queued"))
  world.exited(ended, 0)
  const [bare] = resources("cpus:2")
  world.receive({
    kind: "applyOperation",
    uuid: btoa("0123456789abcdef"),
    operation: {
      kind: "reserve",
      resources: [{ ...bare!, reservations: [{ type: "DYNAMIC", role: "web", principal: "ops" }] }],
    },
  })
  const containers = testCalls(world)
  const logVerbosity = new TestVerbosity()
  const pruned: (readonly string[])[] = []
  const entry = { name: "stdout", size: 5, nlink: 1, mtime: 9, mode: "-rw-r--r--" }
  const api = createAgentApi({
    driver: {
      agent: world.agent,
      recoverySeconds: 0.5,
      fetches: { succeeded: 0, failed: 0 },
      calls: containers.calls,
      executors: testExecutors(world),
      statistics: () => Promise.resolve({ timestamp: 5, memRssBytes: 100 }),
    },
    sandboxes: {
      stat: () => Promise.resolve(err({ code: "notFound", message: "" })),
      list: ({ path }: FileLocation) =>
        Promise.resolve(
          path === ""
            ? ok([{ ...entry, uid: "ada", gid: "staff" }])
            : err({ code: path === "secret" ? "denied" : "notADirectory", message: "" }),
        ),
      read: ({ path }, { offset, length }) =>
        Promise.resolve(
          path === "stdout"
            ? ok({ bytes: Buffer.from("hello").subarray(offset, offset + length), fileSize: 5 })
            : err({ code: path === "secret" ? "denied" : "notAFile", message: "" }),
        ),
      download: () => Promise.resolve(err({ code: "notFound", message: "" })),
    },
    clock: { now: () => world.now, wakeAt: () => () => {}, soon: () => {} },
    log: { enabled: () => false, write: () => {} },
    build: { version: "1.12.0", buildUser: "ci", buildTime: 5 },
    flags: { port: "5051" },
    startedAt: world.now,
    logVerbosity,
    pruneImages: async (excluded) => void pruned.push(excluded),
  })
  const post = async (body: string | Uint8Array, headers: Record<string, string>, path = "") => {
    const url = `http://a1:5051${path}/api/v1`
    return api.fetch(new Request(url, { method: "POST", body: new Blob([body]), headers }))
  }
  const call = (json: Json, headers: Record<string, string> = {}): Promise<Response> =>
    post(JSON.stringify(json), { "content-type": JSON_TYPE, ...headers })
  const answer = async (json: Json): Promise<unknown> => {
    const response = await call(json)
    expect([response.status, response.headers.get("content-type")]).toEqual([200, JSON_TYPE])
    return response.json()
  }
  const doings = { containers, logVerbosity, pruned }
  return { world, post, call, answer, running, member: member!, queued, ...doings }
}

type Scene = ReturnType<typeof scene>
const framework_id = { value: "m-0000" }
const framework = {
  framework_info: expect.objectContaining({ id: framework_id, name: "marathon" }),
}
const executor = (id: string) => ({
  executor_info: expect.objectContaining({ executor_id: { value: id } }),
})
const task = (id: string, state: string, more: Json = {}) =>
  expect.objectContaining({
    name: id,
    task_id: { value: id },
    framework_id,
    agent_id: { value: "m-S0" },
    state,
    ...more,
  })
const frameworks = { frameworks: [framework], completed_frameworks: [] }
const executors = {
  executors: ["ended", "running", "pod", "queued"].map(executor),
  completed_executors: [executor("done")],
}
const tasks = {
  pending_tasks: [],
  queued_tasks: [task("queued", "TASK_STAGING")],
  launched_tasks: [
    task("running", "TASK_RUNNING", {
      resources: [
        expect.objectContaining({ name: "cpus", allocation_info: { role: "web" }, role: "*" }),
      ],
    }),
    task("member", "TASK_RUNNING", { executor_id: { value: "pod" } }),
  ],
  terminated_tasks: [task("ended", "TASK_FINISHED", { status_update_state: "TASK_FINISHED" })],
  completed_tasks: [task("done", "TASK_FINISHED")],
}
const container = (id: string, container_id: Json) =>
  expect.objectContaining({ framework_id, executor_id: { value: id }, container_id })
const allContainers = (nested: readonly unknown[]) => ({
  containers: [
    expect.objectContaining({ executor_id: { value: "ended" } }),
    expect.objectContaining({
      executor_id: { value: "running" },
      executor_name: expect.stringMatching(/^Command Executor \(Task: running\)/),
      resource_statistics: { timestamp: 5, mem_rss_bytes: 100 },
      container_status: expect.objectContaining({
        network_infos: [{ ip_addresses: [{ protocol: "IPv4", ip_address: "10.0.2.1" }] }],
      }),
    }),
    expect.objectContaining({ executor_id: { value: "pod" } }),
    ...nested,
    expect.objectContaining({ executor_id: { value: "queued" } }),
  ],
})
const nestedId = ({ member }: Scene): Json => {
  const [parent = "", value] = member.containerId.split(".")
  return { value, parent: { value: parent } }
}

/** Each call with its message, and what its answer says. */
const CALLS: readonly (readonly [string, (at: Scene) => Json, (at: Scene) => unknown])[] = [
  ["GET_HEALTH", () => ({}), () => ({ healthy: true })],
  ["GET_FLAGS", () => ({}), () => ({ flags: [{ name: "port", value: "5051" }] })],
  [
    "GET_VERSION",
    () => ({}),
    () => ({ version_info: { version: "1.12.0", build_user: "ci", build_time: 5 } }),
  ],
  [
    "GET_METRICS",
    () => ({ timeout: { nanoseconds: 1 } }),
    () => ({ metrics: expect.arrayContaining([{ name: "slave/cpus_total", value: 8 }]) }),
  ],
  [
    "LIST_FILES",
    ({ running }) => ({ path: running.sandbox }),
    ({ running }) => ({
      file_infos: [
        {
          path: `${running.sandbox}/stdout`,
          nlink: 1,
          size: 5,
          mtime: { nanoseconds: 9_000_000_000 },
          mode: 0o100_644,
          uid: "ada",
          gid: "staff",
        },
      ],
    }),
  ],
  [
    "READ_FILE",
    ({ running }) => ({ path: `${running.sandbox}/stdout`, offset: 1, length: 3 }),
    () => ({ size: 5, data: btoa("ell") }),
  ],
  [
    "GET_STATE",
    () => ({}),
    () => ({ get_tasks: tasks, get_executors: executors, get_frameworks: frameworks }),
  ],
  ["GET_CONTAINERS", () => ({}), () => allContainers([])],
  [
    "GET_CONTAINERS",
    () => ({ show_nested: true, show_standalone: true }),
    (at) => allContainers([container("pod", nestedId(at))]),
  ],
  ["GET_FRAMEWORKS", () => ({}), () => frameworks],
  ["GET_EXECUTORS", () => ({}), () => executors],
  ["GET_TASKS", () => ({}), () => tasks],
  [
    "GET_OPERATIONS",
    () => ({}),
    () => ({
      operations: [
        expect.objectContaining({
          agent_id: { value: "m-S0" },
          info: expect.objectContaining({ type: "RESERVE" }),
          latest_status: expect.objectContaining({ state: "OPERATION_FINISHED" }),
          uuid: { value: btoa("0123456789abcdef") },
        }),
      ],
    }),
  ],
  [
    "GET_AGENT",
    () => ({}),
    () => ({
      agent_info: expect.objectContaining({ hostname: "a1", port: 5051, id: { value: "m-S0" } }),
    }),
  ],
  ["GET_RESOURCE_PROVIDERS", () => ({}), () => ({})],
]

describe("4.1 and 4.5: reads", () => {
  test.each(CALLS)("%s in both encodings", async (type, message, expected) => {
    const at = scene()
    const member = type.toLowerCase()
    const body = message(at)
    const call = { type, ...(Object.keys(body).length > 0 && { [member]: body }) }
    const json = await at.answer(call)
    expect(json).toEqual({ type, [member]: expected(at) })
    const headers = { "content-type": PROTOBUF, accept: PROTOBUF }
    const response = await at.post(toBytes(call), headers, "/slave(1)")
    expect([response.status, response.headers.get("content-type")]).toEqual([200, PROTOBUF])
    const bytes = new Uint8Array(await response.arrayBuffer())
    expect(protobuf.toJson("mesos.v1.agent.Response", bytes)).toMatchObject({ ok: true })
    expect(bytes.toHex()).toBe(protobuf.fromJson("mesos.v1.agent.Response", json as Json).toHex())
  })

  test("GET_AGENT tells of a drain and when it began", async () => {
    const { world, answer } = scene()
    const config = { maxGracePeriod: { nanoseconds: 60_000_000_000 }, markGone: true }
    world.receive({ kind: "drain", config })
    expect(dig(await answer({ type: "GET_AGENT" }), "get_agent")).toMatchObject({
      drain_config: { max_grace_period: { nanoseconds: 60_000_000_000 }, mark_gone: true },
      estimated_drain_start_time: { nanoseconds: world.now * 1_000_000 },
    })
  })

  test.each([
    ["LIST_FILES", "/etc", 404],
    ["LIST_FILES", "secret", 403],
    ["READ_FILE", "/etc/passwd", 404],
    ["READ_FILE", "folder", 400],
    ["READ_FILE", "secret", 403],
  ])("%s of %s answers %d", async (type, name, status) => {
    const { call, running } = scene()
    const path = name.startsWith("/") ? name : `${running.sandbox}/${name}`
    const response = await call({ type, [type.toLowerCase()]: { path, offset: 0 } })
    expect(response.status).toBe(status)
  })

  test("LIST_FILES of a file finds nothing in it, as on the master", async () => {
    const { answer, running } = scene()
    const list_files = { path: `${running.sandbox}/stdout` }
    const { list_files: listed } = (await answer({ type: "LIST_FILES", list_files })) as Json
    expect(dig(listed, "file_infos") ?? []).toEqual([])
  })
})

const container_id = { value: "c" }
const provider = { type: "org.acme.p", name: "p" }

describe("4.6: what the log says", () => {
  const setLevel = (level: number) => ({
    type: "SET_LOGGING_LEVEL",
    set_logging_level: { level, duration: { nanoseconds: 5_000_000_000 } },
  })

  test.each<[string, (call: Json) => string | Uint8Array]>([
    [JSON_TYPE, (call) => JSON.stringify(call)],
    [PROTOBUF, toBytes],
  ])("SET_LOGGING_LEVEL has it say more for a while, in %s", async (type, encode) => {
    const { post, answer, logVerbosity } = scene()
    const headers = { "content-type": type }
    const level = async () =>
      dig(await answer({ type: "GET_LOGGING_LEVEL" }), "get_logging_level", "level")
    expect(await level()).toBe(0)
    const set = await post(encode(setLevel(2)), headers)
    expect([set.status, await set.text()]).toEqual([200, ""])
    expect([await level(), logVerbosity.durationMs]).toEqual([2, 5000])
  })

  test("SET_LOGGING_LEVEL must be whole, and never say less than by itself", async () => {
    const { call, logVerbosity } = scene()
    expect((await call({ type: "SET_LOGGING_LEVEL" })).status).toBe(400)
    expect((await call({ type: "SET_LOGGING_LEVEL", set_logging_level: {} })).status).toBe(400)
    const original = Object.assign(logVerbosity, { original: 3 }).original
    const refused = await call(setLevel(2))
    expect([original, refused.status, await refused.text()]).toEqual([
      3,
      400,
      "'2' < original level.\n",
    ])
  })
})

test("4.6: PRUNE_IMAGES removes the images that nobody uses, but for those it names", async () => {
  const { call, post, pruned } = scene()
  const docker = { type: "DOCKER", docker: { name: "busybox:1" } }
  const some = { type: "PRUNE_IMAGES", prune_images: { excluded_images: [docker] } }
  const answer = await call(some)
  expect([answer.status, await answer.text()]).toEqual([200, ""])
  expect((await post(toBytes(some), { "content-type": PROTOBUF })).status).toBe(200)
  expect((await call({ type: "PRUNE_IMAGES" })).status).toBe(200)
  expect(pruned).toEqual([["busybox:1"], ["busybox:1"], []])
})

describe("4.6: what the agent cannot do yet", () => {
  test.each<[string, Json]>([
    ["ADD_RESOURCE_PROVIDER_CONFIG", { info: provider }],
    ["UPDATE_RESOURCE_PROVIDER_CONFIG", { info: provider }],
    ["REMOVE_RESOURCE_PROVIDER_CONFIG", provider],
    ["MARK_RESOURCE_PROVIDER_GONE", { resource_provider_id: { value: "p" } }],
  ])("%s answers 501 with its name, and 400 when it is not whole", async (type, message) => {
    const { call, post } = scene()
    const whole = { type, [type.toLowerCase()]: message }
    const refused = await call(whole)
    expect([refused.status, await refused.text()]).toEqual([
      501,
      `The call ${type} is not implemented yet`,
    ])
    expect((await post(toBytes(whole), { "content-type": PROTOBUF })).status).toBe(501)
    if (Object.keys(message).length === 0) return
    expect((await call({ type })).status).toBe(400)
    expect((await call({ type, [type.toLowerCase()]: {} })).status).toBe(400)
  })
})

const health = { type: "GET_HEALTH" }
const input = {
  type: "ATTACH_CONTAINER_INPUT",
  attach_container_input: { type: "CONTAINER_ID", container_id },
}
const output = { type: "ATTACH_CONTAINER_OUTPUT", attach_container_output: { container_id } }

describe("1.3 and 1.6: the endpoint, check by check", () => {
  test.each<[string, number, Json | string, Record<string, string>]>([
    ["no Content-Type", 400, health, { "content-type": "" }],
    ["an unknown Content-Type", 415, health, { "content-type": "text/xml" }],
    ["a Message-Content-Type without a stream", 415, health, { "message-content-type": JSON_TYPE }],
    ["a body that is no JSON", 400, "{", {}],
    ["a body that is no protobuf", 400, "\xff", { "content-type": PROTOBUF }],
    ["no type", 400, {}, {}],
    ["UNKNOWN", 501, { type: "UNKNOWN" }, {}],
    ["a missing message of options", 400, { type: "GET_METRICS" }, {}],
    ["an unusable Accept", 406, health, { accept: "text/html" }],
    ["records where there are none", 406, health, { accept: RECORDIO }],
    ["Message-Accept without records", 406, output, { "message-accept": JSON_TYPE }],
    [
      "an unusable Message-Accept",
      406,
      output,
      { accept: RECORDIO, "message-accept": "text/html" },
    ],
    ["records of output", 404, output, { accept: RECORDIO }],
    [
      "output and records of it",
      404,
      output,
      { accept: `${PROTOBUF}, ${RECORDIO}`, "message-accept": PROTOBUF },
    ],
    ["input that is no stream", 415, input, {}],
  ])("%s answers %d", async (_, status, body, headers) => {
    const text = typeof body === "string" ? body : JSON.stringify(body)
    const given = { "content-type": JSON_TYPE, ...headers }
    expect((await scene().post(text, given)).status).toBe(status)
  })

  test.each<[string, number, readonly (string | Uint8Array)[], string | undefined]>([
    ["input in JSON", 404, [JSON.stringify(input), "{}"], JSON_TYPE],
    ["input in protobuf", 404, [toBytes(input)], PROTOBUF],
    ["no Message-Content-Type", 400, [JSON.stringify(input)], undefined],
    ["an unknown Message-Content-Type", 415, [JSON.stringify(input)], "text/xml"],
    ["another call", 415, [JSON.stringify(health)], JSON_TYPE],
    ["a record that is no call", 400, ["{}"], JSON_TYPE],
    ["no record at all", 400, [], JSON_TYPE],
  ])("a streamed request: %s answers %d", async (_, status, records, type) => {
    const response = await scene().post(encodeRecords(records), {
      "content-type": RECORDIO,
      ...(type === undefined ? {} : { "message-content-type": type }),
    })
    expect(response.status).toBe(status)
  })
})
