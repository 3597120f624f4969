import { describe, expect, test } from "bun:test"
import type { JsonObject } from "./json.ts"
import { renderTemplate } from "./template.ts"

const view: JsonObject = {
  name: 'a "quoted"\nname <&>',
  service: { "user-name": "bob", cpus: 1.5, count: 3, zero: 0, off: false, on: true, none: null },
  list: ["x", "y"],
  nested: [["hostname", "UNIQUE"]],
  empty: [],
  parameters: [
    { key: "k1", value: "v1" },
    { key: "k2", value: "v2" },
  ],
  object: { a: 1 },
}

describe("the template dialect", () => {
  test.each([
    ["{{name}}", 'a \\"quoted\\"\\nname <&>'],
    ["{{{name}}}", 'a \\"quoted\\"\\nname <&>'],
    ["{{&name}}", 'a \\"quoted\\"\\nname <&>'],
    ["{{service.user-name}}", "bob"],
    ["{{service.cpus}} {{service.count}} {{service.on}} {{service.off}}", "1.5 3 true false"],
    ["[{{missing}}{{service.none}}{{service.missing.deeper}}]", "[]"],
    ["{{list}} {{nested}} {{empty}}", '["x","y"] [["hostname","UNIQUE"]] []'],
    ["{{object}}", '{"a":1}'],
    ["{{#service.zero}}zero is true{{/service.zero}}", "zero is true"],
    ["{{#service.off}}no{{/service.off}}{{^service.off}}yes{{/service.off}}", "yes"],
    ["{{#empty}}no{{/empty}}{{^empty}}yes{{/empty}}", "yes"],
    ["{{#list}}<{{.}}>{{/list}}", "<x><y>"],
    [
      "{{#parameters}}{{key}}={{value}} {{name}};{{/parameters}}",
      'k1=v1 a \\"quoted\\"\\nname <&>;k2=v2 a \\"quoted\\"\\nname <&>;',
    ],
    ["{{#service}}{{user-name}}{{/service}}", "bob"],
    ["{{#service.on}}{{service.count}}{{/service.on}}", "3"],
    [
      "{{^list.isEmpty}}full{{/list.isEmpty}}{{#empty.isEmpty}}empty{{/empty.isEmpty}}",
      "fullempty",
    ],
    ["{{! a comment }}x", "x"],
    ["{{#asJson}}object{{/asJson}} {{#asJson}} missing {{/asJson}}", '{"a":1} null'],
  ])("%s", (template, text) => {
    expect(renderTemplate(template, view)).toEqual({ ok: true, value: text })
  })

  test("refuses a section that is not closed, saying where", () => {
    const result = renderTemplate("{{#a}}", view)
    expect(result.ok).toBe(false)
    if (!result.ok) expect(result.error).toContain("Unclosed section")
  })

  test("does not reach into prototypes", () => {
    expect(renderTemplate("[{{constructor}}{{object.toString}}]", view)).toEqual({
      ok: true,
      value: "[]",
    })
  })
})
