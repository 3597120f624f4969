import { afterEach, beforeEach, expect, test } from "bun:test"
import { listen, type Listening } from "#lib/io/index.ts"
import { TestMaster, TestStream, until } from "./master-harness.ts"

let master: TestMaster
let server: Listening
const connected = (): boolean =>
  [...master.driver.view.frameworks.values()].some((framework) => framework.connected)

beforeEach(async () => {
  master = await TestMaster.start({ streamBufferBytes: 64 * 1024 })
  const handler = (request: Request) => master.api.fetch(request)
  server = listen({ hostname: "127.0.0.1", port: 0, name: "the master's API", handler })
})
afterEach(() => server.stop())

const subscribe = (signal: AbortSignal): Promise<Response> =>
  fetch(`http://127.0.0.1:${server.port}/api/v1/scheduler`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      type: "SUBSCRIBE",
      subscribe: { framework_info: { user: "svc", name: "demo", failover_timeout: 60 } },
    }),
    signal,
  })

test("events arrive over a socket one by one, as they happen", async () => {
  const stream = new TestStream(await subscribe(AbortSignal.timeout(10_000)))
  await stream.event("SUBSCRIBED")
  for (const count of [3, 4, 5]) {
    master.clock.advance(15_000)
    await until("a heartbeat", () => stream.events.length === count)
  }
  await stream.close()
})

test("a client that hangs up is noticed at once", async () => {
  const hangUp = new AbortController()
  const response = await subscribe(hangUp.signal)
  await until("the subscription", connected)
  hangUp.abort()
  await until("the disconnection", () => !connected())
  await response.body?.cancel().catch(() => undefined)
})

test("a client that stops reading is cut off once the buffers are full", async () => {
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port: server.port,
    socket: { data: (self) => self.pause(), open: () => undefined },
  })
  const info = { user: "svc", name: "demo", failover_timeout: 60 }
  const body = JSON.stringify({ type: "SUBSCRIBE", subscribe: { framework_info: info } })
  socket.write(
    `POST /api/v1/scheduler HTTP/1.1\r\nHost: m\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  )
  await until("the subscription", connected)
  const framework = [...master.driver.view.frameworks.values()][0]
  const agent = await master.agent()
  // Each message of an executor is one event of 64 KiB; the kernel's buffers hold a few of them.
  for (let i = 0; i < 400 && connected(); i++) {
    agent.send({
      kind: "executorMessage",
      frameworkId: framework!.id,
      executorId: "e" as never,
      data: "A".repeat(60_000),
    })
    await new Promise((resume) => setTimeout(resume, 1))
  }
  expect(connected()).toBe(false)
  socket.end()
})
