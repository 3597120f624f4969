import { describe, expect, test } from "bun:test"
import { compilePattern } from "./pattern.ts"

const matches = (source: string, text: string): boolean => {
  const pattern = compilePattern(source)
  if (!pattern.ok) throw new Error(pattern.error)
  return pattern.value.matches(text)
}

const problem = (source: string): string => {
  const pattern = compilePattern(source)
  return pattern.ok ? "" : pattern.error
}

describe("a pattern", () => {
  test.each([
    ["r[0-9]+", "r17", true],
    ["r[0-9]+", "r17x", false],
    ["r[0-9]+", "xr17", false],
    ["a|ab", "ab", true],
    ["(?i)EU", "eu", true],
    ["\\d{2}", "42", true],
    ["\\pL+", "größe", true],
    [".", "😀", true],
    [".*", "a\nb", false],
    ["(?s).*", "a\nb", true],
    ["", "", true],
    ["^a$", "a", true],
  ] as const)("%s against %j: %p", (source, text, expected) => {
    expect(matches(source, text)).toBe(expected)
  })

  test.each([["(a+)+b"], ["(a|a)*b"], ["(a|aa)+b"], ["(?:a?){20}a{20}b"], ["(.*)*b"]])(
    "%s takes time linear in the text, where a backtracking engine would take years",
    (source) => {
      // A loop of exponential time would never end here; the test runner's own deadline is the judge.
      expect(matches(source, "a".repeat(50_000))).toBe(false)
    },
  )
})

describe("a pattern is refused", () => {
  test.each([
    ["(", "Failed to construct regex from pattern '('"],
    ["a**", "Failed to construct regex from pattern 'a**'"],
    ["(?=a)", "Failed to construct regex from pattern '(?=a)'"],
    ["(a)\\1", "Failed to construct regex from pattern '(a)\\1'"],
    ["[z-a]", "Failed to construct regex from pattern '[z-a]'"],
    ["a{1001}", "Failed to construct regex from pattern 'a{1001}'"],
    ["a{200}", "Regex 'a{200}' is too complex: program size of 202 is larger than maximum of 100"],
    ["a".repeat(1_025), "pattern too large - compile failed"],
  ])("%j", (source, expected) => {
    expect(problem(source)).toContain(expected)
  })

  test("only when it is above a bound, not at it", () => {
    expect(problem("a{98}")).toBe("")
    expect(problem("a{99}")).toContain("program size of 101")
    // One character class of a thousand characters is a small program.
    expect(problem(`[${"a".repeat(1_022)}]`)).toBe("")
  })
})
