import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"

/** Whether labels satisfy a selector. */
export type LabelSelector = (labels: Readonly<Record<string, string>>) => boolean

// One selector: a key alone, compared with a value, or with a set of values. A character outside the
// plain ones stands behind a backslash.
const WORD = String.raw`((?:[A-Za-z0-9._-]|\\.)+)`
const SELECTOR = new RegExp(
  String.raw`^\s*${WORD}\s*(?:(==|!=)\s*${WORD}|\s(in|notin)\s*\(([^)]*)\))?\s*$`,
)
const VALUE = new RegExp(String.raw`^\s*${WORD}\s*$`)

/**
 * Reads a label selector such as "tier==web, env in (prod, test)": all parts must hold, and each needs
 * the label to be present. Fails with the text to answer.
 * Source: mesosphere/marathon: …/api/v2/LabelSelectorParsers.scala.
 */
export function parseLabelSelector(text: string): Result<LabelSelector, string> {
  const parts = splitOutside(text)
  const selectors: LabelSelector[] = []
  for (const part of parts) {
    const selector = parsePart(part)
    if (selector === undefined)
      return err(
        `Can not parse label selector ${text}. Reason: '${part.trim()}' is none of: key, key==value, key!=value, key in (a, b), key notin (a, b)`,
      )
    selectors.push(selector)
  }
  return ok((labels) => selectors.every((selector) => selector(labels)))
}

// Splits at commas that are neither in parentheses nor escaped.
function splitOutside(text: string): string[] {
  const parts = [""]
  let depth = 0
  for (let i = 0; i < text.length; i++) {
    const character = text.charAt(i)
    if (character === "(") depth++
    if (character === ")") depth--
    if (character === "," && depth === 0) parts.push("")
    else parts[parts.length - 1] += character === "\\" ? character + text.charAt(++i) : character
  }
  return parts
}

const unescape = (word: string): string => word.replaceAll(/\\(.)/g, "$1")

function parsePart(part: string): LabelSelector | undefined {
  const match = SELECTOR.exec(part)
  if (match === null) return undefined
  const [, rawKey = "", comparison, rawValue = "", membership, rawValues] = match
  const key = unescape(rawKey)
  const compare = (holds: (value: string) => boolean): LabelSelector => {
    return (labels) => {
      const value = Object.hasOwn(labels, key) ? labels[key] : undefined
      return value !== undefined && holds(value)
    }
  }
  if (comparison !== undefined) {
    const wanted = unescape(rawValue)
    return compare((value) => (value === wanted) === (comparison === "=="))
  }
  if (membership === undefined) return compare(() => true)
  const words = splitOutside(rawValues ?? "").map((word) => VALUE.exec(word)?.[1])
  if (words.some((word) => word === undefined)) return undefined
  const wanted = new Set(words.map((word) => unescape(word ?? "")))
  return compare((value) => wanted.has(value) === (membership === "in"))
}
