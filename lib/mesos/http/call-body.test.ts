import { expect, test } from "bun:test"
import { loadProtobuf } from "#lib/mesos/codec/protobuf/load.ts"
import { parseBody, readBody } from "./call-body.ts"
import type { MediaType } from "./negotiation.ts"

const CALL = "mesos.v1.agent.Call"
const call = { type: "LIST_FILES", list_files: { path: "/é" } }
const protobuf = await loadProtobuf()

test.each<[MediaType, Uint8Array]>([
  ["application/json", new TextEncoder().encode(JSON.stringify(call))],
  ["application/x-protobuf", protobuf.fromJson(CALL, call)],
])("a call in %s is the same from a request and from bytes", async (type, bytes) => {
  const request = new Request("http://a1/api/v1", { method: "POST", body: new Blob([bytes]) })
  expect(await readBody(request, type, CALL)).toEqual({ ok: true, value: call })
  expect(await parseBody(bytes, type, CALL)).toEqual({ ok: true, value: call })
})

test.each<[MediaType, string]>([
  ["application/json", "Failed to parse body into JSON"],
  ["application/x-protobuf", "Failed to parse body into Call protobuf: "],
])("bytes that are no %s are refused with the reason", async (type, reason) => {
  const bytes = new Uint8Array([0xff])
  const request = new Request("http://a1/api/v1", { method: "POST", body: new Blob([bytes]) })
  for (const read of [await readBody(request, type, CALL), await parseBody(bytes, type, CALL)])
    expect(read).toEqual({ ok: false, error: expect.stringContaining(reason) })
})
