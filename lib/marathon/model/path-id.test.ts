import { expect, test } from "bun:test"
import { ancestorsOf, isBelow, parentOf, pathIdProblem, resolvePathId } from "./path-id.ts"
import { ROOT, topSegment } from "./path-id.ts"
import type { PathId } from "./path-id.ts"

const id = (text: string): PathId => resolvePathId(text)

test.each([
  ["a", "/", "/a"],
  ["/a", "/x", "/a"],
  ["a", "/x/y", "/x/y/a"],
  ["../a", "/x/y", "/x/a"],
  ["./a//b/", "/x", "/x/a/b"],
  ["../../../a", "/x", "/a"],
  ["", "/x", "/x"],
  ["..", "/x", "/"],
])("resolves %p against %p to %p", (text, base, resolved) => {
  expect<string>(resolvePathId(text, id(base))).toBe(resolved)
})

test.each(["/a", "a.b.c", "a-b/c", "..", "./x", "/"])("accepts %p", (text) => {
  expect(pathIdProblem(text)).toBeUndefined()
})

test.each(["/App", "a_b", "-a", "a-", "a..b", "a b", "/ä"])("refuses %p", (text) => {
  expect(pathIdProblem(text)).toStartWith("must fully match regular expression '^(")
})

test("knows parents, ancestors and what lies below", () => {
  expect<string>(parentOf(id("/a/b"))).toBe("/a")
  expect(parentOf(id("/a"))).toBe(ROOT)
  expect(parentOf(ROOT)).toBe(ROOT)
  expect<string[]>(ancestorsOf(id("/a/b/c"))).toEqual(["/a/b", "/a", "/"])
  expect(topSegment(id("/a/b"))).toBe("a")
  expect(topSegment(ROOT)).toBeUndefined()
  expect(isBelow(id("/a/b"), id("/a"))).toBe(true)
  expect(isBelow(id("/ab"), id("/a"))).toBe(false)
  expect(isBelow(id("/a"), id("/a"))).toBe(false)
  expect(isBelow(id("/a"), ROOT)).toBe(true)
  expect(isBelow(ROOT, ROOT)).toBe(false)
})
