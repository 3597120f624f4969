import { expect, test } from "bun:test"
import { encodeToml, parseToml, type ConfigValue } from "./toml.ts"

const TEXT = `# written by hand
[core]
dcos_url = "https://m1" # the cluster
timeout = 1_80
ssl_verify = "false"
token = 'a"b\\c'
escaped = "tab\\tquote\\" \\u00e9"
reporting = true

[ package ]
sources = ["https://a", 'git://b']
`

test("reads what DC/OS clients wrote", () => {
  expect(parseToml(TEXT)).toEqual({
    ok: true,
    value: new Map<string, ConfigValue>([
      ["core.dcos_url", "https://m1"],
      ["core.timeout", 180],
      ["core.ssl_verify", "false"],
      ["core.token", 'a"b\\c'],
      ["core.escaped", 'tab\tquote" é'],
      ["core.reporting", true],
      ["package.sources", ["https://a", "git://b"]],
    ]),
  })
})

test("reads back what it writes", () => {
  const first = parseToml(TEXT)
  if (!first.ok) throw new Error(first.error)
  expect(parseToml(encodeToml(first.value))).toEqual({
    ok: true,
    value: new Map([...first.value].sort(([a], [b]) => (a < b ? -1 : 1))),
  })
})

test("names the line it cannot read", () => {
  expect(parseToml('[core]\ndcos_url = "x" y')).toEqual({
    ok: false,
    error: 'line 2 is neither a table nor a key with a value: dcos_url = "x" y',
  })
})
