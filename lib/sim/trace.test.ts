import { expect, test } from "bun:test"
import { Trace } from "./trace.ts"

test("keeps the newest lines and hashes all of them", () => {
  const [a, b, c] = [new Trace(2), new Trace(2), new Trace(2)]
  for (const what of ["one", "two", "three"]) a.write(1000, "node", what)
  for (const what of ["one", "two", "three"]) b.write(1000, "node", what)
  for (const what of ["other", "two", "three"]) c.write(1000, "node", what)
  expect(a.tail().map((line) => line.trim().split(/ +/).at(-1))).toEqual(["two", "three"])
  expect(a.hash()).toBe(b.hash())
  expect(a.hash()).not.toBe(c.hash())
  expect(a.hash()).toMatch(/^[0-9a-f]{16}$/)
})
