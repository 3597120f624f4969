import { expect, test } from "bun:test"
import { Gathered } from "./gathered.ts"

/** Writes that end when they are told to. */
function slowWrites() {
  const written: string[][] = []
  const waiting: PromiseWithResolvers<void>[] = []
  const write = (items: readonly string[]): Promise<void> => {
    written.push([...items])
    waiting.push(Promise.withResolvers())
    return waiting.at(-1)!.promise
  }
  return { written, write, next: () => waiting.shift()! }
}

test("what comes during a write is written together after it", async () => {
  const { written, write, next } = slowWrites()
  const gathered = new Gathered(100, write)
  for (const item of ["a", "b", "c"]) await gathered.add([item], 10)
  expect(written).toEqual([["a"]])
  const ended = gathered.end()
  next().resolve()
  await Bun.sleep(0)
  expect(written).toEqual([["a"], ["b", "c"]])
  next().resolve()
  await ended
})

test("whoever adds too much waits for the disk", async () => {
  const { written, write, next } = slowWrites()
  const gathered = new Gathered(20, write)
  await gathered.add(["a"], 10)
  await gathered.add(["b"], 10)
  let added = false
  const adding = gathered.add(["c"], 10).then(() => (added = true))
  await Bun.sleep(0)
  expect(added).toBe(false)
  next().resolve()
  await adding
  expect(written).toEqual([["a"], ["b", "c"]])
})

test("a write that fails is told, and is the last one", async () => {
  const { written, write, next } = slowWrites()
  const gathered = new Gathered(100, write)
  await gathered.add(["a"], 10)
  await gathered.add(["b"], 10)
  next().reject(new Error("no space left"))
  await Bun.sleep(0)
  expect(gathered.add(["c"], 10)).rejects.toThrow("no space left")
  expect(gathered.end()).rejects.toThrow("no space left")
  expect(written).toEqual([["a"]])
})
