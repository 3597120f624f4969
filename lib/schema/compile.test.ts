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

  test("names the members that are one too many", () => {
    const [issue] = compileSchema(schema).check({ name: "x", coutn: 9 })
    expect(issue?.message).toBe("must not have additional properties: coutn")
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

  test.each<[object, unknown, string[]]>([
    [
      { definitions: { p: { minimum: 1 } }, items: { $ref: "#/definitions/p" } },
      [0],
      ["/0 minimum"],
    ],
    [{ $defs: { p: { minimum: 1 } }, items: { $ref: "#/$defs/p" } }, [0], ["/0 minimum"]],
    [{ items: [{ type: "string" }], additionalItems: false }, ["a"], []],
    [{ prefixItems: [{ type: "string" }] }, [1], ["/0 type"]],
    [{ dependencies: { a: ["b"] } }, { a: 1 }, [" dependencies"]],
    [{ dependentRequired: { a: ["b"] } }, { a: 1 }, [" dependentRequired"]],
    [{ patternProperties: { "^x": { type: "string" } } }, { x1: 1 }, ["/x1 type"]],
    [{ type: ["string", "null"] }, 1, [" type"]],
    [{ exclusiveMinimum: 1 }, 1, [" exclusiveMinimum"]],
    [{ const: 1 }, 2, [" const"]],
    [{ multipleOf: 0.01 }, 0.07, []],
    [
      { properties: { type: { type: "string" }, id: { type: "string" } } },
      { type: 1 },
      ["/type type"],
    ],
    [{ $ref: "http://elsewhere.example/schema" }, 1, []],
  ])("reads %j as its draft means it", (other, value, found) => {
    const seen = compileSchema(other).check(value)
    expect(seen.map(({ path, keyword }) => `${path} ${keyword}`)).toEqual(found)
  })

  test("reads patterns of Java as far as they can be read", () => {
    const pattern = (text: string, value: string): number =>
      compileSchema({ pattern: text }).check(value).length
    expect(pattern("^(?i)abc$", "ABC")).toBe(0)
    expect(pattern("(?i)abc", "abd")).toBe(1)
    expect(pattern("^a\\_b$", "a_b")).toBe(0)
    expect(pattern("^a\\_b$", "a-b")).toBe(1)
    expect(pattern("[", "x")).toBe(0)
    expect(compileSchema({ patternProperties: { "[": { type: "string" } } }).check({})).toEqual([])
    expect(compileSchema({ pattern: "(?i)x" }).check("y")[0]?.params).toEqual({ pattern: "(?i:x)" })
    expect(pattern("^[a-z]++$", "X")).toBe(0)
  })

  test("compiles a schema once", () => {
    expect(compileSchema(schema)).toBe(compileSchema(schema))
  })
})
