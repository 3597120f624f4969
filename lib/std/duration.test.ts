import { expect, test } from "bun:test"
import { parseDuration } from "./duration.ts"

test.each([
  ["15secs", 15_000],
  ["1.5mins", 90_000],
  ["10ms", 10],
  ["2weeks", 1_209_600_000],
  [" 1hrs ", 3_600_000],
  ["500us", 0.5],
])("%s", (text, ms) => {
  expect(parseDuration(text)).toEqual({ ok: true, value: ms })
})

test.each(["15", "15s", "-1secs", "secs", "", "1 mins", "constructor", "1constructor"])(
  "refuses %j, naming the units",
  (text) => {
    const result = parseDuration(text)
    expect(result.ok ? "accepted" : result.error).toContain("secs")
  },
)
