import { describe, expect, test } from "bun:test"
import type { Clock } from "#lib/ports/index.ts"
import { LazyList, LazyObject, jsonBody, jsonPieces } from "./lazy-json.ts"

const text = (value: unknown): string => [...jsonPieces(value)].join("")

describe("lazy JSON", () => {
  test.each<[unknown, string]>([
    [new LazyObject({}), "{}"],
    [new LazyObject({ a: 1, gone: undefined, b: "x" }), '{"a":1,"b":"x"}'],
    [new LazyObject({ gone: undefined }), "{}"],
    [new LazyList([], (n) => n), "[]"],
    [new LazyList([1, 2], (n) => ({ n, gone: undefined })), '[{"n":1},{"n":2}]'],
    [
      new LazyObject({
        'q"': new LazyList([1], (n) => new LazyObject({ n: new LazyList([n], (m) => m) })),
      }),
      '{"q\\"":[{"n":[1]}]}',
    ],
    [{ plain: true }, '{"plain":true}'],
  ])("case %#", (value, expected) => {
    expect(text(value)).toBe(expected)
  })

  test("lists are copied when they are built, so that later changes do not tear them", () => {
    const items = new Map([[1, "a"]])
    const list = new LazyList(items.values(), (item) => item)
    items.set(2, "b")
    expect(text(list)).toBe('["a"]')
  })
})

describe("bodies", () => {
  const turns: (() => void)[] = []
  let now = 0
  const clock = {
    now: () => now,
    soon: (run: () => void) => void turns.push(run),
  } as Pick<Clock, "now" | "soon"> as Clock
  const long = new LazyList(
    Array.from({ length: 3000 }, (_, n) => `${n} ${"x".repeat(100)}`),
    (item) => item,
  )

  test("short text is there at once", () => {
    expect(jsonBody(jsonPieces([1]), clock)).toBe("[1]")
  })

  test("long text gives up its turn between pieces and is complete", async () => {
    const body = jsonBody(jsonPieces(long), clock)
    if (typeof body === "string") throw new Error("expected a stream")
    const reader = body.getReader()
    const decoder = new TextDecoder()
    let seen = ""
    for (let chunks = 0; ; chunks++) {
      const reading = reader.read()
      await Promise.resolve()
      turns.shift()?.()
      const { done, value } = await reading
      if (done) {
        expect(chunks).toBeGreaterThan(2)
        break
      }
      seen += decoder.decode(value)
    }
    expect(seen).toBe(JSON.stringify(long.items))
  })

  test("what takes long to work out gives up its turn, too, however short it is", async () => {
    const slow = new LazyList([1, 2, 3], (item) => {
      now += 20
      return item
    })
    const body = jsonBody(jsonPieces(slow), clock)
    expect(body).toBeInstanceOf(ReadableStream)
    const reader = (body as ReadableStream<Uint8Array>).getReader()
    const pieces: string[] = []
    for (;;) {
      const next = reader.read()
      await Promise.resolve()
      turns.shift()?.()
      const { value, done } = await next
      if (done) break
      pieces.push(new TextDecoder().decode(value))
    }
    expect(pieces.length).toBeGreaterThan(2)
    expect(pieces.join("")).toBe("[1,2,3]")
  })
})
