import { expect, test } from "bun:test"
import { limitBody } from "./body-limit.ts"

const chunks = (sizes: readonly number[]): ReadableStream<Uint8Array> =>
  new ReadableStream({
    start: (controller) => {
      for (const size of sizes) controller.enqueue(new Uint8Array(size))
      controller.close()
    },
  })

const post = (
  body: ReadableStream<Uint8Array> | undefined,
  headers: Record<string, string> = {},
): Request =>
  new Request("http://x/", { method: "POST", headers, ...(body === undefined ? {} : { body }) })

test("a body without a known size is cut at the limit", async () => {
  const small = limitBody(post(chunks([3, 7])), 10)
  expect((await small?.request.bytes())?.length).toBe(10)
  expect(small?.exceeded()).toBe(false)
  const large = limitBody(post(chunks([3, 8])), 10)
  await expect(large?.request.bytes() ?? Promise.resolve()).rejects.toThrow(/larger than 10/)
  expect(large?.exceeded()).toBe(true)
})

test("a size that is told is believed at once", () => {
  expect(limitBody(post(undefined, { "content-length": "11" }), 10)).toBeUndefined()
  const request = post(undefined, { "content-length": "10" })
  expect(limitBody(request, 10)?.request).toBe(request)
})

test("streams of records go on for ever", async () => {
  const request = post(chunks([11]), { "content-type": "application/recordio; x=y" })
  expect(limitBody(request, 10)?.request).toBe(request)
})
