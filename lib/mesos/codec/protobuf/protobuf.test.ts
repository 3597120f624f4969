import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { brandId } from "#lib/mesos/ids.ts"
import { codecOf } from "#lib/mesos/codec/compile.ts"
import { Decoding } from "#lib/mesos/codec/decoding.ts"
import { enumNames, type Table } from "#lib/mesos/codec/shape.ts"
import type { Call } from "#lib/mesos/v1/scheduler.ts"
import fields from "#lib/mesos/v1/fields.json" with { type: "json" }
import { anyMessage } from "../../../../test/fixtures/any-message.ts"
import { loadProtobuf } from "./load.ts"

const protobuf = await loadProtobuf()
type Json = Readonly<Record<string, unknown>>
const table = fields as unknown as Table
const CALL = "mesos.v1.scheduler.Call"
const SELECTOR = "mesos.v1.scheduler.AttributeConstraint.Selector"

const hex = (bytes: Uint8Array): string => bytes.toHex().replace(/(..)(?!$)/g, "$1 ")
const bytesOf = (text: string): Uint8Array => Uint8Array.fromHex(text.replaceAll(" ", ""))
const jsonOf = (name: string, text: string): unknown => {
  const json = protobuf.toJson(name, bytesOf(text))
  return json.ok ? json.value : json.error
}

describe("bytes worked out by hand from the encoding's rules", () => {
  // A tag is number << 3 | wire type: 0 varint, 1 eight bytes, 2 length and bytes.
  test.each<[string, string, string, object]>([
    [
      "a string in a message, an enum",
      CALL,
      "0a 03 0a 01 66 10 02",
      { framework_id: { value: "f" }, type: "TEARDOWN" },
    ],
    [
      "a repeated message, a double",
      `${CALL}.Decline`,
      "0a 03 0a 01 61 0a 03 0a 01 62 12 09 09 00 00 00 00 00 00 04 40",
      { offer_ids: [{ value: "a" }, { value: "b" }], filters: { refuse_seconds: 2.5 } },
    ],
    ["a varint of two bytes", "mesos.v1.Port", "08 ac 02", { number: 300 }],
    [
      "a negative int32 in ten bytes",
      "mesos.v1.CheckStatusInfo.Command",
      "08 ff ff ff ff ff ff ff ff ff 01",
      { exit_code: -1 },
    ],
    [
      "the largest exact 64-bit number",
      "mesos.v1.TimeInfo",
      "08 ff ff ff ff ff ff ff 0f",
      { nanoseconds: 2 ** 53 - 1 },
    ],
    [
      "bytes",
      `${CALL}.Acknowledge`,
      "0a 03 0a 01 61 12 03 0a 01 74 1a 03 00 7f ff",
      { agent_id: { value: "a" }, task_id: { value: "t" }, uuid: "AH//" },
    ],
    ["a text beyond ASCII", "mesos.v1.TaskID", "0a 06 c3 a9 f0 9f 9a 80", { value: "é🚀" }],
    [
      "a map: each entry a message of key and value",
      "mesos.v1.quota.QuotaConfig",
      "0a 01 72 1a 10 0a 03 6d 65 6d 12 09 09 00 00 00 00 00 00 59 40",
      { role: "r", limits: { mem: { value: 100 } } },
    ],
    ["an empty message in a message", CALL, "7a 00", { revive: {} }],
    ["a tag of two bytes", CALL, "82 01 03 0a 01 72", { suppress: { roles: ["r"] } }],
    [
      "an infinite double",
      "mesos.v1.Value.Scalar",
      "09 00 00 00 00 00 00 f0 7f",
      { value: Infinity },
    ],
  ])("%s", (_, name, text, json) => {
    expect(hex(protobuf.fromJson(name, json as Json))).toBe(text)
    expect(jsonOf(name, text)).toEqual(json)
  })
})

describe("what other writers may send", () => {
  test.each<[string, string, string, unknown]>([
    [
      "fields out of order",
      CALL,
      "10 02 0a 03 0a 01 66",
      { framework_id: { value: "f" }, type: "TEARDOWN" },
    ],
    ["the last of a scalar given twice", "mesos.v1.Port", "08 01 08 02", { number: 2 }],
    [
      "a message in two parts, which are one",
      CALL,
      "2a 05 0a 03 0a 01 61 2a 05 0a 03 0a 01 62",
      { decline: { offer_ids: [{ value: "a" }, { value: "b" }] } },
    ],
    [
      "unknown fields of each wire type",
      "mesos.v1.Port",
      "a0 06 01 a1 06 00 00 00 00 00 00 00 00 a2 06 02 ff ff a5 06 00 00 00 00 08 05",
      { number: 5 },
    ],
    ["a known field of a wrong wire type", "mesos.v1.Port", "0a 01 61", {}],
    ["a value that the enum does not have", CALL, "10 63", {}],
    ["only the last of a choice", SELECTOR, "08 01 12 01 61", { attribute_name: "a" }],
    [
      "64 bits, the nearest number",
      "mesos.v1.TimeInfo",
      `08 ${"ff ".repeat(8)}7f`,
      { nanoseconds: 2 ** 63 },
    ],
    ["64 bits unsigned", "mesos.v1.Value.Range", `08 ${"ff ".repeat(9)}01`, { begin: 2 ** 64 }],
    [
      "a key that is __proto__",
      "mesos.v1.quota.QuotaConfig",
      "1a 0d 0a 09 5f 5f 70 72 6f 74 6f 5f 5f 12 00",
      { limits: JSON.parse('{"__proto__":{}}') as object },
    ],
    ["no bytes at all", CALL, "", {}],
  ])("%s", (_, name, text, json) => {
    expect(jsonOf(name, text)).toEqual(json)
  })

  test.each<[string, string]>([
    ["a tag without a value", "10"],
    ["a message longer than what follows", "0a 05 0a 01 66"],
    ["an inner length beyond the outer", "0a 03 0a 05 66 66 66"],
    ["a varint without end", `10 ${"ff ".repeat(11)}`],
    ["field number zero", "02 00"],
    ["a wire type that does not exist", "0f 00"],
    ["a group without end", "0b"],
    ["JSON", "7b 22 74 79 70 65 22 3a 22 58 22 7d"],
  ])("%s is refused", (_, text) => {
    expect(jsonOf(CALL, text)).toMatchObject({ code: "invalid", path: "" })
  })

  test("nesting without end is refused, not followed", () => {
    let inner = Uint8Array.of()
    for (let i = 0; i < 200; i++) {
      const { length } = inner
      const size = length < 128 ? [length] : [(length & 127) | 128, length >> 7]
      inner = Uint8Array.of(0x12, ...size, ...inner)
    }
    expect(protobuf.toJson("mesos.v1.ContainerID", inner)).toMatchObject({ ok: false })
  })
})

describe("messages are judged as their JSON is", () => {
  test.each<[string, string]>([
    ["", "missing Expecting 'type' to be present"],
    ["10 63", "missing Expecting 'type' to be present"],
    ["10 00", "unknownType the type is UNKNOWN"],
    [
      "10 08 42 06 0a 00 12 02 0a 00",
      "missing 'acknowledge.agent_id.value': is required but absent",
    ],
    [
      "10 04 2a 0b 12 09 09 00 00 00 00 00 00 f8 7f",
      "invalid 'decline.filters.refuse_seconds': expected a number, got NaN",
    ],
  ])("%s: %s", (text, problem) => {
    const decoded = protobuf.decode(CALL, bytesOf(text))
    expect(decoded.ok ? "fine" : `${decoded.error.code} ${decoded.error.message}`).toBe(problem)
  })

  test("a call arrives as the union that its JSON gives", () => {
    const call: Call = {
      kind: "kill",
      frameworkId: brandId("f"),
      taskId: brandId("t"),
      killPolicy: { gracePeriod: { nanoseconds: 3e9 } },
    }
    expect(protobuf.decode(CALL, protobuf.encode(CALL, call))).toEqual({ ok: true, value: call })
  })

  test("a duration without seconds has zero of them", () => {
    // DRAIN_AGENT (37): agent id "a", a grace period of 5 ns.
    const drain = { agent_id: { value: "a" }, max_grace_period: { nanos: 5 } }
    const bytes = protobuf.fromJson("mesos.v1.master.Call", {
      type: "DRAIN_AGENT",
      drain_agent: drain,
    })
    expect(protobuf.decode("mesos.v1.master.Call", bytes)).toMatchObject({
      value: { maxGracePeriod: { seconds: 0, nanos: 5 } },
    })
  })

  test.each([2 ** 53, 2 ** 62, -(2 ** 63), 2 ** 63])("%d nanoseconds survive", (nanoseconds) => {
    const bytes = protobuf.fromJson("mesos.v1.TimeInfo", { nanoseconds })
    expect(protobuf.toJson("mesos.v1.TimeInfo", bytes)).toEqual({
      ok: true,
      value: { nanoseconds },
    })
  })

  test("reservations take the form that is asked for", () => {
    const reservations = [{ type: "DYNAMIC", role: "db" }] as const
    const disk = { name: "disk", value: { kind: "scalar", milli: 5000 }, reservations } as const
    const old = protobuf.encode("mesos.v1.Resource", disk, "old")
    expect(protobuf.toJson("mesos.v1.Resource", old)).toMatchObject({
      value: { role: "db", reservation: {} },
    })
  })
})

const messages = Object.keys(table).filter((full) => !enumNames(table, full))

describe("every message of the field table", () => {
  test("is the same after JSON, protobuf, JSON, and read as its JSON is", () => {
    for (const full of messages) {
      const codec = codecOf(full)
      const property = fc.property(anyMessage(full, 2), (json) => {
        const back = protobuf.toJson(full, protobuf.fromJson(full, json as Json))
        expect(back).toEqual({ ok: true, value: json as Json })
        const read = back.ok ? codec.decode(back.value, new Decoding()) : back.error
        expect(read).toEqual(codec.decode(json, new Decoding()))
      })
      fc.assert(property, { numRuns: 5 })
    }
  }, 60_000)

  test("cut anywhere, or spoiled, is read or refused but never throws", () => {
    const spoil = fc.record({
      json: anyMessage(CALL, 4),
      at: fc.nat(),
      by: fc.nat({ max: 255 }),
      cut: fc.boolean(),
    })
    const property = fc.property(spoil, ({ json, at, by, cut }) => {
      const bytes = protobuf.fromJson(CALL, json as Json)
      const place = at % Math.max(bytes.length, 1)
      if (cut) protobuf.decode(CALL, bytes.subarray(0, place))
      else protobuf.decode(CALL, bytes.with(place, by))
    })
    fc.assert(property, { numRuns: 500 })
  })

  test("any bytes are read or refused but never throw", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const decoded = protobuf.decode(CALL, bytes)
        if (!decoded.ok) expect(decoded.error.message).not.toBe("")
      }),
      { numRuns: 500 },
    )
  })
})
