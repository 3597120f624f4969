import { describe, expect, test } from "bun:test"
import { RecordDecoder, loadProtobuf, type master as v1 } from "#lib/mesos/index.ts"
import type { Clock, LogLevel } from "#lib/ports/index.ts"
import { Bench, taskInfo } from "#lib/master/core/builders.ts"
import { captureState } from "#lib/master/core/state-snapshot.ts"
import type { WatchBeginning } from "#lib/master/watchers.ts"
import { OperatorEncoding, OperatorStream } from "./operator-stream.ts"

const protobuf = await loadProtobuf()
let turns = 0
const clock: Clock = {
  now: () => 0,
  wakeAt: () => () => undefined,
  soon: (run) => {
    turns++
    setImmediate(run)
  },
}

/** What a master with one agent and one task shows. */
function beginningOf(): WatchBeginning {
  const bench = new Bench()
  const agent = bench.register()
  const marathon = bench.subscribe()
  bench.launch(marathon, [taskInfo("t1", agent.id)])
  return { state: captureState(bench.master.view), heartbeatMs: 15_000 }
}

function open({ limitBytes = 1000, encoding = new OperatorEncoding() } = {}) {
  const closed: string[] = []
  const logged: (readonly [LogLevel, string])[] = []
  const stream = new OperatorStream({
    encoding,
    clock,
    log: { enabled: () => true, write: (level, text) => void logged.push([level, text]) },
    limitBytes,
    onClosed: (reason) => closed.push(reason),
  })
  return { stream, closed, logged }
}

type Json = Readonly<Record<string, unknown>>
const readJson = (record: Uint8Array): Json => JSON.parse(new TextDecoder().decode(record)) as Json
const readProtobuf = (record: Uint8Array): Json => {
  const json = protobuf.toJson("mesos.v1.master.Event", record)
  if (!json.ok) throw new Error(json.error.message)
  return json.value
}

async function read(body: ReadableStream<Uint8Array>, decode = readJson): Promise<Json[]> {
  const decoder = new RecordDecoder(1 << 20)
  const events: Json[] = []
  for await (const chunk of body) {
    const records = decoder.push(chunk)
    if (!records.ok) throw new Error(records.error.message)
    events.push(...records.value.map(decode))
  }
  expect(decoder.partial).toBe(false)
  return events
}

const heartbeat: readonly v1.Event[] = [{ kind: "heartbeat" }]
const removed = [{ kind: "agentRemoved", agentId: "S1" }] as unknown as readonly v1.Event[]

describe("an operator's stream", () => {
  test.each([
    ["JSON", new OperatorEncoding(), readJson],
    ["protobuf", new OperatorEncoding(protobuf), readProtobuf],
  ])("has the state first and all else after it, in %s", async (_name, encoding, decode) => {
    const { stream, closed } = open({ encoding })
    const begun = stream.begun(beginningOf())
    stream.events(heartbeat)
    await begun
    stream.events(removed)
    stream.end()
    stream.events(removed)
    const [subscribed, ...others] = await read(stream.body, decode)
    expect(subscribed).toMatchObject({
      type: "SUBSCRIBED",
      subscribed: {
        heartbeat_interval_seconds: 15,
        get_state: {
          get_tasks: { tasks: [{ task_id: { value: "t1" } }] },
          get_agents: { agents: [{ active: true }] },
          get_frameworks: { frameworks: [{ connected: true }] },
        },
      },
    })
    expect(others).toEqual([
      { type: "HEARTBEAT" },
      { type: "AGENT_REMOVED", agent_removed: { agent_id: { value: "S1" } } },
    ])
    expect(closed).toEqual([])
  })

  test("is settled once it has begun, ended or been left", async () => {
    const [begun, ended, left] = [open(), open(), open()]
    void begun.stream.begun(beginningOf())
    ended.stream.end()
    left.stream.close("gone")
    await Promise.all([begun, ended, left].map(({ stream }) => stream.settled))
    expect([begun, ended, left].map(({ closed }) => closed)).toEqual([[], [], ["gone"]])
  })

  test("that leaves too much unread is cut off, once; what it begins with does not count", async () => {
    const { stream, closed } = open({ limitBytes: 100 })
    await stream.begun(beginningOf())
    for (let i = 0; i < 4; i++) stream.events(heartbeat)
    expect(closed).toEqual([])
    for (let i = 0; i < 4; i++) stream.events(heartbeat)
    expect(closed).toEqual(["the client left 100 bytes unread"])
    let cause: unknown
    await read(stream.body).catch((error: unknown) => void (cause = error))
    expect(String(cause)).toContain("reads its events too slowly")
  })

  test("that is told too much before its state is encoded is cut off", () => {
    const { stream, closed } = open({ limitBytes: 100 })
    void stream.begun(beginningOf())
    for (let i = 0; i < 8; i++) stream.events(heartbeat)
    expect(closed).toEqual(["100 bytes of events came before its first event was encoded"])
  })

  test("whose state cannot be encoded is cut off, and the log says why", async () => {
    class Broken extends OperatorEncoding {
      override beginning(): Promise<never> {
        return Promise.reject(new Error("no room"))
      }
    }
    const { stream, closed, logged } = open({ encoding: new Broken() })
    await stream.begun(beginningOf())
    expect(closed).toEqual(["its first event could not be encoded"])
    expect(logged).toEqual([["error", "SUBSCRIBE: Error: no room"]])
  })
})

describe("the encoding", () => {
  test("is done once for all who read", async () => {
    const encoding = new OperatorEncoding()
    expect(encoding.events(removed)).toBe(encoding.events(removed))
    const beginning = beginningOf()
    const [one, other] = [
      encoding.beginning(beginning, clock),
      encoding.beginning(beginning, clock),
    ]
    expect(await one).toBe(await other)
  })

  test("of a large state gives up its turn in between", async () => {
    const beginning = beginningOf()
    const [task] = beginning.state.tasks
    const tasks = Array.from({ length: 2000 }, () => task!)
    const state = { ...beginning.state, tasks }
    const pieces = new OperatorEncoding().beginning({ ...beginning, state }, clock)
    const before = turns
    await pieces
    expect(turns - before).toBeGreaterThan(2)
    const [event] = await read(new Blob((await pieces) as Uint8Array<ArrayBuffer>[]).stream())
    expect(event).toMatchObject({ subscribed: { get_state: { get_tasks: {} } } })
    expect(JSON.stringify(event).match(/"t1"/g)?.length).toBeGreaterThanOrEqual(2000)
  })
})
