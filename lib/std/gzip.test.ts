import { expect, test } from "bun:test"
import { acceptsGzip, gzipBody } from "./gzip.ts"

test.each([
  ["gzip", true],
  ["br, GZIP ; q=0.1", true],
  ["gzip;q=0", false],
  ["gzip; q=0.000", false],
  ["*", false],
  ["x-gzip", false],
  [undefined, false],
])("%p accepts gzip: %p", (header, accepted) => {
  expect(acceptsGzip(header)).toBe(accepted)
})

test("what a stream yields comes out whole", async () => {
  const parts = Array.from({ length: 100 }, (_, part) => `${part}:${"x".repeat(1000)}`)
  const left = parts.values().map((part) => new TextEncoder().encode(part))
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      const next = left.next()
      if (next.done) controller.close()
      else controller.enqueue(next.value)
    },
  })
  const bytes = new Uint8Array(await new Response(gzipBody(body)).arrayBuffer())
  expect(new TextDecoder().decode(Bun.gunzipSync(bytes))).toBe(parts.join(""))
  expect(bytes.length).toBeLessThan(5000)
})

test("a reader that goes away ends the source", async () => {
  const gone = Promise.withResolvers<void>()
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: (controller) => controller.enqueue(new Uint8Array(1 << 16)),
    cancel: () => gone.resolve(),
  })
  const reader = gzipBody(body)?.getReader()
  await reader?.read()
  await reader?.cancel()
  await gone.promise
})

test("a short text stays as it is", () => {
  expect(gzipBody("{}")).toBeUndefined()
})
