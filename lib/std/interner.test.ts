import { expect, test } from "bun:test"
import { Interner } from "./interner.ts"

test("gives equal values one object", () => {
  const interner = new Interner()
  const first = interner.intern({ a: [1, { b: "x" }] })
  expect(interner.intern({ a: [1, { b: "x" }] })).toBe(first)
})

test("keeps different values apart", () => {
  const interner = new Interner()
  expect(interner.intern({ a: 1 })).toEqual({ a: 1 })
  expect(interner.intern({ a: 2 })).toEqual({ a: 2 })
})

test("does not take a text for the object whose JSON it is", () => {
  const interner = new Interner()
  const object = interner.intern({ a: 1 })
  expect(interner.intern('{"a":1}')).toBe('{"a":1}')
  expect(interner.intern({ a: 1 })).toEqual(object)
})

test("keeps what is used, and forgets what is not, when there are too many", () => {
  const interner = new Interner(4)
  const used = interner.intern({ used: true })
  const unused = interner.intern({ used: false })
  for (let i = 0; i < 20; i++) {
    interner.intern({ i })
    expect(interner.intern({ used: true })).toBe(used)
  }
  expect(interner.intern({ used: false })).not.toBe(unused)
})
