import { expect, test } from "bun:test"
import fc from "fast-check"
import { formatTimestamp, parseTimestamp, parseTimestampMs } from "./timestamp.ts"

test("writes the same text as the platform's ISO form, at any moment of years 0 to 9999", () => {
  const years = { min: new Date("0000-01-01T00:00:00Z"), max: new Date("9999-12-31T23:59:59.999Z") }
  fc.assert(
    fc.property(fc.date({ ...years, noInvalidDate: true }), (date) => {
      const text: string = formatTimestamp(date.getTime())
      expect(text).toBe(date.toISOString())
      expect(parseTimestampMs(text)).toBe(date.getTime())
    }),
  )
})

test.each([
  ["2020-02-29", Date.UTC(2020, 1, 29)],
  ["2020-01-02T03:04", Date.UTC(2020, 0, 2, 3, 4)],
  ["2020-01-02T03:04:05Z", Date.UTC(2020, 0, 2, 3, 4, 5)],
  ["2020-01-02T03:04:05.678999Z", Date.UTC(2020, 0, 2, 3, 4, 5, 678)],
  ["2020-01-02T03:04:05.6+01:30", Date.UTC(2020, 0, 2, 1, 34, 5, 600)],
  ["2020-01-02T03:04:05-0200", Date.UTC(2020, 0, 2, 5, 4, 5)],
])("reads %s", (text, ms) => {
  expect(parseTimestampMs(text)).toBe(ms)
})

test.each(["yesterday", "", "2021-02-29", "2020-13-01", "2020-01-01T24:00", "2020-01-01 10:00"])(
  "refuses %p",
  (text) => {
    expect(parseTimestamp(text)).toBeUndefined()
  },
)
