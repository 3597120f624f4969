import { expect, test } from "bun:test"
import { describeWaitStatus, succeeded } from "./exit-status.ts"

test.each([
  [0, "exited with status 0"],
  [1 << 8, "exited with status 1"],
  [255 << 8, "exited with status 255"],
  [9, "terminated with signal Killed"],
  [15, "terminated with signal Terminated"],
  [6 | 0x80, "terminated with signal Aborted (core dumped)"],
  [11, "terminated with signal Segmentation fault"],
  [31, "terminated with signal Bad system call"],
  [40, "terminated with signal Unknown signal 40"],
])("wait status %d is '%s'", (status, text) => {
  expect(describeWaitStatus(status)).toBe(text)
})

test("only exit code 0 is a success", () => {
  for (let status = 0; status < 1 << 16; status++) expect(succeeded(status)).toBe(status === 0)
})
