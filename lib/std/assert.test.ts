import { expect, test } from "bun:test"
import { assert, AssertionError, must } from "./assert.ts"

test("passes what holds", () => {
  expect(() => assert(1, "one is true")).not.toThrow()
})

test.each([false, 0, "", null, undefined])("fails with its message for %p", (condition) => {
  expect(() => assert(condition, "agent is known")).toThrow(new AssertionError("agent is known"))
})

test("an assertion error names itself, so that it is told from bad input", () => {
  expect(new AssertionError("x").name).toBe("AssertionError")
})

test.each([0, "", false, Number.NaN])("must returns %p, which is not absent", (value) => {
  expect(must(value, "is there")).toBe(value)
})

test.each([null, undefined])("must fails for %p", (value) => {
  expect(() => must(value, "task is known")).toThrow(new AssertionError("task is known"))
})
