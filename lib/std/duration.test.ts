import { expect, test } from "bun:test"
import { formatDuration, parseDuration } from "./duration.ts"

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

test.each([
  [0, "0ns"],
  [0.0005, "500ns"],
  [0.0015, "1500ns"],
  [0.5, "500us"],
  [1, "1ms"],
  [999, "999ms"],
  [1_000, "1secs"],
  [1_500, "1500ms"],
  [60_000, "1mins"],
  [90_000, "90secs"],
  [100_500, "100.5secs"],
  [900_000, "15mins"],
  [86_400_000, "1days"],
  [864_000_000, "10days"],
  [1_209_600_000, "2weeks"],
])("%d ms are %s, which reads as what it was", (ms, text) => {
  expect(formatDuration(ms)).toBe(text)
  expect(parseDuration(text)).toEqual({ ok: true, value: expect.closeTo(ms, 6) as number })
})
