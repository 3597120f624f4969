import { err, ok, type Result } from "#lib/std/result.ts"

/** A value in a configuration file. */
export type ConfigValue = string | number | boolean | readonly string[]

/** A configuration by dotted key, such as "core.dcos_url". */
export type Config = ReadonlyMap<string, ConfigValue>

const ESCAPES: Readonly<Record<string, string>> = {
  b: "\b",
  t: "\t",
  n: "\n",
  f: "\f",
  r: "\r",
  '"': '"',
  "\\": "\\",
}

/**
 * Reads the part of TOML that DC/OS configuration files use: tables, and keys whose values are
 * strings, numbers, booleans or one-line arrays of strings. The rejection names the line.
 */
export function parseToml(text: string): Result<Config, string> {
  const config = new Map<string, ConfigValue>()
  let section = ""
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim()
    if (line === "" || line.startsWith("#")) continue
    const table = /^\[\s*([^[\]]+?)\s*\]\s*(?:#.*)?$/.exec(line)
    if (table !== null) {
      section = unquoteKey(table[1] ?? "")
      continue
    }
    const pair = /^([\w."'-]+)\s*=\s*(.*)$/.exec(line)
    const value = pair === null ? undefined : parseValue(pair[2] ?? "")
    if (pair === null || value === undefined)
      return err(`line ${index + 1} is neither a table nor a key with a value: ${line}`)
    const key = unquoteKey(pair[1] ?? "")
    config.set(section === "" ? key : `${section}.${key}`, value)
  }
  return ok(config)
}

const unquoteKey = (key: string) => key.replaceAll(/["']/g, "").replaceAll(/\s*\.\s*/g, ".")

function parseValue(text: string): ConfigValue | undefined {
  if (text.startsWith("[")) {
    const inner = /^\[(.*)\]\s*(?:#.*)?$/.exec(text)?.[1]
    return inner === undefined ? undefined : parseStrings(inner)
  }
  const string = takeString(text)
  if (string !== undefined) return isTrailer(string.rest) ? string.value : undefined
  const word = text.replace(/\s*#.*$/, "")
  if (word === "true" || word === "false") return word === "true"
  return /^[+-]?\d[\d_]*(?:\.\d+)?$/.test(word) ? Number(word.replaceAll("_", "")) : undefined
}

function parseStrings(inner: string): readonly string[] | undefined {
  const strings: string[] = []
  let rest = inner.trim()
  while (rest !== "") {
    const string = takeString(rest)
    if (string === undefined) return undefined
    strings.push(string.value)
    rest = string.rest.trim().replace(/^,/, "").trim()
  }
  return strings
}

const isTrailer = (rest: string) => /^\s*(?:#.*)?$/.test(rest)

function takeString(text: string): { readonly value: string; readonly rest: string } | undefined {
  const literal = /^'([^']*)'/.exec(text)
  if (literal !== null) return { value: literal[1] ?? "", rest: text.slice(literal[0].length) }
  const basic = /^"((?:[^"\\]|\\.)*)"/.exec(text)
  if (basic === null) return undefined
  const value = (basic[1] ?? "").replaceAll(
    /\\(?:u([0-9a-fA-F]{4})|(.))/g,
    (_, code: string | undefined, letter: string | undefined) =>
      code === undefined
        ? (ESCAPES[letter ?? ""] ?? letter ?? "")
        : String.fromCharCode(Number.parseInt(code, 16)),
  )
  return { value, rest: text.slice(basic[0].length) }
}

/** Writes a configuration, tables and keys in order of their names. */
export function encodeToml(config: Config): string {
  const sections = new Map<string, string[]>()
  for (const [dotted, value] of [...config].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const dot = dotted.lastIndexOf(".")
    const section = dot < 0 ? "" : dotted.slice(0, dot)
    const lines = sections.get(section) ?? []
    lines.push(`${encodeKey(dotted.slice(dot + 1))} = ${encodeValue(value)}`)
    sections.set(section, lines)
  }
  return [...sections]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([section, lines]) => `${section === "" ? "" : `[${section}]\n`}${lines.join("\n")}\n`)
    .join("\n")
}

const encodeKey = (key: string) => (/^[\w-]+$/.test(key) ? key : JSON.stringify(key))

function encodeValue(value: ConfigValue): string {
  if (typeof value === "string") return JSON.stringify(value)
  if (typeof value === "number" || typeof value === "boolean") return String(value)
  return `[${value.map((item) => JSON.stringify(item)).join(", ")}]`
}
