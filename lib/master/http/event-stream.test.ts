import { describe, expect, test } from "bun:test"
import { RecordDecoder } from "#lib/mesos/index.ts"
import { EventStream } from "./event-stream.ts"

const open = (limitBytes = 1000) => {
  const closed: string[] = []
  const stream = new EventStream({
    form: () => "new",
    limitBytes,
    onClosed: (reason) => closed.push(reason),
  })
  return { stream, closed }
}

async function read(body: ReadableStream<Uint8Array>): Promise<unknown[]> {
  const decoder = new RecordDecoder(10_000)
  const events: unknown[] = []
  for await (const chunk of body) {
    const records = decoder.push(chunk)
    if (!records.ok) throw new Error(records.error.message)
    for (const record of records.value) events.push(JSON.parse(new TextDecoder().decode(record)))
  }
  return events
}

describe("an event stream", () => {
  test("carries events as records and ends with the master's last word", async () => {
    const { stream, closed } = open()
    stream.events([{ kind: "heartbeat" }, { kind: "error", message: "out" }])
    stream.end()
    stream.events([{ kind: "heartbeat" }])
    stream.end()
    expect(await read(stream.body)).toEqual([
      { type: "HEARTBEAT" },
      { type: "ERROR", error: { message: "out" } },
    ])
    expect(closed).toEqual([])
  })

  test("a reader that leaves too much unread is cut off, once, with the reason", async () => {
    const { stream, closed } = open(60)
    for (let i = 0; i < 5; i++) stream.events([{ kind: "heartbeat" }])
    expect(closed).toEqual(["the client left 60 bytes unread"])
    let cause: unknown
    await read(stream.body).catch((error: unknown) => void (cause = error))
    expect(String(cause)).toContain("reads its events too slowly")
  })

  test("a reader that goes away is reported once", async () => {
    const { stream, closed } = open()
    await stream.body.cancel()
    stream.close("again")
    stream.events([{ kind: "heartbeat" }])
    stream.end()
    expect(closed).toEqual(["the client closed the connection"])
  })
})
