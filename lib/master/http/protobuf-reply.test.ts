import { expect, test } from "bun:test"
import { loadProtobuf } from "#lib/mesos/index.ts"
import type { Clock } from "#lib/ports/index.ts"
import { LazyList, LazyObject } from "./lazy-json.ts"
import { replyProtobuf } from "./protobuf-reply.ts"

const RESPONSE = "mesos.v1.master.Response"
const protobuf = await loadProtobuf()

/** Answers with the value; yields the message that a reader finds, and the turns that were given up. */
async function reply(value: object) {
  let turns = 0
  const soon = (run: () => void) => void (turns++, setImmediate(run))
  const clock: Clock = { now: () => 0, wakeAt: () => () => undefined, soon }
  const response = await replyProtobuf(RESPONSE, value, clock)
  const bytes = new Uint8Array(await response.arrayBuffer())
  const json = protobuf.toJson(RESPONSE, bytes)
  return { type: response.headers.get("content-type"), json, turns, bytes }
}

const frameworks = (count: number) =>
  [...Array(count).keys()].map((i) => ({
    framework_info: { user: "u", name: `f${i}` },
    active: true,
    connected: i % 2 === 0,
    recovered: false,
  }))

test("what is rendered lazily is the message that it would be at once", async () => {
  const rows = frameworks(3)
  const lazy = new LazyObject({
    type: "GET_STATE",
    get_state: new LazyObject({
      get_tasks: new LazyObject({ tasks: [], orphan_tasks: new LazyList([], String) }),
      get_frameworks: new LazyObject({
        frameworks: new LazyList(rows, (row) => row),
        recovered_frameworks: [{ user: "u", name: "f9" }],
        completed_frameworks: undefined,
      }),
    }),
  })
  const get_frameworks = { frameworks: rows, recovered_frameworks: [{ user: "u", name: "f9" }] }
  const value = { type: "GET_STATE", get_state: { get_tasks: {}, get_frameworks } }
  const { type, json, turns } = await reply(lazy)
  expect(type).toBe("application/x-protobuf")
  expect(json).toEqual({ ok: true, value })
  expect(turns).toBe(0)
})

test("long lists give up their turn now and then", async () => {
  const rows = frameworks(20_000)
  const list = new LazyObject({ frameworks: new LazyList(rows, (row) => row) })
  const { json, turns, bytes } = await reply(
    new LazyObject({ type: "GET_FRAMEWORKS", get_frameworks: list }),
  )
  expect(json.ok && json.value["get_frameworks"]).toEqual({ frameworks: rows })
  expect(turns).toBeGreaterThanOrEqual(Math.floor(bytes.length / (128 * 1024)))
  expect(turns).toBeGreaterThan(2)
})

test("a plain answer goes at once", async () => {
  const value = { type: "GET_HEALTH", get_health: { healthy: true } }
  expect((await reply(value)).json).toEqual({ ok: true, value })
})
