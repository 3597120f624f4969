import { err, ok, type Result } from "#lib/std/result.ts"
import {
  isArgument,
  kebab,
  type ArgumentDefinition,
  type Command,
  type FlagDefinition,
  type Value,
} from "./command.ts"

/** What a command line asks for: help, or a run with these values. */
export type ParsedLine =
  | { readonly kind: "help" }
  | { readonly kind: "run"; readonly values: Readonly<Record<string, Value>> }

type KeyedFlag = { readonly key: string; readonly definition: FlagDefinition }

type Parsing = {
  readonly byName: ReadonlyMap<string, KeyedFlag>
  readonly byShort: ReadonlyMap<string, KeyedFlag>
  readonly values: Record<string, Value>
  readonly rest: string[]
}

const BOOLEANS = new Map(
  ["1", "t", "T", "TRUE", "true", "True"]
    .map((word): [string, boolean] => [word, true])
    .concat(["0", "f", "F", "FALSE", "false", "False"].map((word) => [word, false])),
)

/**
 * Parses what follows a command's name. The rejection is the message to show.
 * Source: spf13/pflag, whose grammar and texts DC/OS 1.x users know.
 */
export function parseLine(
  command: Pick<Command, "input" | "flagsFirst" | "anyWords">,
  tokens: readonly string[],
): Result<ParsedLine, string> {
  const flags = Object.entries(command.input).flatMap(([key, definition]) =>
    isArgument(definition) ? [] : [{ key, definition }],
  )
  const parsing: Parsing = {
    byName: new Map(flags.map((flag) => [kebab(flag.key), flag])),
    byShort: new Map(
      flags.flatMap((flag) => (flag.definition.short ? [[flag.definition.short, flag]] : [])),
    ),
    values: Object.fromEntries(flags.map(({ key, definition }) => [key, absent(definition)])),
    rest: [],
  }
  if (command.anyWords === true) parsing.rest.push(...tokens)
  for (let i = command.anyWords === true ? tokens.length : 0; i < tokens.length; i++) {
    const token = tokens[i] ?? ""
    if (token === "--") {
      parsing.rest.push(...tokens.slice(i + 1))
      break
    }
    if (!token.startsWith("-") || token === "-") {
      parsing.rest.push(token)
      if (!command.flagsFirst) continue
      parsing.rest.push(...tokens.slice(i + 1))
      break
    }
    if (token === "--help" || token === "-h") return ok({ kind: "help" })
    const taken = token.startsWith("--")
      ? takeLong(parsing, token.slice(2), tokens[i + 1])
      : takeShort(parsing, token.slice(1), tokens[i + 1])
    if (!taken.ok) return taken
    i += taken.value
  }
  return bindArguments(command, parsing)
}

function absent(definition: FlagDefinition): Value {
  if (definition.kind === "boolean") return false
  return definition.kind === "list" ? [] : undefined
}

/** Both takers answer how many of the following tokens they used. */
function takeLong(
  parsing: Parsing,
  text: string,
  next: string | undefined,
): Result<number, string> {
  const equals = text.indexOf("=")
  const name = equals < 0 ? text : text.slice(0, equals)
  const flag = parsing.byName.get(name)
  if (flag === undefined) return err(`unknown flag: --${name}`)
  const shown = `--${name}`
  if (equals >= 0) return assign(parsing, flag, shown, text.slice(equals + 1), 0)
  if (flag.definition.kind === "boolean") return assign(parsing, flag, shown, "true", 0)
  if (next === undefined) return err(`flag needs an argument: --${name}`)
  return assign(parsing, flag, shown, next, 1)
}

function takeShort(
  parsing: Parsing,
  letters: string,
  next: string | undefined,
): Result<number, string> {
  for (let i = 0; i < letters.length; i++) {
    const letter = letters.charAt(i)
    const flag = parsing.byShort.get(letter)
    if (flag === undefined) return err(`unknown shorthand flag: '${letter}' in -${letters}`)
    const shown = `-${letter}, --${kebab(flag.key)}`
    const attached = letters.slice(i + 1)
    if (flag.definition.kind === "boolean" && !attached.startsWith("=")) {
      assign(parsing, flag, shown, "true", 0)
      continue
    }
    if (attached !== "") return assign(parsing, flag, shown, attached.replace(/^=/, ""), 0)
    if (next === undefined) return err(`flag needs an argument: '${letter}' in -${letters}`)
    return assign(parsing, flag, shown, next, 1)
  }
  return ok(0)
}

function assign(
  parsing: Parsing,
  { key, definition }: KeyedFlag,
  shown: string,
  raw: string,
  used: number,
): Result<number, string> {
  const invalid = (parser: string) =>
    err(
      `invalid argument "${raw}" for "${shown}" flag: strconv.${parser}: parsing "${raw}": invalid syntax`,
    )
  switch (definition.kind) {
    case "boolean": {
      const value = BOOLEANS.get(raw)
      if (value === undefined) return invalid("ParseBool")
      parsing.values[key] = value
      break
    }
    case "integer":
      if (!/^[+-]?\d{1,15}$/.test(raw)) return invalid("ParseInt")
      parsing.values[key] = Number(raw)
      break
    case "text":
      parsing.values[key] = raw
      break
    case "list":
      parsing.values[key] = [...(parsing.values[key] as readonly string[]), raw]
      break
    default:
      return definition satisfies never
  }
  return ok(used)
}

function bindArguments(
  command: Pick<Command, "input">,
  { values, rest }: Parsing,
): Result<ParsedLine, string> {
  const definitions = Object.entries(command.input).flatMap(([key, definition]) =>
    isArgument(definition) ? [[key, definition] as const] : [],
  )
  const refusal = checkCount(
    definitions.map(([, definition]) => definition),
    rest.length,
  )
  if (refusal !== undefined) return err(refusal)
  let at = 0
  for (const [key, definition] of definitions) {
    if (definition.kind === "restArguments") values[key] = rest.slice(at)
    else values[key] = rest[at++]
  }
  return ok({ kind: "run", values })
}

/** Source: spf13/cobra: args.go. */
function checkCount(definitions: readonly ArgumentDefinition[], given: number): string | undefined {
  const min = definitions.filter((definition) => definition.kind === "argument").length
  if (definitions.some((definition) => definition.kind === "restArguments"))
    return given >= min ? undefined : `requires at least ${min} arg(s), only received ${given}`
  const max = definitions.length
  if (given >= min && given <= max) return undefined
  if (min === max) return `accepts ${min} arg(s), received ${given}`
  if (min === 0) return `accepts at most ${max} arg(s), received ${given}`
  return `accepts between ${min} and ${max} arg(s), received ${given}`
}
