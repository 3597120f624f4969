import { expect, test } from "bun:test"
import { renderPlainTable, renderTable, shorten } from "./table.ts"

const HEADINGS = ["name", "AGENT_ID", "N"]
const ROWS = [
  ["a", "first\nsecond", "10"],
  ["long-name", "x", "7.5%"],
]

const visible = (text: string) => text.replaceAll(" ", "·")

test("centres headings and puts numbers to the right", () => {
  expect(visible(renderTable(HEADINGS, ROWS))).toMatchInlineSnapshot(`
    "····NAME·····AGENT·ID···N····
    ··a··········first·······10··
    ·············second··········
    ··long-name··x·········7.5%··
    "
  `)
})

test("the plain form has no indent and no centring", () => {
  expect(visible(renderPlainTable(HEADINGS, ROWS))).toMatchInlineSnapshot(`
    "name·······AGENT_ID··N·····
    a··········first·····10····
    ···········second··········
    long-name··x·········7.5%··
    "
  `)
})

test("has only headings when there are no rows", () => {
  expect(renderTable(HEADINGS, [])).toBe("  NAME  AGENT ID  N  \n")
})

test("cuts only what is too long, by characters", () => {
  expect(shorten("12345", 5, 2)).toBe("12345")
  expect(shorten("é23456", 5, 2)).toBe("é2...")
})
