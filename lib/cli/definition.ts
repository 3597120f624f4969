import type { Context } from "./context.ts"
import { fail } from "./failure.ts"

/** A JSON object that the user wrote. */
export type Definition = Readonly<Record<string, unknown>>

const FROM_TERMINAL =
  "We currently don't support reading from the TTY. Please specify an application JSON."

/**
 * One JSON object from a file, an `http(s)://` address, or standard input when no source is given.
 * Fails when there is none, when it is a terminal, or when the text is something else.
 */
export async function readDefinition(
  context: Pick<Context, "files" | "fetch" | "stdin" | "signal">,
  source?: string,
): Promise<Definition> {
  if (source === undefined && context.stdin.isTerminal) fail(FROM_TERMINAL)
  const text = source === undefined ? await context.stdin.readAll() : await load(context, source)
  return parseObject(text)
}

function parseObject(text: string): Definition {
  const value = parseJson(text)
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as Definition
  return fail("error loading JSON: it must be one object in braces")
}

async function load(
  context: Pick<Context, "files" | "fetch" | "signal">,
  source: string,
): Promise<string> {
  const missing = `can't read from resource: ${source}. Please check that it exists`
  if (!/^https?:\/\//.test(source)) return (await context.files.readText(source)) ?? fail(missing)
  const response = await context.fetch(source, { signal: context.signal }).catch(() => undefined)
  return response?.ok === true ? await response.text() : fail(missing)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    return fail(`error loading JSON: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
}

/** The options of a package from a file; undefined when none is named. Fails when it is missing. */
export async function readOptions(
  context: Pick<Context, "files">,
  path: string | undefined,
): Promise<Definition | undefined> {
  if (path === undefined) return undefined
  const text = (await context.files.readText(path)) ?? fail(`couldn't find options file '${path}'`)
  return parseObject(text)
}
