import { expect, test } from "bun:test"
import { SharedWork } from "./shared-work.ts"

const never = new AbortController().signal

test("work that several ask for is done once", async () => {
  const shared = new SharedWork<string>()
  let started = 0
  const start = async (): Promise<string> => {
    started++
    await Promise.resolve()
    return "done"
  }
  const results = await Promise.all([
    shared.run("a", start, never),
    shared.run("a", start, never),
    shared.run("b", start, never),
  ])
  expect([results, started]).toEqual([["done", "done", "done"], 2])
  expect(shared.isRunning("a")).toBe(false)
})

test("the work's signal aborts once everybody has taken the result", async () => {
  const shared = new SharedWork<string>()
  const order: string[] = []
  const start = async (signal: AbortSignal): Promise<string> => {
    signal.addEventListener("abort", () => order.push("left"))
    await Promise.resolve()
    return "result"
  }
  const ask = (name: string): Promise<string> =>
    shared.run("a", start, never, (result) => order.push(`${name} has the ${result}`))
  await Promise.all([ask("one"), ask("two")])
  expect(order).toEqual(["one has the result", "two has the result", "left"])
})

test("who gives up leaves the work to the others; without others it is given up", async () => {
  const shared = new SharedWork<string>()
  const work = Promise.withResolvers<string>()
  let given = false
  const start = (signal: AbortSignal): Promise<string> => {
    signal.addEventListener("abort", () => {
      given = true
      work.resolve("late")
    })
    return work.promise
  }
  const [first, second] = [new AbortController(), new AbortController()]
  const taken: string[] = []
  const one = shared.run("a", start, first.signal, (result) => taken.push(result))
  const two = shared.run("a", start, second.signal, (result) => taken.push(result))
  first.abort(new Error("one has no time"))
  expect(one).rejects.toThrow("one has no time")
  await one.catch(() => {})
  expect([given, shared.isRunning("a")]).toEqual([false, true])
  second.abort(new Error("nor has two"))
  expect(two).rejects.toThrow("nor has two")
  await two.catch(() => {})
  expect([given, shared.isRunning("a"), taken]).toEqual([true, false, []])
})
