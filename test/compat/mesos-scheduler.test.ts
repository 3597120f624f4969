import { describe, expect, test } from "bun:test"
import type { Caller, Leadership } from "#lib/master/index.ts"
import type { FrameworkId } from "#lib/mesos/index.ts"
import { TestMaster, TestStream, dig, until } from "./master-harness.ts"
import { resources } from "./master-view.ts"

const uuid = btoa("0123456789abcdef")
const info = { user: "svc", name: "demo" }
const subscribe = { type: "SUBSCRIBE", subscribe: { framework_info: info } }

/** A master with one framework that holds a stream. */
async function subscribed(change: object = {}) {
  const master = await TestMaster.start()
  const stream = await master.subscribe(change)
  const framework_id = dig(await stream.event("SUBSCRIBED"), "subscribed", "framework_id")
  const call = (body: object, headers: Record<string, string> = { "mesos-stream-id": stream.id }) =>
    master.call({ framework_id, ...body }, headers)
  return { master, stream, framework_id, call }
}

describe("1.6: the scheduler endpoint, check by check", () => {
  const withCaller = (caller: Caller) => TestMaster.start({ authenticate: () => caller })

  test("401 with a challenge when authentication fails", async () => {
    const response = await (await withCaller({ kind: "refused" })).call(subscribe)
    expect(response.status).toBe(401)
    expect(response.headers.get("www-authenticate")).toBe('Basic realm="mesos-master-scheduler"')
  })

  test("403 when the principal has claims but no value", async () => {
    expect((await (await withCaller({ kind: "claims" })).call(subscribe)).status).toBe(403)
  })

  test.each<[Leadership, number, string | null]>([
    [{ kind: "other", hostname: "m2", port: 5051 }, 307, "//m2:5051/master/api/v1/scheduler?x=1"],
    [{ kind: "unknown" }, 503, null],
  ])(
    "leadership %j answers %d, before the method is looked at",
    async (leadership, status, location) => {
      const { api } = await TestMaster.start({ leadership: () => leadership })
      const response = await api.request("/master/api/v1/scheduler?x=1")
      expect(response.status).toBe(status)
      expect(response.headers.get("location")).toBe(location)
    },
  )

  test("401 comes before 307", async () => {
    const { api } = await TestMaster.start({
      authenticate: () => ({ kind: "refused" }),
      leadership: () => ({ kind: "unknown" }),
    })
    expect((await api.request("/api/v1/scheduler")).status).toBe(401)
  })

  test.each(["GET", "PUT", "DELETE"])("405 for %s, naming POST", async (method) => {
    const { api } = await TestMaster.start()
    const response = await api.request("/api/v1/scheduler", { method })
    expect(response.status).toBe(405)
    expect(response.headers.get("allow")).toBe("POST")
  })

  test.each<[string, number, unknown, Record<string, string>]>([
    ["no Content-Type", 400, subscribe, { "content-type": "" }],
    ["an unknown Content-Type", 415, subscribe, { "content-type": "text/xml" }],
    ["JSON that says it is protobuf", 400, subscribe, { "content-type": "application/x-protobuf" }],
    ["Content-Type before the body", 415, "{", { "content-type": "text/xml" }],
    ["a body that is no JSON", 400, "{", {}],
    ["a body that is no call", 400, "[]", {}],
    ["no type", 400, {}, {}],
    ["an unknown type", 400, { type: "FUTURE" }, {}],
    ["a missing message", 400, { type: "SUBSCRIBE" }, {}],
    ["a missing required field", 400, { type: "SUBSCRIBE", subscribe: { framework_info: {} } }, {}],
    ["no framework id", 400, { type: "REVIVE" }, {}],
    ["an invalid call before Accept", 400, { type: "REVIVE" }, { accept: "text/html" }],
    ["a framework id that differs", 400, { ...subscribe, framework_id: { value: "x" } }, {}],
    ["an unusable Accept", 406, subscribe, { accept: "application/xml" }],
    ["a stream id on SUBSCRIBE", 400, subscribe, { "mesos-stream-id": "s" }],
    [
      "Accept before the stream id",
      406,
      subscribe,
      { accept: "text/html", "mesos-stream-id": "s" },
    ],
    ["an unknown framework", 400, { type: "REVIVE", framework_id: { value: "x" } }, {}],
  ])("%s answers %d", async (_, status, body, headers) => {
    const response = await (await TestMaster.start()).call(body, headers)
    expect(response.status).toBe(status)
    expect(await response.text()).not.toBe("")
  })

  test("Content-Type may have parameters", async () => {
    const master = await TestMaster.start()
    const response = await master.call(subscribe, {
      "content-type": "application/json; charset=utf-8",
    })
    expect(response.status).toBe(200)
    await response.body?.cancel()
  })

  test.each<[string, object]>([
    [
      "uuid of 3 bytes",
      { acknowledge: { agent_id: { value: "a" }, task_id: { value: "t" }, uuid: "YWJj" } },
    ],
    [
      "uuid that is no base64",
      { acknowledge: { agent_id: { value: "a" }, task_id: { value: "t" }, uuid: "?" } },
    ],
  ])("400 for an ACKNOWLEDGE with a %s", async (_, body) => {
    const { call } = await subscribed()
    expect((await call({ type: "ACKNOWLEDGE", ...body })).status).toBe(400)
  })

  test("400 for ACKNOWLEDGE_OPERATION_STATUS without an agent", async () => {
    const { call } = await subscribed()
    const acknowledge_operation_status = { uuid, operation_id: { value: "o" } }
    const body = { type: "ACKNOWLEDGE_OPERATION_STATUS", acknowledge_operation_status }
    expect((await call(body)).status).toBe(400)
  })

  test("200 with a stream id for SUBSCRIBE", async () => {
    const { stream } = await subscribed()
    expect(stream.response.headers.get("content-type")).toBe("application/json")
    expect(stream.id).not.toBe("")
    expect(stream.id.length).toBeLessThanOrEqual(128)
  })

  test("400 when the principal is not the framework's", async () => {
    let principal = "p"
    const master = await TestMaster.start({
      authenticate: () => ({ kind: "principal", principal }),
    })
    const stream = await master.subscribe({ principal: "p" })
    const framework_id = dig(await stream.event("SUBSCRIBED"), "subscribed", "framework_id")
    const headers = { "mesos-stream-id": stream.id }
    const revive = { type: "REVIVE", framework_id }
    expect((await master.call(revive, headers)).status).toBe(202)
    principal = "q"
    expect((await master.call(revive, headers)).status).toBe(400)
  })

  test("400 without a stream id or with a wrong one, 403 once disconnected", async () => {
    const { master, stream, call } = await subscribed()
    expect((await call({ type: "REVIVE" }, {})).status).toBe(400)
    expect((await call({ type: "REVIVE" }, { "mesos-stream-id": "other" })).status).toBe(400)
    await stream.close()
    await until("the disconnection", () =>
      [...master.driver.view.frameworks.values()].every(({ connected }) => !connected),
    )
    expect((await call({ type: "REVIVE" })).status).toBe(403)
  })

  test("501 for UNKNOWN, after every other check", async () => {
    const { call, framework_id, master } = await subscribed()
    expect((await call({ type: "UNKNOWN" })).status).toBe(501)
    expect((await call({ type: "UNKNOWN" }, {})).status).toBe(400)
    expect((await master.call({ type: "UNKNOWN" })).status).toBe(400)
    expect((await master.call({ type: "UNKNOWN", framework_id: { value: "x" } })).status).toBe(400)
    expect(
      (await master.call({ type: "UNKNOWN", framework_id }, { "mesos-stream-id": "x" })).status,
    ).toBe(400)
  })

  test("406 for RECONCILE_OPERATIONS that accepts nothing we have", async () => {
    const { call, stream } = await subscribed()
    const headers = { "mesos-stream-id": stream.id, accept: "text/html" }
    const body = { type: "RECONCILE_OPERATIONS", reconcile_operations: {} }
    expect((await call(body, headers)).status).toBe(406)
    expect((await call({ type: "REVIVE" }, headers)).status).toBe(202)
  })

  describe("UPDATE_FRAMEWORK answers", () => {
    const update = (id: unknown, change: object = {}) => ({
      type: "UPDATE_FRAMEWORK",
      update_framework: {
        framework_info: {
          ...info,
          id,
          roles: ["a"],
          capabilities: [{ type: "MULTI_ROLE" }],
          ...change,
        },
      },
    })

    test("200, or 400 when it is invalid", async () => {
      const { call, framework_id } = await subscribed()
      expect((await call(update(framework_id))).status).toBe(200)
      expect((await call(update(framework_id, { user: "other" }))).status).toBe(400)
      expect((await call(update({ value: "x" }))).status).toBe(400)
    })

    test("403 once the framework is disconnected", async () => {
      const { call, framework_id, master, stream } = await subscribed()
      await stream.close()
      await until("the disconnection", () =>
        [...master.driver.view.frameworks.values()].every(({ connected }) => !connected),
      )
      expect((await call(update(framework_id))).status).toBe(403)
    })

    test("409 when the framework is removed meanwhile", async () => {
      const { call, framework_id, master } = await subscribed()
      const frameworkId = dig(framework_id, "value") as FrameworkId
      // The turns of both come in this order, after both were found in order.
      const removed = master.driver.operate({ kind: "teardown", frameworkId })
      const answer = await call(update(framework_id))
      expect((await removed).status).toBe(200)
      expect([answer.status, await answer.text()]).toEqual([
        409,
        "Framework was removed while the call was processed",
      ])
      expect((await call(update(framework_id))).status).toBe(400)
    })
  })

  test.each<[object]>([
    [{ type: "REVIVE" }],
    [{ type: "SUPPRESS", suppress: {} }],
    [{ type: "DECLINE", decline: { offer_ids: [{ value: "o" }] } }],
    [{ type: "ACCEPT", accept: { offer_ids: [{ value: "o" }] } }],
    [{ type: "KILL", kill: { task_id: { value: "t" } } }],
    [{ type: "SHUTDOWN", shutdown: { executor_id: { value: "e" }, agent_id: { value: "a" } } }],
    [
      {
        type: "ACKNOWLEDGE",
        acknowledge: { agent_id: { value: "a" }, task_id: { value: "t" }, uuid },
      },
    ],
    [{ type: "RECONCILE", reconcile: {} }],
    [
      {
        type: "MESSAGE",
        message: { agent_id: { value: "a" }, executor_id: { value: "e" }, data: "" },
      },
    ],
    [{ type: "REQUEST", request: {} }],
    [{ type: "ACCEPT_INVERSE_OFFERS", accept_inverse_offers: {} }],
    [{ type: "DECLINE_INVERSE_OFFERS", decline_inverse_offers: {} }],
    [{ type: "RECONCILE_OPERATIONS", reconcile_operations: {} }],
    [{ type: "TEARDOWN" }],
  ])("202 without a body for %j", async (body) => {
    const { call } = await subscribed()
    const response = await call(body)
    expect(response.status).toBe(202)
    expect(await response.text()).toBe("")
  })

  test("a SUBSCRIBE that fails later is a 200 with one ERROR and the end", async () => {
    const master = await TestMaster.start()
    const stream = await master.subscribe({ roles: ["a b"] })
    await until("the end of the stream", () => stream.ended)
    expect(stream.events.map((event) => event["type"])).toEqual(["ERROR"])
    expect(dig(stream.events[0], "error", "message")).not.toBe("")
  })
})

describe("1.5: the scheduler's stream", () => {
  test("begins with SUBSCRIBED and HEARTBEAT, then a heartbeat every 15 seconds", async () => {
    const { master, stream, framework_id } = await subscribed()
    await stream.event("HEARTBEAT")
    expect(stream.events).toEqual([
      {
        type: "SUBSCRIBED",
        subscribed: {
          framework_id,
          heartbeat_interval_seconds: 15,
          master_info: { id: "m", ip: 16777343, port: 5050, hostname: "m1" },
        },
      },
      { type: "HEARTBEAT" },
    ])
    for (const count of [3, 4]) {
      master.clock.advance(15_000)
      await until("a heartbeat", () => stream.events.length === count)
    }
  })

  test("the newest SUBSCRIBE wins; the old stream hears why and ends, its id is void", async () => {
    const { master, stream, framework_id, call } = await subscribed()
    const second = await master.subscribe({ id: framework_id })
    await second.event("SUBSCRIBED")
    await until("the end of the old stream", () => stream.ended)
    expect(stream.events.at(-1)).toEqual({
      type: "ERROR",
      error: { message: "Framework failed over" },
    })
    expect((await call({ type: "REVIVE" })).status).toBe(400)
    expect((await call({ type: "REVIVE" }, { "mesos-stream-id": second.id })).status).toBe(202)
  })

  test("a scheduler that does not read is cut off and counts as disconnected", async () => {
    const master = await TestMaster.start({ streamBufferBytes: 300 })
    const response = await master.call(subscribe)
    const connected = () =>
      [...master.driver.view.frameworks.values()].some((each) => each.connected)
    await until("the subscription", connected)
    for (let i = 0; i < 30 && connected(); i++) {
      master.clock.advance(15_000)
      await new Promise((resume) => setImmediate(resume))
    }
    await until("the cut", () => !connected())
    const cut = await response.text().catch(String)
    expect(cut).toContain("reads its events too slowly")
  })
})

describe("2: the life of a task over HTTP", () => {
  test("offer, launch, update, acknowledge, kill", async () => {
    const { master, stream, framework_id, call } = await subscribed()
    const agent = await master.agent()
    const offers = dig(await stream.event("OFFERS"), "offers", "offers")
    const offer = dig(offers, 0)
    expect(offer).toMatchObject({
      framework_id,
      agent_id: { value: agent.id },
      hostname: "a1",
      allocation_info: { role: "*" },
      url: { scheme: "http", address: { hostname: "a1", ip: "10.0.2.1", port: 5051 } },
    })
    expect([0, 1, 2, 3].map((i) => dig(offer, "resources", i, "name"))).toEqual([
      "cpus",
      "disk",
      "mem",
      "ports",
    ])
    expect(JSON.stringify(dig(offer, "resources"))).not.toContain('"role":"*","reservation')

    const task = {
      name: "web",
      task_id: { value: "web.1" },
      agent_id: dig(offer, "agent_id"),
      command: { value: "sleep 100" },
      resources: [
        { name: "cpus", type: "SCALAR", scalar: { value: 1 } },
        { name: "mem", type: "SCALAR", scalar: { value: 64 } },
      ],
    }
    const accept = {
      offer_ids: [dig(offer, "id")],
      operations: [{ type: "LAUNCH", launch: { task_infos: [task] } }],
    }
    expect((await call({ type: "ACCEPT", accept })).status).toBe(202)
    await until("the launch", () => agent.received.some(({ kind }) => kind === "runTask"))
    expect(agent.received.at(-1)).toMatchObject({
      kind: "runTask",
      task: { name: "web", command: { value: "sleep 100" } },
    })

    agent.send({
      kind: "update",
      frameworkId: dig(framework_id, "value") as never,
      latestState: "TASK_RUNNING",
      status: {
        taskId: "web.1" as never,
        agentId: agent.id,
        state: "TASK_RUNNING",
        uuid,
        timestamp: 1.5,
      },
    })
    const status = dig(await stream.event("UPDATE"), "update", "status")
    expect(status).toMatchObject({
      task_id: { value: "web.1" },
      agent_id: { value: agent.id },
      state: "TASK_RUNNING",
      uuid,
      timestamp: 1.5,
    })
    const acknowledge = { agent_id: { value: agent.id }, task_id: { value: "web.1" }, uuid }
    expect((await call({ type: "ACKNOWLEDGE", acknowledge })).status).toBe(202)
    await until("the acknowledgement", () => agent.received.at(-1)?.kind === "acknowledge")

    const { tasks } = await master.get("/tasks")
    expect(tasks).toMatchObject([{ id: "web.1", state: "TASK_RUNNING" }])
    expect((await call({ type: "KILL", kill: { task_id: { value: "web.1" } } })).status).toBe(202)
    await until("the kill", () => agent.received.at(-1)?.kind === "killTask")
  })

  test("a framework of a single role sees the old form and no allocation", async () => {
    const { master, stream } = await subscribed({ roles: undefined, role: "db", capabilities: [] })
    await master.agent({ info: { hostname: "a1", resources: resources("cpus(db):1;mem:64") } })
    const offers = dig(await stream.event("OFFERS"), "offers", "offers")
    expect(dig(offers, 0, "resources")).toEqual([
      { name: "cpus", type: "SCALAR", scalar: { value: 1 }, role: "db" },
      { name: "mem", type: "SCALAR", scalar: { value: 64 }, role: "*" },
    ])
    expect(dig(offers, 0)).not.toHaveProperty("allocation_info")
  })
})

test("a stream that its client drops is noticed", async () => {
  const { master, stream } = await subscribed()
  expect(stream).toBeInstanceOf(TestStream)
  await stream.close()
  await until("the disconnection", () =>
    [...master.driver.view.frameworks.values()].every(({ connected }) => !connected),
  )
  master.clock.advance(60_001)
  await until("the removal", () => master.driver.view.completedFrameworks.size === 1)
})
