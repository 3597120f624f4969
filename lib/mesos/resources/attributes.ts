import { err, ok, type Result } from "#lib/std/result.ts"
import type { Attribute } from "#lib/mesos/v1/core.ts"
import type { ResourceTextError } from "./parse.ts"
import { normalizeRanges } from "./ranges.ts"
import { renderValue } from "./render.ts"
import { fromMilli } from "./scalar.ts"
import { parseTextValue, type TextValue } from "./text.ts"

const textPattern = /^[a-zA-Z0-9_/.-]+$/

/**
 * Reads `rack:r7;level:3;keys:[1-2]`. Of repeated names all are kept, in order.
 * Source: apache/mesos: src/common/attributes.cpp, docs/attributes-resources.md.
 */
export function parseAttributes(text: string): Result<readonly Attribute[], ResourceTextError> {
  const attributes: Attribute[] = []
  for (const token of text.split(/[;\n]/)) {
    if (token.trim() === "") continue
    const colon = token.indexOf(":")
    const name = token.slice(0, Math.max(colon, 0)).trim()
    if (name === "") return refuse(`Invalid attribute '${token.trim()}': expected name:value`)
    const parsed = parseTextValue(token.slice(colon + 1))
    if (!parsed.ok) return refuse(`Invalid attribute '${name}': ${parsed.error}`)
    const attribute = attributeOf(name, parsed.value)
    if (attribute === undefined)
      return refuse(
        `Invalid attribute '${name}': expected a number, ranges, or text of letters, digits, '_', '/', '.', '-'`,
      )
    attributes.push(attribute)
  }
  return ok(attributes)
}

const refuse = (message: string): Result<never, ResourceTextError> =>
  err({ code: "badResources", message })

function attributeOf(name: string, value: TextValue): Attribute | undefined {
  switch (value.kind) {
    case "scalar":
      return { name, type: "SCALAR", scalar: { value: fromMilli(value.milli) } }
    case "ranges":
      return { name, type: "RANGES", ranges: { range: normalizeRanges(value.ranges) } }
    case "set":
      return undefined
    case "text":
      return textPattern.test(value.text)
        ? { name, type: "TEXT", text: { value: value.text } }
        : undefined
    default:
      return value satisfies never
  }
}

/** An attribute's value as text: "r7", "3", "[1-2]"; what constraints and endpoints compare. */
export function attributeText(attribute: Attribute): string {
  if (attribute.text !== undefined) return attribute.text.value
  if (attribute.scalar !== undefined) return String(attribute.scalar.value)
  if (attribute.ranges !== undefined)
    return renderValue({ kind: "ranges", ranges: attribute.ranges.range ?? [] })
  return renderValue({ kind: "set", items: attribute.set?.item ?? [] })
}
