import { err, ok, type Result } from "#lib/std/result.ts"
import type { Range, ResourceValue } from "#lib/mesos/resource.ts"
import { toMilli } from "./scalar.ts"

/** A value as text spells it: what a resource can have, or free text, which attributes can. */
export type TextValue = ResourceValue | { readonly kind: "text"; readonly text: string }

const scalarPattern = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i
const rangePattern = /^(\d+)\s*-\s*(\d+)$/

/**
 * Reads `4.5`, `[1-2, 5-6]`, `{a, b}` or free text; the error is a message that names what is wrong.
 * Source: apache/mesos: src/common/values.cpp (parse).
 */
export function parseTextValue(source: string): Result<TextValue, string> {
  const text = source.trim()
  if (text === "") return err("the value is empty")
  if (text.startsWith("[")) return parseRanges(text)
  if (text.startsWith("{")) return parseItems(text)
  if (scalarPattern.test(text)) {
    const value = Number(text)
    return Number.isFinite(value)
      ? ok({ kind: "scalar", milli: toMilli(value) })
      : err(`'${text}' is not a finite number`)
  }
  return ok({ kind: "text", text })
}

const separated = (text: string): string[] =>
  text
    .slice(1, -1)
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "")

function parseRanges(text: string): Result<TextValue, string> {
  if (!text.endsWith("]")) return err(`'${text}' lacks a closing ']'`)
  const ranges: Range[] = []
  for (const part of separated(text)) {
    const match = rangePattern.exec(part)
    if (match === null) return err(`'${part}' is not a range such as 31000-32000`)
    const begin = Number(match[1])
    const end = Number(match[2])
    if (!Number.isSafeInteger(begin) || !Number.isSafeInteger(end))
      return err(`'${part}' is out of bounds`)
    if (begin > end) return err(`range '${part}' ends before it begins`)
    ranges.push({ begin, end })
  }
  return ok({ kind: "ranges", ranges })
}

function parseItems(text: string): Result<TextValue, string> {
  if (!text.endsWith("}")) return err(`'${text}' lacks a closing '}'`)
  return ok({ kind: "set", items: separated(text) })
}
