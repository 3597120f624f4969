/** Several calls on one connection before the first is answered, as Mesos' C++ library sends them. */
import { afterEach, beforeEach, expect, test } from "bun:test"
import { listen, type Listening } from "#lib/io/index.ts"
import { TestMaster, dig, type Json } from "./master-harness.ts"
import { RawConnection, post } from "./raw-http.ts"

let master: TestMaster
let server: Listening
let streamId: string
let frameworkId: unknown

beforeEach(async () => {
  master = await TestMaster.start()
  const handler = (request: Request) => master.api.fetch(request)
  server = listen({ hostname: "127.0.0.1", port: 0, name: "the master's API", handler })
  const stream = await master.subscribe()
  streamId = stream.id
  frameworkId = dig(await stream.event("SUBSCRIBED"), "subscribed", "framework_id")
})
afterEach(() => server.stop())

/** The bytes of one call; a text is sent as it is. */
function requestOf(call: Json | string): string {
  const body =
    typeof call === "string" ? call : JSON.stringify({ framework_id: frameworkId, ...call })
  return post("/api/v1/scheduler", body, { "mesos-stream-id": streamId })
}

/** Sends all bytes on one connection, in pieces of this size; the statuses that came back. */
async function statusesOf(bytes: string, count: number, piece = bytes.length): Promise<number[]> {
  const connection = await RawConnection.open(server.port)
  for (let at = 0; at < bytes.length; at += piece) {
    await connection.send(bytes.slice(at, at + piece))
    await new Promise((resume) => setImmediate(resume))
  }
  const statuses = await connection.answers(count)
  connection.end()
  return statuses
}

const killsOf = (count: number): Json[] =>
  Array.from({ length: count }, (_, i) => ({
    type: "KILL",
    kill: { task_id: { value: `t${i}` } },
  }))

test("ten calls in one piece are answered, in order, and done in order", async () => {
  const calls: (Json | string)[] = killsOf(10)
  calls[3] = "{ malformed"
  calls[6] = { type: "ACKNOWLEDGE" }
  const statuses = await statusesOf(calls.map(requestOf).join(""), 10)
  expect(statuses).toEqual([202, 202, 202, 400, 202, 202, 400, 202, 202, 202])
  const [framework] = master.driver.view.frameworks.values()
  expect(master.driver.view.metrics(0)["master/messages_kill_task"]).toBe(8)
  expect(framework?.connected).toBe(true)
})

test.each([1, 100, 333])(
  "calls that come in pieces of %d bytes are all answered",
  async (piece) => {
    const statuses = await statusesOf(killsOf(10).map(requestOf).join(""), 10, piece)
    expect(statuses).toEqual(Array.from({ length: 10 }, () => 202))
  },
)

test("a call for another's stream is refused among the others", async () => {
  const [first = "", second = "", third = ""] = killsOf(3).map(requestOf)
  const bytes = first + second.replace(streamId, "another") + third
  expect(await statusesOf(bytes, 3)).toEqual([202, 400, 202])
})

test("what is no HTTP at all gets 400, after the answers to what came before it", async () => {
  const [first = ""] = killsOf(1).map(requestOf)
  expect(await statusesOf(`${first}NONSENSE\r\n\r\n`, 2)).toEqual([202, 400])
})
