import { expect, test } from "bun:test"
import { parseProperties } from "./properties.ts"

test.each([
  ["instances=5", { instances: 5 }],
  ["cpus=0.5", { cpus: 0.5 }],
  ["mem=1e3", { mem: 1000 }],
  ["x=007", { x: 7 }],
  ["x=1_000", { x: 1000 }],
  ["x=-1", { x: -1 }],
  ["x=0x10", { x: "0x10" }],
  ["x=TRUE", { x: true }],
  ['x="5"', { x: 5 }],
  ["cmd=sleep 100", { cmd: "sleep 100" }],
  ["cmd=a=b", { cmd: "a=b" }],
  ["cmd='quoted text'", { cmd: "quoted text" }],
  ["cmd=", { cmd: "" }],
  ["x=null", { x: null }],
  ['env={"A":"1"}', { env: { A: "1" } }],
  ['constraints=[["hostname","UNIQUE"]]', { constraints: [["hostname", "UNIQUE"]] }],
])("%s means %j", (word, value) => {
  expect(parseProperties([word])).toEqual({ ok: true, value })
})

test.each([
  [["foo"], "'foo' is not a valid json-item"],
  [["a=1", "a=2"], "Key 'a' was specified more than once"],
  [["x=nan"], "Unable to parse 'x=nan': JSON has no such number"],
  [["env={broken"], "Unable to parse 'env={broken'"],
  [["container.docker.image=x"], "'container.docker.image' is not a field"],
])("refuses %j", (words, message) => {
  const parsed = parseProperties(words)
  expect(parsed).toMatchObject({ ok: false, error: expect.stringContaining(message) })
})
