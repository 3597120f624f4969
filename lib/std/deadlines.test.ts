import { expect, test } from "bun:test"
import fc from "fast-check"
import { Deadlines } from "./deadlines.ts"

const takeAll = (deadlines: Deadlines<string>, now: number): string[] => {
  const taken: string[] = []
  for (let key = deadlines.takeDue(now); key !== undefined; key = deadlines.takeDue(now))
    taken.push(key)
  return taken
}

test("hands out what is due, earliest first, and keeps the rest", () => {
  const deadlines = new Deadlines<string>()
  deadlines.set("late", 30)
  deadlines.set("early", 10)
  deadlines.set("middle", 20)
  expect(takeAll(deadlines, 20)).toEqual(["early", "middle"])
  expect(deadlines.size).toBe(1)
  expect(deadlines.next()).toBe(30)
})

test("is due at its time, not a millisecond before", () => {
  const deadlines = new Deadlines<string>()
  deadlines.set("a", 10)
  expect(deadlines.takeDue(9)).toBeUndefined()
  expect(deadlines.takeDue(10)).toBe("a")
})

test("breaks ties by the order of setting; setting again moves behind", () => {
  const deadlines = new Deadlines<string>()
  for (const key of ["a", "b", "c"]) deadlines.set(key, 10)
  deadlines.set("a", 10)
  expect(takeAll(deadlines, 10)).toEqual(["b", "c", "a"])
})

test.each([5, 50])("setting a key again moves its only deadline to %d", (at) => {
  const deadlines = new Deadlines<string>()
  deadlines.set("a", 20)
  deadlines.set("a", at)
  expect(deadlines.next()).toBe(at)
  expect(takeAll(deadlines, 100)).toEqual(["a"])
})

test("forgets a cleared key; clearing an unknown one is harmless", () => {
  const deadlines = new Deadlines<string>()
  deadlines.set("a", 10)
  deadlines.set("b", 20)
  deadlines.clear("a")
  deadlines.clear("nobody")
  expect(deadlines.has("a")).toBe(false)
  expect(deadlines.has("b")).toBe(true)
  expect(takeAll(deadlines, 100)).toEqual(["b"])
  expect(deadlines.next()).toBeUndefined()
})

test("stays small when one key moves often", () => {
  const deadlines = new Deadlines<string>()
  for (let i = 0; i < 100_000; i++) deadlines.set("a", i)
  expect(takeAll(deadlines, 100_000)).toEqual(["a"])
})

/** What `Deadlines` does, the slow and obvious way. */
class Model {
  #entries: { readonly key: string; readonly at: number }[] = []

  get size(): number {
    return this.#entries.length
  }

  set(key: string, at: number): void {
    this.clear(key)
    this.#entries.push({ key, at })
  }

  clear(key: string): void {
    this.#entries = this.#entries.filter((entry) => entry.key !== key)
  }

  next(): number | undefined {
    return this.#first()?.at
  }

  takeDue(now: number): string | undefined {
    const first = this.#first()
    if (first === undefined || first.at > now) return undefined
    this.clear(first.key)
    return first.key
  }

  #first(): { readonly key: string; readonly at: number } | undefined {
    return this.#entries.toSorted((a, b) => a.at - b.at)[0]
  }
}

test("does what a sorted list does, in any order of use", () => {
  const key = fc.constantFrom(..."abcdefghij".split(""))
  const at = fc.integer({ min: 0, max: 20 })
  const steps = fc.array(
    fc.oneof(
      { weight: 6, arbitrary: fc.record({ do: fc.constant("set" as const), key, at }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant("clear" as const), key }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant("take" as const), at }) },
    ),
    { maxLength: 500, size: "max" },
  )
  fc.assert(
    fc.property(steps, (list) => {
      const deadlines = new Deadlines<string>()
      const model = new Model()
      for (const step of list) {
        if (step.do === "set") {
          deadlines.set(step.key, step.at)
          model.set(step.key, step.at)
        } else if (step.do === "clear") {
          deadlines.clear(step.key)
          model.clear(step.key)
        } else expect(deadlines.takeDue(step.at)).toBe(model.takeDue(step.at))
        expect(deadlines.next()).toBe(model.next())
        expect(deadlines.size).toBe(model.size)
      }
    }),
  )
})
