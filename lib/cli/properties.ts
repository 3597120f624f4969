import { err, ok, type Result } from "#lib/std/result.ts"
import type { Definition } from "./definition.ts"

/**
 * The object that `key=value` words mean, as `marathon app update` and `group update` take them.
 * Each word is split at its first `=`. The rejection is the message to show.
 * Source: dcos/dcos-core-cli: python/lib/dcoscli/dcoscli/jsonitem.py.
 */
export function parseProperties(words: readonly string[]): Result<Definition, string> {
  const object: Record<string, unknown> = {}
  for (const word of words) {
    const equals = word.indexOf("=")
    if (equals < 0) return err(`'${word}' is not a valid json-item`)
    const key = word.slice(0, equals).trim()
    if (Object.hasOwn(object, key)) return err(`Key '${key}' was specified more than once`)
    if (key.includes("."))
      return err(
        `'${key}' is not a field: give the outer one as JSON, such as container='{"docker":{...}}'`,
      )
    const value = parseValue(word.slice(equals + 1))
    if (!value.ok) return err(`Unable to parse '${word}': ${value.error}`)
    object[key] = value.value
  }
  return ok(object)
}

/** The first that fits: null, number, boolean, JSON array or object, and else a string. */
function parseValue(raw: string): Result<unknown, string> {
  const text = stripQuotes(raw.trim())
  if (text === "null") return ok(null)
  if (/^[+-]?\d+(?:_\d+)*$/.test(text)) return ok(Number(text.replaceAll("_", "")))
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return finite(Number(text))
  if (/^[+-]?(?:nan|inf|infinity)$/i.test(text)) return err("JSON has no such number")
  if (/^(?:true|false)$/i.test(text)) return ok(text.toLowerCase() === "true")
  return text.startsWith("[") || text.startsWith("{") ? parseJson(text) : ok(text)
}

const stripQuotes = (text: string): string => /^(["'])(.*)\1$/s.exec(text)?.[2] ?? text

const finite = (value: number): Result<number, string> =>
  Number.isFinite(value) ? ok(value) : err("the number is too large")

function parseJson(text: string): Result<unknown, string> {
  try {
    return ok(JSON.parse(text))
  } catch (cause) {
    return err(cause instanceof Error ? cause.message : String(cause))
  }
}
