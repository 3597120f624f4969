import { expect, test } from "bun:test"
import fc from "fast-check"
import { AssertionError } from "./assert.ts"
import { Ring } from "./ring.ts"

test("gives items back in the order in which they came", () => {
  const ring = new Ring<string>(3)
  for (const item of ["a", "b", "c"]) ring.push(item)
  expect([ring.shift(), ring.shift(), ring.shift(), ring.shift()]).toEqual([
    "a",
    "b",
    "c",
    undefined,
  ])
})

test("refuses what exceeds its limit, keeps what it has, and takes more once there is room", () => {
  const ring = new Ring<number>(2)
  expect([ring.push(1), ring.push(2), ring.push(3)]).toEqual([true, true, false])
  expect(ring.shift()).toBe(1)
  expect(ring.push(4)).toBe(true)
  expect([ring.shift(), ring.shift(), ring.shift()]).toEqual([2, 4, undefined])
})

test("has room for at least one item", () => {
  expect(() => new Ring(0)).toThrow(AssertionError)
})

test("keeps order while it grows around its seam", () => {
  const ring = new Ring<number>(1000)
  const out: (number | undefined)[] = []
  for (let i = 0; i < 10; i++) ring.push(i)
  for (let i = 0; i < 10; i++) out.push(ring.shift())
  for (let i = 10; i < 300; i++) ring.push(i)
  while (ring.length > 0) out.push(ring.shift())
  expect(out).toEqual(Array.from({ length: 300 }, (_, i) => i))
})

test("behaves as an array does, at any limit and in any order of use", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 70 }),
      fc.array(fc.option(fc.integer(), { nil: undefined }), { maxLength: 400 }),
      (limit, steps) => {
        const ring = new Ring<number>(limit)
        const model: number[] = []
        for (const item of steps) {
          if (item === undefined) expect(ring.shift()).toBe(model.shift())
          else {
            expect(ring.push(item)).toBe(model.length < limit)
            if (model.length < limit) model.push(item)
          }
          expect(ring.length).toBe(model.length)
        }
      },
    ),
  )
})
