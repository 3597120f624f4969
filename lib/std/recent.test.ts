import { expect, test } from "bun:test"
import { Recent } from "./recent.ts"

test("keeps what is used, and forgets what is not, when there are too many", () => {
  const recent = new Recent<number, string>(4)
  recent.set(-1, "used")
  recent.set(-2, "unused")
  for (let i = 0; i < 20; i++) {
    recent.set(i, `${i}`)
    expect(recent.get(-1)).toBe("used")
  }
  expect(recent.get(-2)).toBeUndefined()
  expect(recent.get(19)).toBe("19")
})

test("replaces a value, however long it has been there", () => {
  const recent = new Recent<string, string>(1)
  recent.set("a", "first")
  recent.set("b", "other")
  recent.set("a", "second")
  expect(recent.get("a")).toBe("second")
})
