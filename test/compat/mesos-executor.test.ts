/** The executor API: every call, every event, every refusal, in JSON and in protobuf. */
import { afterEach, describe, expect, test } from "bun:test"
import { createAgentApi } from "#lib/agent/index.ts"
import { AGENT_ID, TestWorld, testFramework, testOptions } from "#lib/agent/core/test-world.ts"
import { testCalls } from "#lib/agent/test-calls.ts"
import { testExecutors } from "#lib/agent/test-executors.ts"
import {
  brandId,
  fromMilli,
  loadProtobuf,
  scalarOf,
  type ExecutorId,
  type TaskId,
} from "#lib/mesos/index.ts"
import { SignedExecutorTokens } from "#lib/io/index.ts"
import type { ExecutorTokens } from "#lib/ports/index.ts"
import { err } from "#lib/std/result.ts"
import { ManualClock, PROTOBUF, TestStream, dig, until, type Json } from "./master-harness.ts"
import { resources } from "./master-view.ts"

const JSON_TYPE = "application/json"
const TYPES = [JSON_TYPE, PROTOBUF] as const
const protobuf = await loadProtobuf()

const HEARTBEAT_MS = 30 * 60_000
const WORKER = brandId<ExecutorId>("worker")
const frameworkId = testFramework().id!
const executor_id = { value: "worker" }
const framework_id = { value: frameworkId as string }
const task_id = { value: "a" }
const uuid = btoa("0123456789abcdef")
const SUBSCRIBE = { type: "SUBSCRIBE", subscribe: {} }

/** A status as an executor tells it. */
const status = (change: object = {}) => ({
  task_id,
  state: "TASK_RUNNING",
  uuid,
  source: "SOURCE_EXECUTOR",
  ...change,
})
const update = (change: object = {}) => ({ type: "UPDATE", update: { status: status(change) } })

const streams: TestStream[] = []
afterEach(async () => {
  for (const stream of streams.splice(0)) await stream.close()
})

/** An agent whose custom executor "worker" was launched for the task "a", and its API. */
function scene(executorTokens?: ExecutorTokens, requireExecutorTokens = false) {
  const info = { hostname: "a1", port: 5051, resources: resources("cpus:8;mem:1024") }
  const world = new TestWorld(testOptions({ info })).register()
  const clock = new ManualClock()
  const missing = () => Promise.resolve(err({ code: "notFound", message: "" } as const))
  const api = createAgentApi({
    driver: {
      agent: world.agent,
      recoverySeconds: 0,
      fetches: { succeeded: 0, failed: 0 },
      executors: testExecutors(world),
      calls: testCalls(world).calls,
      statistics: (spec) => {
        const cpusLimit = fromMilli(scalarOf(spec.task.resources ?? [], "cpus"))
        return Promise.resolve({ timestamp: 1, cpusLimit })
      },
    },
    sandboxes: { stat: missing, list: missing, read: missing, download: missing },
    log: { enabled: () => false, write: () => {} },
    clock,
    build: { version: "1.12.0" },
    flags: {},
    executorTokens,
    requireExecutorTokens,
    startedAt: world.now,
  })
  const containerId = world.runInExecutor("a")
  world.started({ containerId })
  const post = async (body: string | Uint8Array, headers: Record<string, string> = {}, path = "") =>
    api.request(`${path}/api/v1/executor`, { method: "POST", headers, body: body as string })
  /** Makes a call in one encoding, asking for answers in the same. */
  const call = async (type: string, json: object): Promise<Response> => {
    const whole = { executor_id, framework_id, ...json }
    const body =
      type === PROTOBUF ? protobuf.fromJson("mesos.v1.executor.Call", whole) : JSON.stringify(whole)
    return post(body, { "content-type": type, accept: type })
  }
  const subscribe = async (type: string, subscribe: object = {}): Promise<TestStream> => {
    const stream = new TestStream(
      await call(type, { ...SUBSCRIBE, subscribe }),
      "mesos.v1.executor.Event",
    )
    streams.push(stream)
    return stream
  }
  const accepted = async (type: string, json: object): Promise<void> => {
    const response = await call(type, json)
    expect([response.status, await response.text()]).toEqual([202, ""])
  }
  const metrics = async (): Promise<Json> =>
    (await (await api.request("/metrics/snapshot")).json()) as Json
  return { world, clock, api, containerId, post, call, subscribe, accepted, metrics }
}

const types = (stream: TestStream): unknown[] => stream.events.map((event) => event["type"])

/** The last status that the agent sent to the master. */
const told = (world: TestWorld): unknown => world.updates().at(-1)?.status

describe.each(TYPES)("3.1 in %s", (type) => {
  test("SUBSCRIBE answers a stream: SUBSCRIBED, then LAUNCH", async () => {
    const { containerId, subscribe } = scene()
    const stream = await subscribe(type)
    expect(stream.response.status).toBe(200)
    expect(stream.response.headers.get("content-type")).toBe(type)
    const { subscribed } = (await stream.event("SUBSCRIBED")) as { subscribed: Json }
    expect(subscribed["executor_info"]).toMatchObject({
      type: "CUSTOM",
      executor_id,
      framework_id,
      command: { value: "./worker" },
    })
    expect(subscribed["framework_info"]).toMatchObject({ id: framework_id, user: "ada" })
    expect(subscribed["agent_info"]).toMatchObject({ id: { value: AGENT_ID }, hostname: "a1" })
    expect(subscribed["container_id"]).toEqual({ value: containerId })
    const launched = await stream.event("LAUNCH")
    expect(dig(launched, "launch", "task")).toMatchObject({
      name: "a",
      task_id,
      agent_id: { value: AGENT_ID },
      executor: { executor_id },
    })
    expect(types(stream)).toEqual(["SUBSCRIBED", "LAUNCH"])
  })

  test("LAUNCH_GROUP brings a group as a whole", async () => {
    const { world, subscribe } = scene()
    const stream = await subscribe(type)
    const task = (name: string) => ({
      name,
      taskId: brandId<TaskId>(name),
      agentId: AGENT_ID,
      resources: [],
    })
    world.receive({
      kind: "runTaskGroup",
      framework: testFramework(),
      executor: { type: "CUSTOM", executorId: WORKER, command: { value: "./worker" } },
      taskGroup: { tasks: [task("b"), task("c")] },
      acceptedAt: world.now,
    })
    const event = await stream.event("LAUNCH_GROUP")
    expect(dig(event, "launch_group", "task_group", "tasks")).toMatchObject([
      { task_id: { value: "b" } },
      { task_id: { value: "c" } },
    ])
  })

  test("UPDATE is completed, told to the master and ACKNOWLEDGED", async () => {
    const { world, containerId, subscribe, accepted } = scene()
    const stream = await subscribe(type)
    await stream.event("LAUNCH")
    await accepted(type, update({ message: "up", data: "AP8=", healthy: true }))
    expect(await stream.event("ACKNOWLEDGED")).toEqual({
      type: "ACKNOWLEDGED",
      acknowledged: { task_id, uuid },
    })
    expect(told(world)).toMatchObject({
      taskId: "a",
      state: "TASK_RUNNING",
      uuid,
      message: "up",
      data: "AP8=",
      healthy: true,
      source: "SOURCE_EXECUTOR",
      agentId: AGENT_ID,
      executorId: "worker",
      timestamp: world.now / 1000,
      containerStatus: {
        containerId: { value: containerId },
        networkInfos: [{ ipAddresses: [{ ipAddress: "10.0.2.1" }] }],
      },
    })
  })

  test("KILL carries its policy, if it has one", async () => {
    const { world, subscribe } = scene()
    const stream = await subscribe(type)
    await stream.event("LAUNCH")
    const kill = { kind: "killTask", frameworkId, taskId: brandId<TaskId>("a") } as const
    world.receive(kill)
    expect(await stream.event("KILL")).toEqual({ type: "KILL", kill: { task_id } })
    world.receive({ ...kill, killPolicy: { gracePeriod: { nanoseconds: 7e9 } } })
    await until("the second KILL", () => stream.events.length === 4)
    expect(stream.events[3]).toEqual({
      type: "KILL",
      kill: { task_id, kill_policy: { grace_period: { nanoseconds: 7e9 } } },
    })
  })

  test("MESSAGE travels both ways", async () => {
    const { world, subscribe, accepted } = scene()
    const stream = await subscribe(type)
    await stream.event("LAUNCH")
    const message = { frameworkId, executorId: WORKER, data: "AQL/" }
    world.receive({ kind: "frameworkMessage", ...message })
    expect(await stream.event("MESSAGE")).toEqual({ type: "MESSAGE", message: { data: "AQL/" } })
    await accepted(type, { type: "MESSAGE", message: { data: "AQL/" } })
    expect(world.last("send").message).toEqual({ kind: "executorMessage", ...message })
  })

  test("SHUTDOWN asks the executor to end", async () => {
    const { world, subscribe } = scene()
    const stream = await subscribe(type)
    await stream.event("LAUNCH")
    world.receive({ kind: "shutdownExecutor", frameworkId, executorId: WORKER })
    expect(await stream.event("SHUTDOWN")).toEqual({ type: "SHUTDOWN" })
  })

  test("HEARTBEAT comes while nothing else does, until the stream is closed", async () => {
    const { clock, subscribe } = scene()
    const stream = await subscribe(type)
    await stream.event("LAUNCH")
    clock.advance(HEARTBEAT_MS - 1)
    expect(stream.events).toHaveLength(2)
    clock.advance(1)
    expect(await stream.event("HEARTBEAT")).toEqual({ type: "HEARTBEAT" })
    clock.advance(HEARTBEAT_MS)
    await until("the second HEARTBEAT", () => stream.events.length === 4)
    await stream.close()
    clock.advance(HEARTBEAT_MS)
    expect(stream.events).toHaveLength(4)
  })

  test("HEARTBEAT is accepted from whoever says it", async () => {
    const { call } = scene()
    const anybody = { framework_id: { value: "none" }, executor_id: { value: "none" } }
    expect((await call(type, { type: "HEARTBEAT", ...anybody })).status).toBe(202)
  })

  test("a second SUBSCRIBE ends the first stream; nothing known is sent or told again", async () => {
    const { world, subscribe, accepted } = scene()
    const first = await subscribe(type)
    await first.event("LAUNCH")
    await accepted(type, update())
    await first.event("ACKNOWLEDGED")
    const task = { name: "a", task_id, agent_id: { value: AGENT_ID }, resources: [] }
    const second = await subscribe(type, {
      unacknowledged_tasks: [task],
      unacknowledged_updates: [{ status: status() }],
    })
    await until("the end of the first stream", () => first.ended)
    await until("both events", () => second.events.length === 2)
    expect(types(second)).toEqual(["ACKNOWLEDGED", "SUBSCRIBED"])
    expect(world.updates()).toHaveLength(1)
  })

  test("updates that the agent never got come with SUBSCRIBE", async () => {
    const { world, subscribe } = scene()
    await (await subscribe(type)).event("LAUNCH")
    await subscribe(type, {
      unacknowledged_updates: [{ status: status({ state: "TASK_FINISHED" }) }],
    })
    expect(told(world)).toMatchObject({ state: "TASK_FINISHED", uuid })
  })

  test("a task that the executor never heard of is dropped", async () => {
    const { world, subscribe } = scene()
    await (await subscribe(type)).event("LAUNCH")
    await subscribe(type)
    expect(told(world)).toMatchObject({
      state: "TASK_DROPPED",
      reason: "REASON_AGENT_RESTARTED",
      source: "SOURCE_AGENT",
    })
  })
})

describe("3.1: SHUTDOWN instead of SUBSCRIBED", () => {
  const framework = { kind: "shutdownFramework", frameworkId } as const

  test.each<[string, (world: TestWorld) => void]>([
    [
      "nothing to run",
      (w) => w.receive({ kind: "killTask", frameworkId, taskId: brandId<TaskId>("a") }),
    ],
    ["a framework that ends", (w) => w.receive(framework)],
    ["an agent that ends", (w) => w.receive({ kind: "shutdown", message: "" })],
    [
      "an executor that ends",
      (w) => w.receive({ kind: "shutdownExecutor", frameworkId, executorId: WORKER }),
    ],
  ])("for %s", async (_, happens) => {
    const { world, subscribe } = scene()
    happens(world)
    const stream = await subscribe(JSON_TYPE)
    expect(stream.response.status).toBe(200)
    expect(await stream.event("SHUTDOWN")).toEqual({ type: "SHUTDOWN" })
    expect(types(stream)).toEqual(["SHUTDOWN"])
  })
})

describe("1.6: refusals", () => {
  const whole = { executor_id, framework_id, ...update() }
  const text = JSON.stringify(whole)
  const json = { "content-type": JSON_TYPE }

  test.each(["GET", "PUT", "DELETE"])("%s is 405", async (method) => {
    const response = await scene().api.request("/api/v1/executor", { method })
    expect([response.status, response.headers.get("allow")]).toEqual([405, "POST"])
  })

  test.each<[string, string | Uint8Array, Record<string, string>, number, string]>([
    ["no type of the body", new TextEncoder().encode(text), {}, 400, "Content-Type"],
    ["another type of the body", text, { "content-type": "text/plain" }, 415, "text/plain"],
    ["a body that is no JSON", "{", json, 400, "parse body into JSON"],
    [
      "a body that is no protobuf",
      new Uint8Array([255, 255]),
      { "content-type": PROTOBUF },
      400,
      "Call protobuf",
    ],
    ["a body that is JSON, said to be protobuf", text, { "content-type": PROTOBUF }, 400, ""],
  ])("%s", async (_, body, headers, code, message) => {
    const response = await scene().post(body, headers)
    expect([response.status, await response.text()]).toEqual([
      code,
      expect.stringContaining(message),
    ])
  })

  const invalid: readonly (readonly [string, object, string])[] = [
    ["no type", { type: undefined }, "Expecting 'type' to be present"],
    ["no framework", { framework_id: undefined }, "framework_id"],
    ["no executor", { executor_id: undefined }, "executor_id"],
    ["SUBSCRIBE without itself", { type: "SUBSCRIBE" }, "Expecting 'subscribe' to be present"],
    ["MESSAGE without itself", { type: "MESSAGE" }, "Expecting 'message' to be present"],
    ["UPDATE without itself", { update: undefined }, "Expecting 'update' to be present"],
    ["UPDATE without uuid", update({ uuid: undefined }), "Expecting 'uuid' to be present"],
    ["a short uuid", update({ uuid: btoa("short") }), "Not a valid UUID"],
    ["another's status", update({ executor_id: { value: "b" } }), "does not match ExecutorID"],
    ["no source", update({ source: undefined }), "expecting 'SOURCE_EXECUTOR'"],
    ["another source", update({ source: "SOURCE_AGENT" }), "expecting 'SOURCE_EXECUTOR'"],
    ["TASK_STAGING", update({ state: "TASK_STAGING" }), "TASK_STAGING"],
    ["a state that is none", update({ state: "TASK_ODD" }), "state"],
    ["no task", update({ task_id: undefined }), "task_id"],
    ["a check's status without type", update({ check_status: {} }), "must specify 'type'"],
    [
      "COMMAND without command",
      update({ check_status: { type: "COMMAND" } }),
      "Expecting 'command' to be set for COMMAND check's status",
    ],
    ["HTTP without http", update({ check_status: { type: "HTTP", tcp: {} } }), "'http'"],
    ["TCP without tcp", update({ check_status: { type: "TCP" } }), "'tcp'"],
    ["an unknown check", update({ check_status: { type: "UNKNOWN" } }), "'UNKNOWN' is not"],
  ]
  test.each(invalid)("%s is 400", async (_, change, message) => {
    const response = await scene().post(JSON.stringify({ ...whole, ...change }), json)
    expect(response.status).toBe(400)
    const body = await response.text()
    expect(body).toStartWith("Failed to validate Executor::Call: ")
    expect(body).toContain(message)
  })

  test.each(TYPES)("a call without a type that is known is 501, in %s", async (type) => {
    expect((await scene().call(type, { type: "UNKNOWN" })).status).toBe(501)
  })

  test("an Accept that cannot be met is 406, on SUBSCRIBE only", async () => {
    const { subscribe, post } = scene()
    const body = JSON.stringify({ executor_id, framework_id, ...SUBSCRIBE })
    const accept = { ...json, accept: "text/html" }
    expect((await post(body, accept)).status).toBe(406)
    await (await subscribe(JSON_TYPE)).event("LAUNCH")
    expect((await post(text, accept)).status).toBe(202)
  })

  test.each([
    [{ framework_id: { value: "none" } }, "Framework cannot be found"],
    [{ executor_id: { value: "none" } }, "Executor cannot be found"],
  ])("%p is 400", async (change, message) => {
    const { call } = scene()
    for (const what of [SUBSCRIBE, { type: "MESSAGE", message: { data: "" } }]) {
      const response = await call(JSON_TYPE, { ...what, ...change })
      expect([response.status, await response.text()]).toEqual([400, message])
    }
  })

  test("nobody speaks for the executors that are built into the agent", async () => {
    const { world, call } = scene()
    world.run({ name: "c", taskId: brandId<TaskId>("c"), agentId: AGENT_ID, resources: [] })
    const response = await call(JSON_TYPE, { ...SUBSCRIBE, executor_id: { value: "c" } })
    expect([response.status, await response.text()]).toEqual([400, "Executor cannot be found"])
  })

  test.each(TYPES)("who has not subscribed is refused with 403, in %s", async (type) => {
    const { call } = scene()
    for (const what of [update(), { type: "MESSAGE", message: { data: "" } }]) {
      const response = await call(type, what)
      expect([response.status, await response.text()]).toEqual([403, "Executor is not subscribed"])
    }
  })
})

describe("10: tokens of executors", () => {
  const claims = (world: TestWorld, change: object = {}) => ({
    frameworkId,
    executorId: WORKER,
    containerId: [...world.agent.workload.frameworks][0]!.executors.get(WORKER)!.launch.containerId,
    ...change,
  })
  const ask = async (change: object | undefined, scheme = "Bearer", required = false) => {
    const { world, post } = scene(new SignedExecutorTokens("secret"), required)
    const token =
      change === undefined
        ? "nobody's"
        : new SignedExecutorTokens("secret").issue(claims(world, change))
    const body = JSON.stringify({ executor_id, framework_id, ...SUBSCRIBE })
    const headers = { "content-type": JSON_TYPE, authorization: `${scheme} ${token}` }
    const response = await post(body, headers)
    if (response.status === 200) streams.push(new TestStream(response, "mesos.v1.executor.Event"))
    return response
  }

  test("the executor's own is taken, and so is none", async () => {
    expect((await ask({})).status).toBe(200)
    expect((await ask({}, "bearer")).status).toBe(200)
    const { subscribe } = scene(new SignedExecutorTokens("secret"))
    expect((await subscribe(JSON_TYPE)).response.status).toBe(200)
  })

  test("where they are required, whoever shows none of this agent's is 401 before anything else", async () => {
    expect((await ask({}, "Bearer", true)).status).toBe(200)
    expect((await ask(undefined, "Bearer", true)).status).toBe(401)
    expect((await ask({ executorId: "other" }, "Bearer", true)).status).toBe(403)
    const { call } = scene(new SignedExecutorTokens("secret"), true)
    for (const made of [SUBSCRIBE, { type: "HEARTBEAT" }, { type: "NONSENSE" }]) {
      const response = await call(JSON_TYPE, made)
      expect([response.status, response.headers.get("www-authenticate")]).toEqual([
        401,
        'Bearer realm="mesos-agent-executor"',
      ])
    }
  })

  test("one that this agent never gave is 401", async () => {
    const response = await ask(undefined)
    expect(response.status).toBe(401)
    expect(response.headers.get("www-authenticate")).toBe('Bearer realm="mesos-agent-executor"')
  })

  test.each([
    [{ frameworkId: "other" }],
    [{ executorId: "other" }],
    [{ containerId: "of an earlier run" }],
  ])("another's is 403: %p", async (change) => {
    expect((await ask(change)).status).toBe(403)
  })
})

describe("transport", () => {
  test("events come in the encoding that is asked for, whatever calls are made in", async () => {
    const { post } = scene()
    const body = JSON.stringify({ executor_id, framework_id, ...SUBSCRIBE })
    const accept = { "content-type": "application/json; charset=utf-8", accept: PROTOBUF }
    for (const path of ["", "/slave(1)", "/slave%281%29"]) {
      const response = await post(body, accept, path)
      const stream = new TestStream(response, "mesos.v1.executor.Event")
      streams.push(stream)
      expect(response.headers.get("content-type")).toBe(PROTOBUF)
      await stream.event("SUBSCRIBED")
    }
  })

  test("an executor that goes away may come again, and hears what came meanwhile", async () => {
    const { world, clock, subscribe, accepted } = scene()
    const first = await subscribe(JSON_TYPE)
    await first.event("LAUNCH")
    await accepted(JSON_TYPE, update())
    await first.close()
    await new Promise((resume) => clock.soon(() => resume(undefined)))
    world.now++
    world.runInExecutor("b")
    const second = await subscribe(JSON_TYPE)
    expect(dig(await second.event("LAUNCH"), "launch", "task", "task_id")).toEqual({ value: "b" })
  })

  test("who reads nothing is cut off, and may come again", async () => {
    const { world, call, subscribe } = scene()
    const deaf = await call(JSON_TYPE, SUBSCRIBE)
    const data = "A".repeat(1024 * 1024)
    for (let sent = 0; sent < 12; sent++)
      world.receive({ kind: "frameworkMessage", frameworkId, executorId: WORKER, data })
    const reader = deaf.body!.getReader()
    const drain = async () => {
      while (!(await reader.read()).done);
    }
    await drain().catch(() => undefined)
    const task = { name: "a", task_id, agent_id: { value: AGENT_ID }, resources: [] }
    const again = await subscribe(JSON_TYPE, { unacknowledged_tasks: [task] })
    await again.event("SUBSCRIBED")
  })
})

test("5.3: views tell tasks that wait for their executor from those that it was sent", async () => {
  const { world, api, subscribe } = scene()
  const view = async () => {
    const state = (await (await api.request("/state")).json()) as Json
    const body = JSON.stringify({ type: "GET_TASKS" })
    const headers = { "content-type": JSON_TYPE }
    const answer = await api.request("/api/v1", { method: "POST", headers, body })
    const tasks = dig(await answer.json(), "get_tasks") as Record<string, readonly unknown[]>
    const executor = dig(state, "frameworks", 0, "executors", 0) as Record<string, Json[]>
    const idsOf = (list: Json[] | undefined) => (list ?? []).map(({ id }) => id)
    return {
      state: [idsOf(executor["queued_tasks"]), idsOf(executor["tasks"])],
      call: [tasks["queued_tasks"]?.length, tasks["launched_tasks"]?.length],
      type: executor["type"] as unknown,
    }
  }
  expect(await view()).toEqual({ state: [["a"], []], call: [1, 0], type: "CUSTOM" })
  await (await subscribe(JSON_TYPE)).event("LAUNCH")
  expect(await view()).toEqual({ state: [[], ["a"]], call: [0, 1], type: "CUSTOM" })
  expect(world.updates()).toEqual([])
})

test("5.3: an executor's limits are those of the tasks that it has", async () => {
  const { world, clock, api, subscribe, accepted } = scene()
  await (await subscribe(JSON_TYPE)).event("LAUNCH")
  const limit = async () => {
    clock.advance(1_000)
    const usages = (await (await api.request("/containers")).json()) as Json[]
    return usages.map((usage) => dig(usage, "statistics", "cpus_limit"))
  }
  world.now++
  world.runInExecutor("b", {}, testFramework(), { resources: resources("cpus:2") })
  expect(await limit()).toEqual([2])
  await accepted(JSON_TYPE, update({ task_id: { value: "b" }, state: "TASK_FINISHED" }))
  expect(await limit()).toEqual([0])
})

test("5.5: metrics follow an executor through its life", async () => {
  const { world, containerId, subscribe, accepted, metrics } = scene()
  const expectExecutors = async (registering: number, running: number, ending: number) =>
    expect(await metrics()).toMatchObject({
      "slave/executors_registering": registering,
      "slave/executors_running": running,
      "slave/executors_terminating": ending,
    })
  await expectExecutors(1, 0, 0)
  const stream = await subscribe(JSON_TYPE)
  await stream.event("LAUNCH")
  await expectExecutors(0, 1, 0)
  await accepted(JSON_TYPE, update({ task_id: { value: "none" } }))
  await accepted(JSON_TYPE, { type: "MESSAGE", message: { data: "" } })
  world.receive({ kind: "frameworkMessage", frameworkId, executorId: WORKER, data: "" })
  const nobody = brandId<ExecutorId>("nobody")
  world.receive({ kind: "frameworkMessage", frameworkId, executorId: nobody, data: "" })
  world.receive({ kind: "shutdownExecutor", frameworkId, executorId: WORKER })
  await expectExecutors(0, 0, 1)
  world.exited({ containerId }, 0)
  await expectExecutors(0, 0, 0)
  expect(await metrics()).toMatchObject({
    "slave/executors_terminated": 1,
    "slave/valid_framework_messages": 2,
    "slave/invalid_framework_messages": 1,
    "slave/invalid_status_updates": 1,
  })
})
