import { describe, expect, test } from "bun:test"
import { Random } from "./random.ts"

const DRAWS = 20_000

const draws = <T>(draw: () => T): T[] => Array.from({ length: DRAWS }, draw)

test("the same seed gives the same sequence, whatever was drawn in between elsewhere", () => {
  const one = new Random(42)
  const other = new Random(42)
  const noise = new Random(7)
  for (let i = 0; i < 100; i++) {
    noise.uint32()
    expect(other.uint32()).toBe(one.uint32())
  }
})

test("keeps its sequence from release to release, so that a seed replays", () => {
  const random = new Random(1)
  expect([random.uint32(), random.uint32(), random.uint32()]).toEqual([
    1580013426, 350525680, 3524174333,
  ])
})

test("neighbouring seeds give unrelated sequences", () => {
  const first = Array.from({ length: 1000 }, (_, seed) => new Random(seed).uint32())
  expect(new Set(first).size).toBe(1000)
  const high = first.filter((value) => value >= 0x8000_0000).length
  expect(high).toBeGreaterThan(400)
  expect(high).toBeLessThan(600)
})

test("integers are unsigned 32-bit and fill their range", () => {
  const random = new Random(3)
  const values = draws(() => random.uint32())
  expect(values.every((value) => Number.isInteger(value) && value >= 0 && value < 2 ** 32)).toBe(
    true,
  )
  expect(Math.max(...values)).toBeGreaterThan(0.999 * 2 ** 32)
  expect(Math.min(...values)).toBeLessThan(0.001 * 2 ** 32)
})

test("floats are in [0, 1) with mean one half", () => {
  const random = new Random(4)
  const values = draws(() => random.float())
  expect(values.every((value) => value >= 0 && value < 1)).toBe(true)
  expect(values.reduce((sum, value) => sum + value, 0) / DRAWS).toBeCloseTo(0.5, 1)
})

test("below gives every integer under its bound about equally often", () => {
  const random = new Random(5)
  const counts = [0, 0, 0, 0, 0]
  for (const value of draws(() => random.below(5))) counts[value]!++
  expect(counts).toHaveLength(5)
  for (const count of counts) expect(Math.abs(count / DRAWS - 0.2)).toBeLessThan(0.02)
  expect(random.below(1)).toBe(0)
})

describe("chance", () => {
  test("is never at 0, always at 1", () => {
    const random = new Random(6)
    expect(draws(() => random.chance(0)).includes(true)).toBe(false)
    expect(draws(() => random.chance(1)).includes(false)).toBe(false)
  })

  test("comes about as often as it says", () => {
    const random = new Random(7)
    const hits = draws(() => random.chance(0.1)).filter(Boolean).length
    expect(Math.abs(hits / DRAWS - 0.1)).toBeLessThan(0.01)
  })
})

test("pick reaches every item", () => {
  const random = new Random(8)
  expect(new Set(draws(() => random.pick(["a", "b", "c"])))).toEqual(new Set(["a", "b", "c"]))
})

test("shuffle keeps the items and reaches every order", () => {
  const random = new Random(9)
  const orders = new Set<string>()
  for (let i = 0; i < 500; i++) {
    const items = ["a", "b", "c"]
    random.shuffle(items)
    orders.add(items.join(""))
  }
  expect([...orders].sort()).toEqual(["abc", "acb", "bac", "bca", "cab", "cba"])
})

test("uuids are of version 4 and do not repeat", () => {
  const random = new Random(10)
  const uuids = draws(() => random.uuid())
  const form = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
  expect(uuids.every((uuid) => form.test(uuid))).toBe(true)
  expect(new Set(uuids).size).toBe(DRAWS)
})

test("a fork goes its own way, the same one each time", () => {
  const parent = new Random(11)
  const child = parent.fork()
  const drawn = [child.uint32(), parent.uint32()]
  const again = new Random(11)
  const childAgain = again.fork()
  expect([childAgain.uint32(), again.uint32()]).toEqual(drawn)
  expect(drawn[0]).not.toBe(drawn[1])
})
