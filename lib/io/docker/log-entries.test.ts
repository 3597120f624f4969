import { expect, test } from "bun:test"
import { LogEntries } from "./log-entries.ts"
import { LOG_START, NewEntries, advance, sinceOf } from "./log-position.ts"

const time = (nanos: number): string => `2026-01-02T03:04:05.${`${nanos}`.padStart(9, "0")}Z`

function frame(stream: 1 | 2, text: string): Buffer {
  const payload = Buffer.from(text)
  const header = Buffer.alloc(8)
  header[0] = stream
  header.writeUInt32BE(payload.length, 4)
  return Buffer.concat([header, payload])
}

const entry = (stream: "stdout" | "stderr", nanos: number, text = "x") => ({
  stream,
  at: time(nanos),
  content: Buffer.from(text),
})

const textOf = (entries: readonly { stream: string; at: string; content: Uint8Array }[]) =>
  entries.map(({ stream, at, content }) => `${stream} ${at} ${Buffer.from(content).toString()}`)

test("puts frames together however the stream is cut", () => {
  const bytes = Buffer.concat([frame(1, `${time(1)} a b\n`), frame(2, `${time(2)} \n`)])
  const expected = [`stdout ${time(1)} a b\n`, `stderr ${time(2)} \n`]
  for (let cut = 0; cut <= bytes.length; cut++) {
    const entries = new LogEntries({ tty: false })
    const found = [...entries.push(bytes.subarray(0, cut)), ...entries.push(bytes.subarray(cut))]
    expect(textOf(found)).toEqual(expected)
  }
})

test("takes bare lines from a terminal", () => {
  const entries = new LogEntries({ tty: true })
  expect(entries.push(Buffer.from(`${time(1)} on`))).toEqual([])
  expect(textOf(entries.push(Buffer.from(`e\r\n${time(2)} t`)))).toEqual([
    `stdout ${time(1)} one\r\n`,
  ])
})

test("asks again from the earlier of both streams, and from before where one has nothing yet", () => {
  const at = (nanos: number) => ({ ...LOG_START, at: time(nanos) })
  const second = Date.parse("2026-01-02T03:04:05Z") / 1000
  expect(sinceOf({ stdout: LOG_START, stderr: LOG_START })).toBe("0")
  expect(sinceOf({ stdout: at(7), stderr: at(5) })).toBe(`${second}.000000005`)
  expect(sinceOf({ stdout: at(5), stderr: at(7) })).toBe(`${second}.000000005`)
  expect(sinceOf({ stdout: at(7), stderr: LOG_START })).toBe(`${second - 60}`)
  expect(sinceOf({ stdout: LOG_START, stderr: at(7) })).toBe(`${second - 60}`)
})

test("knows what was copied, stream by stream, also among equal timestamps", () => {
  const all = [
    entry("stdout", 1, "a"),
    entry("stderr", 3, "b"),
    entry("stdout", 2, "c"),
    entry("stdout", 2, "d"),
    entry("stderr", 3, "e"),
    entry("stdout", 4, "f"),
  ]
  for (let copied = 0; copied <= all.length; copied++) {
    const position = { stdout: LOG_START, stderr: LOG_START }
    for (const each of all.slice(0, copied))
      position[each.stream] = advance(position[each.stream], each)
    const fresh = new NewEntries(position)
    expect(textOf(all.filter((each) => fresh.isNew(each)))).toEqual(textOf(all.slice(copied)))
    expect(position.stdout.size + position.stderr.size).toBe(copied)
  }
})
