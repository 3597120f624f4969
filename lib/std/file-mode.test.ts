import { expect, test } from "bun:test"
import { modeNumber } from "./file-mode.ts"

test.each([
  ["-rw-r--r--", 0o100_644],
  ["drwxr-xr-x", 0o040_755],
  ["----------", 0o100_000],
  ["lrwxrwxrwx", 0o120_777],
  ["drwxr-x--T", 0o041_750],
  ["drwxrwxrwt", 0o041_777],
  ["-rwsr-Sr-x", 0o106_745],
])("%s is the mode %d", (text, mode) => {
  expect(modeNumber(text)).toBe(mode)
})
