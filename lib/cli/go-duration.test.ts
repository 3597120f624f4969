import { expect, test } from "bun:test"
import { parseGoDuration } from "./go-duration.ts"

test.each([
  ["5m", 300],
  ["1h30m", 5_400],
  ["1.5s", 1.5],
  ["250ms", 0.25],
  ["0", 0],
])("%s is %d s", (text, seconds) => {
  expect(parseGoDuration(text)).toBeCloseTo(seconds)
})

test.each(["", "5", "m", "5 m", "5mins", "-1s", "1s!"])("%j is no duration", (text) => {
  expect(parseGoDuration(text)).toBeUndefined()
})
