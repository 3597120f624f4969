import { expect, test } from "bun:test"
import { formatByteSize, parseByteSize } from "./byte-size.ts"

test("sizes are whole numbers of a unit", () => {
  expect(parseByteSize("2GB")).toEqual({ ok: true, value: 2 * 1024 ** 3 })
  expect(parseByteSize(" 0B ")).toEqual({ ok: true, value: 0 })
  for (const bad of ["", "2", "1.5GB", "-1B", "2gb", "2 GB", "99999999TB"])
    expect(parseByteSize(bad).ok).toBe(false)
})

test("sizes are written without loss", () => {
  expect([0, 1, 1023, 1024, 1536, 3 * 1024 ** 2, 1024 ** 5].map(formatByteSize)).toEqual([
    "0B",
    "1B",
    "1023B",
    "1KB",
    "1536B",
    "3MB",
    "1024TB",
  ])
})
