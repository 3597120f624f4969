import { expect, test } from "bun:test"
import { News } from "./news.ts"

test("a text that repeats itself is told once a minute, another one at once", () => {
  const news = new News()
  const told = (text: string, ...times: readonly number[]) =>
    times.filter((now) => news.isNew(text, now))
  expect(told("refused", 0, 100, 59_999, 60_000, 60_100, 120_000)).toEqual([0, 60_000, 120_000])
  expect(told("unknown host", 120_001, 120_002)).toEqual([120_001])
  expect(told("refused", 120_003)).toEqual([120_003])
})

test("a text is told again when it was over meanwhile", () => {
  const news = new News()
  news.isNew("refused", 0)
  news.clear()
  expect(news.isNew("refused", 1)).toBe(true)
})
