import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { RecordDecoder, encodeRecords } from "./recordio.ts"

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (records: readonly Uint8Array[]): string[] =>
  records.map((record) => new TextDecoder().decode(record))

/** Characters of one to four bytes, and those that frame a record. */
const unit = fc.constantFrom("a", "0", "\n", "ä", "€", "🚀")

describe("records", () => {
  test("carry the length in bytes, not in characters", () => {
    expect(text([encodeRecords(["ä"])])).toEqual(["2\nä"])
    expect(text([encodeRecords(["", "a"])])).toEqual(["0\n1\na"])
  })

  test("survive any cutting of the stream", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit })),
        fc.infiniteStream(fc.integer({ min: 1, max: 7 })),
        (all, sizes) => {
          const stream = encodeRecords(all)
          const decoder = new RecordDecoder(1000)
          const seen: string[] = []
          for (let at = 0; at < stream.length;) {
            const size = sizes.next().value
            const pushed = decoder.push(Uint8Array.from(stream.slice(at, at + size)))
            if (pushed.ok) seen.push(...text(pushed.value))
            at += size
          }
          expect(seen).toEqual(text(all.map(bytes)))
          expect(decoder.partial).toBe(false)
        },
      ),
    )
  })

  test("a cut stream is noticed", () => {
    const decoder = new RecordDecoder(10)
    decoder.push(bytes("3\nab"))
    expect(decoder.partial).toBe(true)
  })

  test.each([
    ["x", "badRecord"],
    ["\n", "badRecord"],
    ["1a\n", "badRecord"],
    ["99999999999\n", "badRecord"],
    ["11\n", "recordTooLarge"],
  ])("%j breaks the stream for good", (header, code) => {
    const decoder = new RecordDecoder(10)
    const broken = decoder.push(bytes(header))
    expect(broken).toMatchObject({ ok: false, error: { code } })
    expect(decoder.push(bytes("1\na")).ok).toBe(false)
  })
})
