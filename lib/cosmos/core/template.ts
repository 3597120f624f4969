import Mustache from "mustache"
import { err, ok, type Result } from "#lib/std/result.ts"
import type { Json, JsonObject } from "./json.ts"

/** One parsed piece of a template: text, a value, a section or an inverted section. */
type Token = readonly [
  type: string,
  name: string,
  start: number,
  end: number,
  children?: readonly Token[],
  closing?: number,
]

/** The values a name is looked up in, innermost last. */
type Scopes = readonly Json[]

/**
 * Renders a template of a package in the dialect that the Universe's templates rely on: strings are
 * JSON-escaped and never HTML-escaped, `0` is true, arrays and objects print as JSON, `{{#asJson}}`
 * prints a top-level option as JSON, `{{x.isEmpty}}` holds for an empty list. Missing names print
 * nothing. An error is the text of a template that cannot be parsed.
 * Source: dcos/cosmos: PackageDefinitionRenderer (mustache.java 0.9.6 with escaping switched off).
 */
export function renderTemplate(template: string, view: JsonObject): Result<string, string> {
  try {
    const tokens = Mustache.parse(template) as readonly Token[]
    return ok(renderTokens(tokens, [view], template))
  } catch (cause) {
    return err(cause instanceof Error ? cause.message : String(cause))
  }
}

function renderTokens(tokens: readonly Token[], scopes: Scopes, template: string): string {
  return tokens.map((token) => renderToken(token, scopes, template)).join("")
}

function renderToken(token: Token, scopes: Scopes, template: string): string {
  const [type, name, , end, children = [], closing = end] = token
  switch (type) {
    case "text":
      return name
    case "name":
    case "&":
      return printValue(lookUp(name, scopes))
    case "#":
      if (name === "asJson")
        return JSON.stringify(member(scopes[0], template.slice(end, closing).trim()) ?? null)
      return renderSection(children, lookUp(name, scopes), scopes, template)
    case "^":
      return isTrue(lookUp(name, scopes)) ? "" : renderTokens(children, scopes, template)
    default:
      return ""
  }
}

function renderSection(
  children: readonly Token[],
  value: Json | undefined,
  scopes: Scopes,
  template: string,
): string {
  if (value === undefined || !isTrue(value)) return ""
  if (Array.isArray(value))
    return value.map((item: Json) => renderTokens(children, [...scopes, item], template)).join("")
  return renderTokens(children, value === true ? scopes : [...scopes, value], template)
}

const isTrue = (value: Json | undefined): boolean =>
  !(
    value === undefined ||
    value === null ||
    value === false ||
    value === "" ||
    (Array.isArray(value) && value.length === 0)
  )

function printValue(value: Json | undefined): string {
  if (value === undefined || value === null) return ""
  if (typeof value === "string") return JSON.stringify(value).slice(1, -1)
  return typeof value === "object" ? JSON.stringify(value) : String(value)
}

/** A dotted name's first part is looked for from the innermost scope outwards, the rest inside it. */
function lookUp(name: string, scopes: Scopes): Json | undefined {
  if (name === ".") return scopes.at(-1)
  const [first = "", ...rest] = name.split(".")
  for (const scope of scopes.toReversed()) {
    let value = member(scope, first)
    if (value === undefined) continue
    for (const part of rest) value = member(value, part)
    return value
  }
  return undefined
}

function member(value: Json | undefined, name: string): Json | undefined {
  if (Array.isArray(value)) return name === "isEmpty" ? value.length === 0 : undefined
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined
  return (value as JsonObject)[name]
}
