import { expect, test } from "bun:test"
import { StartError } from "./process.ts"
import { inWorkDir } from "./work-dir.ts"

const failing = (code: string) => () => {
  throw Object.assign(new Error(`${code}: no luck, mkdir '/x'`), { code })
}

test.each([
  ["ENOSPC", "cannot use the work directory /x: the disk is full: free some space and start again"],
  ["EIO", "cannot use the work directory /x: EIO: no luck, mkdir '/x'; give another --work-dir"],
])("%s is told with its remedy", async (code, message) => {
  const failure = inWorkDir("/x", failing(code))
  await expect(failure).rejects.toBeInstanceOf(StartError)
  await expect(inWorkDir("/x", failing(code))).rejects.toThrow(message)
})

test("what works is handed on, and other errors are too", async () => {
  expect(await inWorkDir("/x", () => 7)).toBe(7)
  const other = () => Promise.reject(new TypeError("a bug"))
  await expect(inWorkDir("/x", other)).rejects.toThrow(TypeError)
})
