import { expect, test } from "bun:test"
import { parseJunit } from "./junit.ts"

const report = (cases: string): string =>
  `<?xml version="1.0"?>\n<testsuites><testsuite name="a.test.ts">${cases}</testsuite></testsuites>`

test("counts what passed", () => {
  const xml = report(`<testcase name="x" classname="" time="0" file="a.test.ts" />`)
  expect(parseJunit(xml)).toEqual({ passed: 1, failed: [], skipped: [] })
})

test("names what failed with its file and group, entities undone", () => {
  const xml = report(
    `<testcase name="a &lt;b&gt; &quot;c&quot; &#38;" classname="g &amp; h" file="a.test.ts">
      <failure type="Error" message="m">at a.test.ts</failure>
    </testcase>`,
  )
  expect(parseJunit(xml).failed).toEqual(['a.test.ts: g & h > a <b> "c" &'])
})

test("gives the reason of a skipped test from its name, from the report, or says there is none", () => {
  const skip = (name: string, message: string): string =>
    `<testcase name="${name}" classname="" file="a.test.ts"><skipped${message} /></testcase>`
  const xml = report(
    skip("pulls [skipped: no Docker [at all]]", "") + skip("x", ' message="TODO"') + skip("y", ""),
  )
  expect(parseJunit(xml).skipped).toEqual([
    { name: "a.test.ts: pulls", reason: "no Docker [at all]" },
    { name: "a.test.ts: x", reason: "TODO" },
    { name: "a.test.ts: y", reason: "no reason given" },
  ])
})

test("a skipped group gives its reason to its tests, and its hooks are no tests", () => {
  const skip = (name: string): string =>
    `<testcase name="${name}" classname="docker [skipped: no daemon]" file="a"><skipped /></testcase>`
  expect(parseJunit(report(skip("runs") + skip("(unnamed)"))).skipped).toEqual([
    { name: "a: docker > runs", reason: "no daemon" },
  ])
})

test("tells neighbours apart: a passed test before a failed one stays passed", () => {
  const xml = report(
    `<testcase name="x" classname="" file="a" /><testcase name="y" classname="" file="a"><error /></testcase>`,
  )
  expect(parseJunit(xml)).toEqual({ passed: 1, failed: ["a: y"], skipped: [] })
})
