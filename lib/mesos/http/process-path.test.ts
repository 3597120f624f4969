import { expect, test } from "bun:test"
import { isProcessPath } from "./process-path.ts"

test.each<[string, boolean]>([
  ["/version", true],
  ["/metrics/snapshot", true],
  ["/files/", true],
  ["/system/stats.json", true],
  ["/state", false],
  ["/versions", false],
  ["/health", false],
  ["/api/v1", false],
])("%s: %p", (path, expected) => {
  expect(isProcessPath(path)).toBe(expected)
})
