import { expect, test } from "bun:test"
import { Limiter } from "./limiter.ts"

test("runs so many at a time, the others in order, and goes on after failures", async () => {
  const limiter = new Limiter(3)
  const began: number[] = []
  let running = 0
  let most = 0
  const results = await Promise.allSettled(
    Array.from({ length: 20 }, (_, index) =>
      limiter.run(async () => {
        began.push(index)
        most = Math.max(most, ++running)
        await new Promise((resolve) => setImmediate(resolve))
        running--
        if (index % 2 === 1) throw new Error(String(index))
        return index
      }),
    ),
  )
  expect(most).toBe(3)
  expect(began).toEqual(Array.from({ length: 20 }, (_, index) => index))
  expect(results.filter(({ status }) => status === "rejected")).toHaveLength(10)
})
