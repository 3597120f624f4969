/** Section 4.4 of the reference beyond its table of events: how streams begin, end and are bounded. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { listen, type Listening } from "#lib/io/index.ts"
import { TestMaster, TestStream, dig, until, type Json } from "./master-harness.ts"
import { AGENT_CAPABILITIES, ENCODINGS, Scene } from "./mesos-scene.ts"

const METRIC = "master/operator_event_stream_subscribers"
const subscribers = async (master: TestMaster): Promise<unknown> =>
  (await master.get("/metrics/snapshot"))[METRIC]
const types = (stream: TestStream): unknown[] => stream.events.map((event) => event["type"])

describe.each(ENCODINGS)("a stream in %s", (encoding) => {
  test("is told what happens from its answer on, in the order in which it happens", async () => {
    const scene = await Scene.open(encoding)
    const early = await scene.watch()
    expect(early.response.headers.get("mesos-stream-id")).toBeNull()
    const agent = await scene.master.agent({ capabilities: AGENT_CAPABILITIES })
    await scene.running(agent)
    const late = await scene.watch()
    scene.tell(agent, { taskId: "web", state: "TASK_FINISHED" })
    await scene.accepted({ type: "TEARDOWN" })
    agent.send({ kind: "unregister" })
    await Promise.all([early, late].map((stream) => stream.event("AGENT_REMOVED")))
    // Its end was never acknowledged, so the task is also told of as one of a removed framework.
    const end = ["TASK_UPDATED", "TASK_UPDATED", "FRAMEWORK_REMOVED", "AGENT_REMOVED"]
    const begin = ["SUBSCRIBED", "HEARTBEAT"]
    expect(types(early)).toEqual([...begin, "AGENT_ADDED", "TASK_ADDED", "TASK_UPDATED", ...end])
    expect(types(late)).toEqual([...begin, ...end])
    expect(late.events.slice(2)).toEqual(early.events.slice(5))
  })

  test("begins with what GET_STATE says", async () => {
    const scene = await Scene.open(encoding)
    const agent = await scene.master.agent({ capabilities: AGENT_CAPABILITIES })
    await scene.running(agent)
    const stream = await scene.watch()
    const state = dig(await scene.answered(200, { type: "GET_STATE" }), "get_state")
    const begun = await stream.event("SUBSCRIBED")
    expect(dig(begun, "subscribed", "get_state")).toEqual(state)
  })

  test("shows an agent as GET_AGENTS does", async () => {
    const scene = await Scene.open(encoding)
    const stream = await scene.watch()
    await scene.master.agent({ capabilities: AGENT_CAPABILITIES })
    const added = dig(await stream.event("AGENT_ADDED"), "agent_added", "agent") as Json
    const agents = dig(await scene.answered(200, { type: "GET_AGENTS" }), "get_agents", "agents", 0)
    // Offers come a moment later.
    expect({ ...added, offered_resources: undefined }).toEqual({
      ...(agents as Json),
      offered_resources: undefined,
    })
  })
})

test("the oldest stream is closed when one too many comes, and all are counted", async () => {
  const scene = await Scene.open("application/json", {}, {}, { watchesMax: 2 })
  const first = await scene.watch()
  const second = await scene.watch()
  expect(await subscribers(scene.master)).toBe(2)
  const third = await scene.watch()
  await until("the end of the oldest", () => first.ended)
  expect([second.ended, third.ended]).toEqual([false, false])
  await third.event("HEARTBEAT")
  expect(await subscribers(scene.master)).toBe(2)
  await third.close()
  await until("one less", () => scene.master.driver.processMetrics()[METRIC] === 1)
  await scene.master.driver.stop()
  await until("the end of all", () => second.ended)
})

test("a master that has stopped refuses", async () => {
  const scene = await Scene.open("application/json")
  await scene.master.driver.stop()
  const refused = await scene.operate({ type: "SUBSCRIBE" })
  expect([refused.status, refused.body]).toEqual([503, "The master is overloaded or stopping"])
})

describe("over a socket", () => {
  let master: TestMaster
  let server: Listening
  const watching = (): number => master.driver.processMetrics()[METRIC] ?? 0

  beforeEach(async () => {
    master = await TestMaster.start({ streamBufferBytes: 64 * 1024 })
    const handler = (request: Request) => master.api.fetch(request)
    server = listen({ hostname: "127.0.0.1", port: 0, name: "the master's API", handler })
  })
  afterEach(() => server.stop())

  const watch = (signal: AbortSignal): Promise<Response> =>
    fetch(`http://127.0.0.1:${server.port}/api/v1`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ type: "SUBSCRIBE" }),
      signal,
    })

  test("events arrive one by one, as they happen, uncompressed", async () => {
    const stream = new TestStream(await watch(AbortSignal.timeout(10_000)))
    expect(stream.response.headers.get("content-encoding")).toBeNull()
    expect(stream.response.headers.get("transfer-encoding")).toBe("chunked")
    await stream.event("HEARTBEAT")
    await master.agent()
    await stream.event("AGENT_ADDED")
    await stream.close()
    await until("the end", () => watching() === 0)
  })

  test("a client that hangs up is noticed at once", async () => {
    const hangUp = new AbortController()
    const response = await watch(hangUp.signal)
    expect(watching()).toBe(1)
    hangUp.abort()
    await until("the end", () => watching() === 0)
    await response.body?.cancel().catch(() => undefined)
  })

  test("a client that stops reading is cut off once the buffers are full", async () => {
    const socket = await Bun.connect({
      hostname: "127.0.0.1",
      port: server.port,
      socket: { data: (self) => self.pause(), open: () => undefined },
    })
    const body = JSON.stringify({ type: "SUBSCRIBE" })
    socket.write(
      `POST /api/v1 HTTP/1.1\r\nHost: m\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    )
    await until("the subscription", () => watching() === 1)
    const name = "n".repeat(60_000)
    // Each framework is one event of 60 KB; the kernel's buffers hold a few of them.
    for (let i = 0; i < 400 && watching() > 0; i++) {
      await master.subscribe({ name })
      await new Promise((resume) => setTimeout(resume, 1))
    }
    expect(watching()).toBe(0)
    socket.end()
  })

  test("a client that asks for the connection to be closed has it closed at the end", async () => {
    let received = ""
    let ended = false
    const socket = await Bun.connect({
      hostname: "127.0.0.1",
      port: server.port,
      socket: {
        data: (_, bytes) => void (received += bytes.toString()),
        end: () => void (ended = true),
        close: () => void (ended = true),
      },
    })
    const body = JSON.stringify({ type: "SUBSCRIBE" })
    socket.write(
      `POST /api/v1 HTTP/1.1\r\nHost: m\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    )
    await until("the first events", () => received.includes("HEARTBEAT"))
    await master.driver.stop()
    await until("the end", () => ended)
    expect(received.endsWith("\r\n0\r\n\r\n")).toBe(true)
  })
})
