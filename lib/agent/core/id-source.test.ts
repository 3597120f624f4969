import { expect, test } from "bun:test"
import { IdSource } from "./id-source.ts"

test("the same seed draws the same ids, another seed others", () => {
  const draw = (seed: readonly [number, number, number, number]): string[] => {
    const ids = new IdSource(seed)
    return [ids.uuid(), ids.bytes(), ids.uuid()]
  }
  expect(draw([1, 2, 3, 4])).toEqual(draw([1, 2, 3, 4]))
  const seeds = [
    [1, 2, 3, 4],
    [2, 2, 3, 4],
    [1, 3, 3, 4],
    [1, 2, 4, 4],
    [1, 2, 3, 5],
  ] as const
  const first = seeds.map((seed) => draw(seed)[0])
  expect(new Set(first).size).toBe(seeds.length)
})

test("ids have their form and do not repeat", () => {
  const ids = new IdSource([0, 0, 0, 0])
  const seen = new Set<string>()
  for (let i = 0; i < 10_000; i++) {
    const uuid = ids.uuid()
    expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    const bytes = ids.bytes()
    expect(bytes).toHaveLength(24)
    seen.add(uuid).add(bytes)
  }
  expect(seen.size).toBe(20_000)
})

test("draws below a bound, evenly", () => {
  const ids = new IdSource([9, 9, 9, 9])
  const counts = [0, 0, 0, 0, 0]
  for (let i = 0; i < 50_000; i++) {
    const drawn = ids.below(5)
    counts[drawn] = (counts[drawn] ?? 0) + 1
  }
  for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500)
})
