import { expect, test } from "bun:test"
import { statusOfShellCode } from "./supervisor.ts"

test("turns a shell's exit code back into a wait status", () => {
  expect(statusOfShellCode(3, "[1] + Done(3)\n")).toBe(3 << 8)
  expect(statusOfShellCode(137, "[1] + Killed\n")).toBe(9)
  expect(statusOfShellCode(137, "[1] + Done(137)\n")).toBe(137 << 8)
  expect(statusOfShellCode(143, "")).toBe(15)
  expect(statusOfShellCode(255, "")).toBe(255 << 8)
})
