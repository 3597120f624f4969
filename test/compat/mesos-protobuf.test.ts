/** The v1 API in protobuf beside JSON: what a client says and hears is the same in both. */
import { afterEach, describe, expect, test } from "bun:test"
import { loadProtobuf } from "#lib/mesos/index.ts"
import { listen, type Listening } from "#lib/io/index.ts"
import { PROTOBUF, TestMaster, TestStream, dig, protobufReader, until } from "./master-harness.ts"

const JSON_TYPE = "application/json"
const CALL = "mesos.v1.scheduler.Call"
const protobuf = await loadProtobuf()
const uuid = btoa("0123456789abcdef")
const framework_info = {
  user: "svc",
  name: "demo",
  roles: ["*"],
  failover_timeout: 60,
  capabilities: [{ type: "MULTI_ROLE" }, { type: "RESERVATION_REFINEMENT" }],
}
const subscribe = { type: "SUBSCRIBE", subscribe: { framework_info } }

/** A body of this type. */
const body = (type: string, message: string, json: object): string | Uint8Array =>
  type === JSON_TYPE ? JSON.stringify(json) : protobuf.fromJson(message, { ...json })

/** A framework that sends calls in one encoding and asks for events in another. */
async function framework(sends: string, receives: string) {
  const master = await TestMaster.start()
  const headers = { "content-type": sends, accept: receives }
  const stream = new TestStream(await master.call(body(sends, CALL, subscribe), headers))
  const framework_id = dig(await stream.event("SUBSCRIBED"), "subscribed", "framework_id")
  const call = (json: object) =>
    master.call(body(sends, CALL, { framework_id, ...json }), {
      ...headers,
      "mesos-stream-id": stream.id,
    })
  const accepted = async (json: object): Promise<void> => {
    const response = await call(json)
    expect([response.status, await response.text()]).toEqual([202, ""])
  }
  return { master, stream, framework_id, call, accepted }
}

/** Sends a task through its life; yields the events that the framework saw. */
async function life(sends: string, receives: string) {
  const { master, stream, framework_id, accepted } = await framework(sends, receives)
  expect(stream.response.headers.get("content-type")).toBe(receives)
  const agent = await master.agent()
  const offer = dig(await stream.event("OFFERS"), "offers", "offers", 0)
  const task = {
    name: "web",
    task_id: { value: "web.1" },
    agent_id: dig(offer, "agent_id"),
    command: { value: "sleep 100", environment: { variables: [{ name: "A", value: "é" }] } },
    data: "AP8=",
    resources: [
      { name: "cpus", type: "SCALAR", scalar: { value: 0.1 } },
      { name: "mem", type: "SCALAR", scalar: { value: 64 } },
      { name: "ports", type: "RANGES", ranges: { range: [{ begin: 31000, end: 31001 }] } },
    ],
  }
  const operations = [{ type: "LAUNCH", launch: { task_infos: [task] } }]
  await accepted({ type: "ACCEPT", accept: { offer_ids: [dig(offer, "id")], operations } })
  await until("the launch", () => agent.received.some(({ kind }) => kind === "runTask"))
  const launch = agent.received.find(({ kind }) => kind === "runTask")

  const frameworkId = dig(framework_id, "value") as never
  const status = { taskId: "web.1" as never, agentId: agent.id, uuid, timestamp: 1_700_000_001.25 }
  agent.send({
    kind: "update",
    frameworkId,
    latestState: "TASK_RUNNING",
    status: { ...status, state: "TASK_RUNNING", source: "SOURCE_EXECUTOR", data: "AQI=" },
  })
  await stream.event("UPDATE")
  const task_id = task.task_id
  const agent_id = { value: agent.id }
  await accepted({ type: "ACKNOWLEDGE", acknowledge: { agent_id, task_id, uuid } })
  await until("the acknowledgement", () => agent.received.at(-1)?.kind === "acknowledge")
  await accepted({ type: "RECONCILE", reconcile: { tasks: [{ task_id, agent_id }] } })
  const updates = () => stream.events.filter((event) => event["type"] === "UPDATE")
  await until("the answer", () => updates().length === 2)
  const kill_policy = { grace_period: { nanoseconds: 3_000_000_000 } }
  await accepted({ type: "KILL", kill: { task_id, agent_id, kill_policy } })
  await until("the kill", () => agent.received.at(-1)?.kind === "killTask")
  const kill = agent.received.at(-1)
  await accepted({ type: "TEARDOWN" })
  await until("the end of the stream", () => stream.ended)
  return { events: stream.events, launch, kill }
}

/** Without what differs between two masters by chance. */
const steady = (events: unknown): unknown =>
  JSON.parse(JSON.stringify(events).replace(/"(?:stream|m)-[\w-]+"/g, '"id"'))

describe("the life of a task", () => {
  test.each([
    [PROTOBUF, PROTOBUF],
    [JSON_TYPE, PROTOBUF],
    [PROTOBUF, JSON_TYPE],
  ])("calls in %s and events in %s are as in JSON alone", async (sends, receives) => {
    const plain = await life(JSON_TYPE, JSON_TYPE)
    const other = await life(sends, receives)
    expect(other.events.map((event) => event["type"])).toEqual([
      "SUBSCRIBED",
      "HEARTBEAT",
      "OFFERS",
      "UPDATE",
      "UPDATE",
    ])
    expect(steady(other.events)).toEqual(steady(plain.events))
    expect(steady(other.launch)).toEqual(steady(plain.launch))
    expect(other.launch).toMatchObject({ task: { name: "web", data: "AP8=" } })
    expect(steady(other.kill)).toEqual(steady(plain.kill))
  })

  test("events are bytes that the field numbers foretell", async () => {
    const master = await TestMaster.start({ streamBufferBytes: 1 << 16 })
    const headers = { "content-type": PROTOBUF, accept: PROTOBUF }
    const response = await master.call(body(PROTOBUF, CALL, subscribe), headers)
    expect(response.status).toBe(200)
    const reader = response.body?.getReader()
    const first = (await reader?.read())?.value ?? new Uint8Array()
    // RecordIO: the length in decimal, a newline; then type (1) = SUBSCRIBED (1).
    const text = new TextDecoder("latin1").decode(first)
    const [length = ""] = text.split("\n", 1)
    expect(Number(length)).toBeGreaterThan(0)
    expect([...first.subarray(length.length + 1, length.length + 3)]).toEqual([0x08, 0x01])
    await reader?.cancel()
  })
})

describe("refusals are text, with the status that JSON has", () => {
  test.each<[string, number, Uint8Array | string]>([
    ["no bytes", 400, new Uint8Array()],
    ["garbage", 400, Uint8Array.fromHex("ffffffffffffffffffffffff")],
    ["JSON", 400, JSON.stringify(subscribe)],
    ["a cut call", 400, (body(PROTOBUF, CALL, subscribe) as Uint8Array).subarray(0, -1)],
    ["an unknown type", 400, Uint8Array.of(0x10, 0x63)],
    ["type UNKNOWN without a framework", 400, Uint8Array.of(0x10, 0x00)],
    ["a missing message", 400, Uint8Array.of(0x10, 0x01)],
    ["a missing required field", 400, body(PROTOBUF, CALL, { type: "KILL", kill: {} })],
    ["no framework id", 400, body(PROTOBUF, CALL, { type: "REVIVE" })],
  ])("%s: %d", async (_, status, bytes) => {
    const master = await TestMaster.start()
    const response = await master.call(bytes, { "content-type": PROTOBUF, accept: PROTOBUF })
    expect(response.status).toBe(status)
    expect(response.headers.get("content-type")).toContain("text/plain")
    expect(await response.text()).not.toBe("")
  })

  test("a field that is missing or wrong is named", async () => {
    const { call } = await framework(PROTOBUF, PROTOBUF)
    const lacking = await call({ type: "KILL", kill: {} })
    expect(await lacking.text()).toContain("'kill.task_id': is required but absent")
    const short = { agent_id: { value: "a" }, task_id: { value: "t" }, uuid: "YWJj" }
    expect(await (await call({ type: "ACKNOWLEDGE", acknowledge: short })).text()).toContain("UUID")
  })

  test("415 and 406 name both encodings", async () => {
    const master = await TestMaster.start()
    const unknown = await master.call(body(PROTOBUF, CALL, subscribe), { "content-type": "text/x" })
    expect([unknown.status, await unknown.text()]).toEqual([
      415,
      "Expecting 'Content-Type' of application/json or application/x-protobuf, not 'text/x'",
    ])
    const headers = { "content-type": PROTOBUF, accept: "text/html" }
    const unusable = await master.call(body(PROTOBUF, CALL, subscribe), headers)
    expect([unusable.status, await unusable.text()]).toEqual([
      406,
      "Expecting 'Accept' to allow application/json or application/x-protobuf",
    ])
  })

  test("501 for UNKNOWN, after every other check", async () => {
    const { call } = await framework(PROTOBUF, PROTOBUF)
    expect((await call({ type: "UNKNOWN" })).status).toBe(501)
  })

  test("a call of millions of fields is refused while it is read, and others go on", async () => {
    const { master, accepted } = await framework(PROTOBUF, PROTOBUF)
    // ACCEPT (type 3) of 3,000,000 empty operations (field 2), two bytes each.
    const empty = new Uint8Array(6_000_000).map((_, at) => (at % 2 === 0 ? 0x12 : 0))
    const head = Uint8Array.fromHex("1003 2280 9bee 02".replaceAll(" ", ""))
    const call = new Uint8Array([...head, ...empty])
    const refused = await master.call(call, { "content-type": PROTOBUF })
    expect(refused.status).toBe(400)
    expect(await refused.text()).toContain("more than 2000000 fields")
    await accepted({ type: "REVIVE" })
  })
})

describe("the operator API", () => {
  const post = (master: TestMaster, json: object, type: string, accept: string) =>
    master.api.request("/api/v1", {
      method: "POST",
      headers: { "content-type": type, accept },
      body: body(type, "mesos.v1.master.Call", json) as string,
    })
  const operator = "mesos.v1.master.Response"

  test.each([
    [{ type: "GET_HEALTH" }],
    [{ type: "GET_VERSION" }],
    [{ type: "GET_FLAGS" }],
    [{ type: "GET_MASTER" }],
    [{ type: "GET_ROLES" }],
    [{ type: "GET_AGENTS" }],
    [{ type: "GET_FRAMEWORKS" }],
    [{ type: "GET_TASKS" }],
    [{ type: "GET_EXECUTORS" }],
    [{ type: "GET_STATE" }],
    [{ type: "GET_METRICS", get_metrics: {} }],
  ])("%j answers as in JSON, whatever the encoding of the call", async (call) => {
    const { master, stream } = await framework(PROTOBUF, PROTOBUF)
    await master.agent()
    await master.agent({ info: { hostname: "a2", resources: [] } })
    await stream.event("OFFERS")
    const read = await protobufReader(operator)
    const plain = (await (await post(master, call, JSON_TYPE, JSON_TYPE)).json()) as object
    for (const type of [JSON_TYPE, PROTOBUF]) {
      const answer = await post(master, call, type, PROTOBUF)
      expect([answer.status, answer.headers.get("content-type")]).toEqual([200, PROTOBUF])
      // Empty lists do not exist in protobuf: what remains is what JSON says.
      const there = read(new Uint8Array(await answer.arrayBuffer()))
      expect(there).toEqual(withoutEmptyLists(plain) as typeof there)
    }
    const mixed = await post(master, call, PROTOBUF, JSON_TYPE)
    expect(await mixed.json()).toEqual(plain as Record<string, unknown>)
  })

  test("TEARDOWN in protobuf tears down; refusals are text", async () => {
    const { master, stream, framework_id } = await framework(JSON_TYPE, JSON_TYPE)
    const garbage = await master.api.request("/api/v1", {
      method: "POST",
      headers: { "content-type": PROTOBUF },
      body: "{}",
    })
    expect(garbage.status).toBe(400)
    const unknown = { type: "TEARDOWN", teardown: { framework_id: { value: "x" } } }
    const refused = await post(master, unknown, PROTOBUF, PROTOBUF)
    expect([refused.status, await refused.text()]).toEqual([
      400,
      "No framework found with specified ID",
    ])
    const call = { type: "TEARDOWN", teardown: { framework_id } }
    expect((await post(master, call, PROTOBUF, PROTOBUF)).status).toBeOneOf([200, 202])
    await until("the end of the stream", () => stream.ended)
  })
})

/** JSON as protobuf can say it. */
function withoutEmptyLists(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(withoutEmptyLists)
  if (typeof json !== "object" || json === null) return json
  const members = Object.entries(json).filter(
    ([, value]) => !(Array.isArray(value) && value.length === 0),
  )
  return Object.fromEntries(members.map(([name, value]) => [name, withoutEmptyLists(value)]))
}

describe("over a socket", () => {
  let server: Listening | undefined
  afterEach(() => server?.stop())

  test("protobuf goes both ways", async () => {
    const master = await TestMaster.start()
    const handler = (request: Request) => master.api.fetch(request)
    server = listen({ hostname: "127.0.0.1", port: 0, name: "the master's API", handler })
    const response = await fetch(`http://127.0.0.1:${server.port}/api/v1/scheduler`, {
      method: "POST",
      headers: { "content-type": PROTOBUF, accept: PROTOBUF },
      body: body(PROTOBUF, CALL, subscribe) as Uint8Array<ArrayBuffer>,
      signal: AbortSignal.timeout(10_000),
    })
    const stream = new TestStream(response)
    await stream.event("SUBSCRIBED")
    master.clock.advance(15_000)
    await until("a heartbeat", () => stream.events.length === 3)
    await stream.close()
  })
})
