import { expect, test } from "bun:test"
import { History } from "./history.ts"

test("keeps the newest items, oldest first", () => {
  const history = new History<number>(3)
  expect([...history]).toEqual([])
  for (const item of [1, 2]) history.push(item)
  expect([...history]).toEqual([1, 2])
  for (const item of [3, 4, 5, 6, 7]) history.push(item)
  expect([...history]).toEqual([5, 6, 7])
  expect(history.length).toBe(3)
})

test("must be able to hold something", () => {
  expect(() => new History(0)).toThrow("at least one item")
})
