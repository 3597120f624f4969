import { expect, test } from "bun:test"
import { LineLog } from "./log.ts"

function collect(least: "debug" | "info"): { log: LineLog; lines: () => string[] } {
  let text = ""
  const log = new LineLog(least, (part) => {
    text += part
  })
  return { log, lines: () => text.split("\n").filter((line) => line !== "") }
}

test("writes level, message and fields on one line", () => {
  const { log, lines } = collect("info")
  log.write("info", "agent registered", { id: "a-S0", tasks: 3, gone: undefined, text: 'a "b"\nc' })
  log.flush()
  expect(lines()[0]?.slice(25)).toBe(
    'info  agent registered id="a-S0" tasks=3 text="a \\"b\\"\\nc"',
  )
})

test("drops what is below its level", () => {
  const { log, lines } = collect("info")
  log.write("debug", "noise")
  log.flush()
  expect(lines()).toEqual([])
  expect(log.enabled("debug")).toBe(false)
})

test("buffers lines, but writes an error at once with what came before it", () => {
  const { log, lines } = collect("debug")
  log.write("info", "first")
  expect(lines()).toHaveLength(0)
  log.write("error", "second")
  expect(lines()).toHaveLength(2)
})

test("writes every line, however often it repeats", () => {
  const { log, lines } = collect("info")
  for (let i = 0; i < 20; i++) log.write("warn", "agent is gone", { id: "a-S0" })
  log.flush()
  expect(lines()).toHaveLength(20)
})

test("writes from another level on when told so", () => {
  const { log, lines } = collect("info")
  log.setLevel("debug")
  log.write("debug", "detail")
  log.setLevel("info")
  log.write("debug", "noise")
  log.flush()
  expect(lines()).toHaveLength(1)
  expect(log.enabled("debug")).toBe(false)
})
