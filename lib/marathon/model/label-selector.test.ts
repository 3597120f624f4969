import { expect, test } from "bun:test"
import fc from "fast-check"
import { parseLabelSelector } from "./label-selector.ts"

function matches(selector: string, labels: Record<string, string>): boolean {
  const parsed = parseLabelSelector(selector)
  if (!parsed.ok) throw new Error(parsed.error)
  return parsed.value(labels)
}

test.each<[string, Record<string, string>, boolean]>([
  ["tier", { tier: "web" }, true],
  ["tier", {}, false],
  ["tier==web", { tier: "web" }, true],
  [" tier == web ", { tier: "db" }, false],
  ["tier!=web", { tier: "db" }, true],
  ["tier!=web", { tier: "web" }, false],
  ["tier!=web", {}, false],
  ["env in (prod, test)", { env: "test" }, true],
  ["env in (prod, test)", { env: "dev" }, false],
  ["env notin (prod,test)", { env: "dev" }, true],
  ["env notin (prod,test)", {}, false],
  ["tier==web, env in (prod, test)", { tier: "web", env: "prod" }, true],
  ["tier==web,env in (prod,test)", { tier: "web" }, false],
  [String.raw`a\ b==c\,d`, { "a b": "c,d" }, true],
  ["toString", {}, false],
])("%p on %j is %p", (selector, labels, expected) => {
  expect(matches(selector, labels)).toBe(expected)
})

test.each(["==", "", "a=b", "a in prod", "a in ()", "a,,b", "a b"])("refuses %p", (selector) => {
  const parsed = parseLabelSelector(selector)
  expect(parsed.ok).toBe(false)
  if (!parsed.ok)
    expect(parsed.error).toStartWith(`Can not parse label selector ${selector}. Reason: `)
})

test("never throws", () => {
  fc.assert(fc.property(fc.string(), (text) => typeof parseLabelSelector(text).ok === "boolean"))
})
