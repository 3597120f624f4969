/** Bytes that are no calls, at every endpoint that reads some; and readers that do not read. */
import { afterEach, describe, expect, test } from "bun:test"
import fc from "fast-check"
import { RecordDecoder, encodeRecords, loadProtobuf } from "#lib/mesos/index.ts"
import type { Log } from "#lib/ports/index.ts"
import { anyMessage } from "../fixtures/any-message.ts"
import { agentApi } from "./agent-harness.ts"
import { PROTOBUF, TestMaster, until } from "./master-harness.ts"
import { JSON_TYPE, encode } from "./mesos-scene.ts"

const RECORDIO = "application/recordio"
const protobuf = await loadProtobuf()
let fatal: unknown
afterEach(() => expect(fatal).toBeUndefined())

/** Makes a call, and goes away when it has to wait. */
type Ask = (init: {
  readonly headers: Record<string, string>
  readonly body: Blob
}) => Promise<Response>
const endpoints = async (): Promise<Record<string, Ask>> => {
  const master = await TestMaster.start({}, (cause) => void (fatal = cause))
  const agent = agentApi()
  const post =
    (to: (path: string, init: RequestInit) => Response | Promise<Response>, path: string): Ask =>
    async (init) =>
      await to(path, { method: "POST", ...init })
  const ofMaster = (path: string, init: RequestInit) => master.api.request(path, init)
  return {
    "mesos.v1.scheduler.Call": post(ofMaster, "/api/v1/scheduler"),
    "mesos.v1.master.Call": post(ofMaster, "/api/v1"),
    "mesos.v1.agent.Call": post(agent, "/api/v1"),
    "mesos.v1.executor.Call": post(agent, "/api/v1/executor"),
  }
}
const CALLS = [
  "mesos.v1.scheduler.Call",
  "mesos.v1.master.Call",
  "mesos.v1.agent.Call",
  "mesos.v1.executor.Call",
]
/** What any endpoint may answer to what it cannot understand, or does not do. */
const CLEAR = [200, 202, 400, 403, 404, 406, 409, 415, 501, 503]

describe.each(CALLS)("a body that is no %s", (call) => {
  test.each([
    ["cut JSON", '{"type":'],
    ["no JSON", "type=REVIVE"],
    ["a text", '"REVIVE"'],
    ["a list", "[]"],
    ["a number", "1"],
    ["null", "null"],
    ["a type that is a number", '{"type":3}'],
    ["a type nobody knows", '{"type":"OF_THE_FUTURE"}'],
    ["brackets without end", "[".repeat(100_000)],
    ["objects without end", '{"a":'.repeat(50_000)],
    ["half a character", '{"type":"\ud800"}'],
  ])("%s is 400 in words", async (_, text) => {
    const ask = (await endpoints())[call]
    const response = await ask?.({ headers: { "content-type": JSON_TYPE }, body: new Blob([text]) })
    expect(response?.status).toBe(400)
    expect(await response?.text()).not.toBe("")
  })

  test("bytes of any kind are 400 as protobuf, or a call that is answered", async () => {
    const ask = (await endpoints())[call]
    const whole = fc.uint8Array({ maxLength: 200 })
    const property = fc.asyncProperty(whole, async (bytes) => {
      const headers = { "content-type": PROTOBUF, accept: PROTOBUF }
      const response = await ask?.({ headers, body: new Blob([bytes]) })
      await response?.body?.cancel()
      expect(CLEAR).toContain(response?.status ?? 0)
      expect(fatal).toBeUndefined()
    })
    await fc.assert(property, { numRuns: 200 })
  })

  test("calls with bytes cut off or changed are 400, or calls that are answered", async () => {
    const ask = (await endpoints())[call]
    const property = fc.asyncProperty(
      anyMessage(call, 4),
      fc.nat(),
      fc.nat({ max: 255 }),
      fc.boolean(),
      async (json, place, byte, cut) => {
        let bytes: Uint8Array
        try {
          bytes = protobuf.fromJson(call, json as never)
        } catch {
          return
        }
        const at = bytes.length === 0 ? 0 : place % bytes.length
        const spoiled = cut ? bytes.slice(0, at) : bytes.with(at, byte)
        const headers = { "content-type": PROTOBUF, accept: PROTOBUF }
        const body = new Blob([bytes.length === 0 ? bytes : spoiled])
        const response = await ask?.({ headers, body })
        await response?.body?.cancel()
        expect(CLEAR).toContain(response?.status ?? 0)
      },
    )
    await fc.assert(property, { numRuns: 150 })
  }, 20_000)
})

describe("calls that decode", () => {
  test.each(["mesos.v1.agent.Call", "mesos.v1.executor.Call"])(
    "as %s never bring the agent down",
    async (call) => {
      const agent = agentApi()
      const path = call.includes("executor") ? "/api/v1/executor" : "/api/v1"
      const seen = new Set<number>()
      const property = fc.asyncProperty(anyMessage(call, 4), async (json) => {
        const headers = { "content-type": JSON_TYPE }
        // Some wait for containers, and nobody runs any here: the client goes away after a while.
        const client = new AbortController()
        const { signal } = client
        const body = JSON.stringify(json)
        const answer = agent(path, { method: "POST", headers, body, signal })
        await Promise.race([answer, new Promise((resume) => setImmediate(resume))])
        client.abort()
        const response = await answer
        await response.body?.cancel()
        seen.add(response.status)
        expect(CLEAR).toContain(response.status)
      })
      await fc.assert(property, { numRuns: 400 })
      expect((await agent("/state")).status).toBe(200)
      expect(seen.size).toBeGreaterThan(1)
    },
    20_000,
  )
})

describe("any path, query and header", () => {
  const piece = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.constantFrom(
      "%",
      "%zz",
      "%E0%A4%A",
      "\u0000",
      "..",
      "//",
      "*",
      "a".repeat(5_000),
      "-1",
      "1e9",
    ),
  )
  const names = [
    "path",
    "offset",
    "length",
    "limit",
    "order",
    "slave_id",
    "framework_id",
    "task_id",
    "container_id",
    "executor_id",
    "jsonp",
    "timeout",
    "level",
    "duration",
    "format",
  ]
  const query = fc.array(fc.tuple(fc.constantFrom(...names), piece), { maxLength: 4 })
  const heads = fc.dictionary(
    fc.constantFrom(
      "accept",
      "accept-encoding",
      "content-type",
      "mesos-stream-id",
      "authorization",
    ),
    fc.string({ maxLength: 20 }).map((text) => text.replaceAll(/[^\x20-\x7e]/g, "")),
  )
  const PATHS: Readonly<Record<"master" | "agent", readonly string[]>> = {
    master: [
      "/state",
      "/state-summary",
      "/slaves",
      "/frameworks",
      "/tasks",
      "/roles",
      "/maintenance/status",
      "/quota",
      "/weights",
      "/metrics/snapshot",
      "/files/browse",
      "/files/read",
      "/files/download",
      "/logging/toggle",
      "/help",
      "/redirect",
    ],
    agent: [
      "/state",
      "/flags",
      "/containers",
      "/monitor/statistics",
      "/metrics/snapshot",
      "/files/browse",
      "/files/read",
      "/files/download",
      "/logging/toggle",
      "/help",
    ],
  }
  test.each(["master", "agent"] as const)(
    "of a %s is answered, and never an error of its own",
    async (who) => {
      const errors: string[] = []
      const log: Log = {
        enabled: () => true,
        write: (level, message) => void (level === "error" && errors.push(message)),
      }
      const { api } = await TestMaster.start({ log })
      const agent = agentApi()
      const send = (path: string, init: RequestInit): Promise<Response> =>
        who === "agent" ? agent(path, init) : Promise.resolve(api.request(path, init))
      const path = fc.oneof(
        { arbitrary: fc.constantFrom(...PATHS[who]), weight: 4 },
        { arbitrary: piece.map((text) => `/${text}`), weight: 1 },
        { arbitrary: piece.map((text) => `/quota/${text}`), weight: 1 },
      )
      const method = fc.constantFrom("GET", "GET", "GET", "POST", "DELETE", "PUT")
      const property = fc.asyncProperty(
        path,
        query,
        heads,
        method,
        async (at, pairs, headers, verb) => {
          const search = pairs.map(([name, value]) => `${name}=${value}`).join("&")
          const response = await send(`${at}?${search}`, { method: verb, headers })
          await response.body?.cancel()
          expect([at, search, response.status < 500 || response.status === 501]).toEqual([
            at,
            search,
            true,
          ])
        },
      )
      await fc.assert(property, { numRuns: 600 })
      expect(errors).toEqual([])
    },
    20_000,
  )
})

describe("records of a streamed request", () => {
  const container_id = { value: "c" }
  const input = JSON.stringify({
    type: "ATTACH_CONTAINER_INPUT",
    attach_container_input: { type: "CONTAINER_ID", container_id },
  })
  const record = new TextDecoder().decode(encodeRecords([input]))
  test.each([
    ["cut in the length", "12"],
    ["cut in the record", record.slice(0, -5)],
    ["of more than 1 MiB", "1048577\n"],
    ["of more digits than anyone sends", "9".repeat(40)],
    ["of a length that is no number", "12x\n"],
    ["of a negative length", "-1\n"],
    ["of no length", "\n"],
    ["of nothing", "0\n"],
    ["of no call", encodeText("{}")],
  ])("%s are 400 in words", async (_, text) => {
    const response = await agentApi()("/api/v1", {
      method: "POST",
      headers: { "content-type": RECORDIO, "message-content-type": JSON_TYPE },
      body: text,
    })
    expect(response.status).toBe(400)
    expect(await response.text()).not.toBe("")
  })

  test("any bytes are taken apart or refused, whatever the borders of their chunks", () => {
    const property = fc.property(
      fc.array(fc.uint8Array({ maxLength: 30 }), { maxLength: 20 }),
      (chunks) => {
        const decoder = new RecordDecoder(100)
        const whole = new RecordDecoder(100)
        const parts = chunks.map((chunk) => decoder.push(chunk))
        const all = whole.push(Buffer.concat(chunks))
        expect(parts.every(({ ok }) => ok)).toBe(all.ok)
        if (!all.ok) return expect(decoder.push(new Uint8Array([48, 10])).ok).toBe(false)
        const records = parts.flatMap((part) => (part.ok ? [...part.value] : []))
        expect(records.map((each) => each.toHex())).toEqual(all.value.map((each) => each.toHex()))
      },
    )
    fc.assert(property)
  })
})

/** One record. */
function encodeText(text: string): string {
  return new TextDecoder().decode(encodeRecords([text]))
}

describe("who does not read is cut off, and the log says so", () => {
  /** A log that keeps what it is told. */
  const keeping = () => {
    const lines: string[] = []
    const log: Log = {
      enabled: () => true,
      write: (_level, message, fields) => void lines.push(`${message} ${JSON.stringify(fields)}`),
    }
    return { lines, log }
  }

  test.each(["/api/v1/scheduler", "/api/v1"])("%s", async (path) => {
    const { lines, log } = keeping()
    const master = await TestMaster.start({ streamBufferBytes: 300, log })
    const subscribe = { framework_info: { user: "u", name: "idle" } }
    const other = await master.subscribe({ name: "other" })
    const response = await master.api.request(path, {
      method: "POST",
      headers: { "content-type": JSON_TYPE },
      body: JSON.stringify({
        type: "SUBSCRIBE",
        ...(path === "/api/v1" ? {} : { subscribe }),
      }),
    })
    const told = () => lines.filter((line) => line.includes("left 300 bytes unread"))
    await until("the cut", () => {
      master.clock.advance(15_000)
      return told().length > 0
    })
    expect(told()).toHaveLength(1)
    expect(told()[0]).toContain("stream closed")
    const cut = await response.text().catch(String)
    expect(cut).toContain("reads its events too slowly")
    // Who reads goes on.
    const heard = other.events.length
    master.clock.advance(15_000)
    await until("a heartbeat of the other", () => other.events.length > heard)
  })
})

test("a call of 16 MiB is read, and one message of it may be large", async () => {
  const ask = (await endpoints())["mesos.v1.scheduler.Call"]
  const call = {
    type: "MESSAGE",
    framework_id: { value: "none" },
    message: { agent_id: { value: "a" }, executor_id: { value: "e" }, data: "A".repeat(15 << 20) },
  }
  for (const encoding of [JSON_TYPE, PROTOBUF]) {
    const body = new Blob([encode(encoding, "mesos.v1.scheduler.Call", call)])
    const response = await ask?.({ headers: { "content-type": encoding }, body })
    expect([response?.status, await response?.text()]).toEqual([400, "Framework cannot be found"])
  }
})
