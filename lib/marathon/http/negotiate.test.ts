import { expect, test } from "bun:test"
import { preferredType } from "./negotiate.ts"

test.each<[string | null, "application/json" | "text/plain" | undefined]>([
  [null, "application/json"],
  ["", "application/json"],
  ["*/*", "application/json"],
  ["text/plain", "text/plain"],
  ["TEXT/Plain; charset=utf-8", "text/plain"],
  ["text/*, application/json;q=0.5", "text/plain"],
  ["text/plain;q=0.5, application/json;q=0.9", "application/json"],
  ["text/plain, application/json", "application/json"],
  ["application/json;q=0, */*;q=0.1", "text/plain"],
  ["application/*;q=0, */*", "text/plain"],
  ["image/png", undefined],
  ["*/*;q=0", undefined],
  ["*/*;q=x", undefined],
])("of JSON and text, %p takes %p", (accept, type) => {
  expect(preferredType(accept, ["application/json", "text/plain"])).toBe(type)
})
