import { describe, expect, test } from "bun:test"
import { compileSchema } from "./compile.ts"

const schema = {
  $schema: "http://json-schema.org/draft-04/schema#",
  type: "object",
  additionalProperties: false,
  required: ["name"],
  properties: {
    name: { type: "string", pattern: "^[a-z]+$", description: "letters", required: true },
    count: { type: "integer", minimum: 1, maximum: 5 },
    share: { type: "number", minimum: 0, exclusiveMinimum: true },
    kind: { enum: ["a", "b"] },
    nested: { type: "object", properties: { deep: { type: "boolean" } } },
    minimum: { type: "string", descripton: "a member named like a keyword, beside a misspelt one" },
  },
}

const issues = (value: unknown): readonly string[] =>
  compileSchema(schema)
    .check(value)
    .map(({ path, keyword }) => `${path} ${keyword}`)

describe("compileSchema", () => {
  test("finds nothing wrong with a value that fits", () => {
    expect(
      issues({ name: "x", count: 5, share: 0.1, kind: "a", nested: { deep: true }, minimum: "m" }),
    ).toEqual([])
  })

  test.each([
    [{}, " required"],
    [{ name: "X" }, "/name pattern"],
    [{ name: 1 }, "/name type"],
    [{ name: "x", count: 0 }, "/count minimum"],
    [{ name: "x", count: 1.5 }, "/count type"],
    [{ name: "x", share: 0 }, "/share exclusiveMinimum"],
    [{ name: "x", kind: "c" }, "/kind enum"],
    [{ name: "x", nested: { deep: "yes" } }, "/nested/deep type"],
    [{ name: "x", other: 1 }, " additionalProperties"],
  ])("%j is refused at %s", (value, issue) => {
    expect(issues(value)).toEqual([issue])
  })

  test("tells what belongs to the keyword", () => {
    expect(compileSchema(schema).check({ name: "x", count: 9 })).toEqual([
      {
        path: "/count",
        keyword: "maximum",
        message: "must be <= 5",
        params: { comparison: "<=", limit: 5 },
      },
    ])
  })

  test("compiles a schema once", () => {
    expect(compileSchema(schema)).toBe(compileSchema(schema))
  })
})
