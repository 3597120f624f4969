import { expect, test } from "bun:test"
import { encodeRecords } from "#lib/mesos/index.ts"
import { readCall } from "./operator-request.ts"

const JSON_TYPE = "application/json"
const stream = { "content-type": "application/recordio", "message-content-type": JSON_TYPE }
const input = JSON.stringify({
  type: "ATTACH_CONTAINER_INPUT",
  attach_container_input: { type: "CONTAINER_ID", container_id: { value: "c" } },
})

/** A request whose body comes in these chunks. */
const request = (chunks: readonly Uint8Array[], headers: Record<string, string>): Request =>
  new Request("http://a1/api/v1", {
    method: "POST",
    headers,
    body: new ReadableStream<Uint8Array>({
      start: (controller) => {
        for (const chunk of chunks) controller.enqueue(chunk)
        controller.close()
      },
    }),
  })

const text = (call: object): Uint8Array[] => [new TextEncoder().encode(JSON.stringify(call))]

test("a call is read with its name and how to answer it", async () => {
  const read = await readCall(
    request(text({ type: "GET_STATE" }), {
      "content-type": JSON_TYPE,
      accept: "application/x-protobuf",
    }),
  )
  expect(read).toEqual({
    ok: true,
    value: { call: { kind: "getState" }, type: "GET_STATE", accepted: "application/x-protobuf" },
  })
})

test("containers and images may be asked for without a message", async () => {
  for (const [type, kind] of [
    ["GET_CONTAINERS", "getContainers"],
    ["PRUNE_IMAGES", "pruneImages"],
  ] as const)
    expect(await readCall(request(text({ type }), { "content-type": JSON_TYPE }))).toMatchObject({
      ok: true,
      value: { call: { kind } },
    })
})

test("answers made of records are accepted as records, in JSON unless asked otherwise", async () => {
  const call = {
    type: "ATTACH_CONTAINER_OUTPUT",
    attach_container_output: { container_id: { value: "c" } },
  }
  for (const [more, accepted] of [
    [{}, JSON_TYPE],
    [{ "message-accept": "application/x-protobuf" }, "application/x-protobuf"],
  ] as const) {
    const headers = { "content-type": JSON_TYPE, accept: "application/recordio", ...more }
    expect(await readCall(request(text(call), headers))).toMatchObject({
      ok: true,
      value: { accepted },
    })
  }
})

test("of a stream the first record is the call, whatever the borders of its chunks", async () => {
  const bytes = encodeRecords([input, input])
  const chunks = [bytes.subarray(0, 1), bytes.subarray(1, 40), bytes.subarray(40)]
  expect(await readCall(request(chunks, stream))).toMatchObject({
    ok: true,
    value: { call: { kind: "attachContainerInput", containerId: { value: "c" } } },
  })
})

test.each([
  ["no length", "x"],
  ["a record that is too long", "1048577\n"],
  ["a record that is cut", "10\n{"],
])("a stream of %s is refused", async (_, body) => {
  const read = await readCall(request([new TextEncoder().encode(body)], stream))
  expect(read).toMatchObject({ ok: false, error: { status: 400 } })
})
