import { expect, test } from "bun:test"
import { err, ok } from "./result.ts"
import type { Result } from "./result.ts"

type Refusal = { readonly code: "tooLarge"; readonly limit: number }

const small = (value: number): Result<number, Refusal> =>
  value <= 10 ? ok(value) : err({ code: "tooLarge", limit: 10 })

test("a success carries its value, even one that is falsy", () => {
  expect(small(0)).toEqual({ ok: true, value: 0 })
})

test("a rejection carries its reason as a value", () => {
  const result = small(11)
  expect(result.ok ? undefined : result.error.limit).toBe(10)
})
