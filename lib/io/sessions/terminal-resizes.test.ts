import { expect, test } from "bun:test"
import { TerminalResizes } from "./terminal-resizes.ts"

/** A terminal whose calls end when the test says so. */
function terminal() {
  const calls: { rows: number; end: (failure?: Error) => void }[] = []
  const resizes = new TerminalResizes(({ rows }) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    calls.push({ rows, end: (failure) => (failure ? reject(failure) : resolve()) })
    return promise
  })
  const next = async (failure?: Error): Promise<void> => {
    calls.at(-1)!.end(failure)
    await Bun.sleep(0)
  }
  return { resizes, next, rows: () => calls.map(({ rows }) => rows) }
}

const size = (rows: number) => ({ rows, columns: 80 })

test("a size waits for the one before it", async () => {
  const { resizes, next, rows } = terminal()
  resizes.set(size(0))
  resizes.set(size(30))
  expect(rows()).toEqual([0])
  await next()
  expect(rows()).toEqual([0, 30])
  await next()
  resizes.set(size(31))
  expect(rows()).toEqual([0, 30, 31])
})

test("of the sizes that wait, the last is set", async () => {
  const { resizes, next, rows } = terminal()
  for (const each of [1, 2, 3, 4]) resizes.set(size(each))
  await next()
  await next()
  expect(rows()).toEqual([1, 4])
})

test("a size that is refused does not keep back the next", async () => {
  const { resizes, next, rows } = terminal()
  resizes.set(size(1))
  resizes.set(size(2))
  await next(new Error("no such exec"))
  expect(rows()).toEqual([1, 2])
})
