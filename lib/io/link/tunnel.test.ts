import { expect, test } from "bun:test"
import { until } from "#lib/io/testing/containers.ts"
import { decodeTunnelFrame, encodeTunnelFrame, tunnelType } from "./frame.ts"
import { TunnelClient } from "./tunnel-client.ts"
import { TunnelServer, type Handler } from "./tunnel-server.ts"

function connect(handler: Handler): { client: TunnelClient; frames: number; cut: () => void } {
  const state = { frames: 0 }
  const server: TunnelServer = new TunnelServer(handler, (frame) => {
    state.frames++
    const decoded = decodeTunnelFrame(frame)
    if (decoded) queueMicrotask(() => client.receive(decoded))
  })
  const client = new TunnelClient((frame) => {
    const decoded = decodeTunnelFrame(frame)
    if (decoded) queueMicrotask(() => server.receive(decoded))
  })
  return {
    client,
    get frames() {
      return state.frames
    },
    cut: () => {
      client.close()
      server.close()
    },
  }
}

test("a frame decodes to what was encoded, and garbage to nothing", () => {
  const frame = encodeTunnelFrame(70_000, tunnelType.data, new Uint8Array([1, 2, 3]))
  expect(decodeTunnelFrame(frame)).toEqual({
    request: 70_000,
    type: tunnelType.data,
    payload: new Uint8Array([1, 2, 3]),
  })
  expect(decodeTunnelFrame(new Uint8Array([0, 0, 0, 1, 99]))).toBeUndefined()
  expect(decodeTunnelFrame(new Uint8Array([1]))).toBeUndefined()
})

test("carries method, path, query, headers and body there and the answer back", async () => {
  const { client } = connect(async (request) => {
    const url = new URL(request.url)
    return Response.json(
      [request.method, url.pathname + url.search, request.headers.get("x-a"), await request.text()],
      { status: 201, headers: { "x-b": "2" } },
    )
  })
  const response = await client.fetch(
    new Request("http://x/files/read?path=%2Fa", {
      method: "POST",
      headers: { "x-a": "1" },
      body: "hé",
    }),
  )
  expect(response.status).toBe(201)
  expect(response.headers.get("x-b")).toBe("2")
  expect(await response.json()).toEqual(["POST", "/files/read?path=%2Fa", "1", "hé"])
})

test("streams a large body whole, and holds back when nobody reads it", async () => {
  const size = 5_000_000
  const link = connect(() => new Response(new Uint8Array(size).fill(7)))
  const response = await link.client.fetch(new Request("http://x/big"))
  for (let turn = 0; turn < 50; turn++) await Promise.resolve()
  expect(link.frames).toBeLessThan(10)
  const bytes = await response.bytes()
  expect(bytes.length).toBe(size)
  expect(bytes.every((byte) => byte === 7)).toBe(true)
})

test("a handler that throws fails the request", async () => {
  const { client } = connect(() => {
    throw new Error("no")
  })
  await expect(client.fetch(new Request("http://x/"))).rejects.toThrow(/gave the request up/)
})

test("closing the link fails what is under way, head or body", async () => {
  const waiting = connect(() => new Promise<Response>(() => {}))
  const answer = waiting.client.fetch(new Request("http://x/"))
  await Promise.resolve()
  waiting.cut()
  await expect(answer).rejects.toThrow(/link closed/)

  const streaming = connect(
    () => new Response(new ReadableStream({ pull: () => new Promise(() => {}) })),
  )
  const response = await streaming.client.fetch(new Request("http://x/"))
  streaming.cut()
  await expect(response.text()).rejects.toThrow(/link closed/)
})

const recordio = { "content-type": "application/recordio" }

/** A request body that the test writes piece by piece. */
function pieces() {
  let controller!: ReadableStreamDefaultController<Uint8Array>
  let pulled = 0
  const body = new ReadableStream<Uint8Array>(
    {
      start: (made) => {
        controller = made
      },
      pull: () => {
        pulled++
      },
    },
    { highWaterMark: 0 },
  )
  const write = (text: string) => controller.enqueue(new TextEncoder().encode(text))
  return { body, write, end: () => controller.close(), pulled: () => pulled }
}

test("a stream of records reaches the agent while it is being written", async () => {
  const got: string[] = []
  const { client } = connect(async (request) => {
    for await (const chunk of request.body ?? []) got.push(new TextDecoder().decode(chunk))
    return new Response("thanks")
  })
  const { body, write, end } = pieces()
  const answer = client.fetch(new Request("http://x/", { method: "POST", headers: recordio, body }))
  write("one")
  await until(() => got.length === 1)
  write("two")
  await until(() => got.length === 2)
  end()
  expect(await (await answer).text()).toBe("thanks")
  expect(got).toEqual(["one", "two"])
})

test("an agent that does not read holds the stream back", async () => {
  const { client } = connect(() => new Promise<Response>(() => {}))
  const { body, write, pulled } = pieces()
  void client.fetch(new Request("http://x/", { method: "POST", headers: recordio, body }))
  for (let i = 0; i < 20; i++) {
    write("x")
    await Bun.sleep(1)
  }
  expect(pulled()).toBeLessThan(5)
})

test("an answer may come before the stream has ended", async () => {
  const { client } = connect(() => new Response("no", { status: 409 }))
  const { body } = pieces()
  const request = new Request("http://x/", { method: "POST", headers: recordio, body })
  const response = await client.fetch(request)
  expect([response.status, await response.text()]).toEqual([409, "no"])
})

test("a reader that goes away is noticed even when nothing is being sent", async () => {
  let cancelled = false
  const { client } = connect(
    () =>
      new Response(
        new ReadableStream({
          pull: () => new Promise(() => {}),
          cancel: () => {
            cancelled = true
          },
        }),
      ),
  )
  const response = await client.fetch(new Request("http://x/"))
  await response.body?.cancel()
  await until(() => cancelled)
})

test("a client that goes away breaks the stream it was sending", async () => {
  let broken = false
  const { client } = connect(async (request) => {
    try {
      for await (const _ of request.body ?? []);
    } catch {
      broken = true
    }
    return new Response(null)
  })
  const { body } = pieces()
  const abort = new AbortController()
  const init = { method: "POST", headers: recordio, body, signal: abort.signal }
  const answer = client.fetch(new Request("http://x/", init))
  await Bun.sleep(1)
  abort.abort()
  await expect(answer).rejects.toThrow(/aborted/)
  await until(() => broken)
})
