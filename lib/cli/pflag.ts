import { err, ok, type Result } from "#lib/std/result.ts"
import {
  isArgument,
  kebab,
  type ArgumentDefinition,
  type Command,
  type FlagDefinition,
} from "./command.ts"

/** What a command line asks for: help, or a run with arguments that citty parses. */
export type CheckedLine =
  | { readonly kind: "help" }
  | { readonly kind: "run"; readonly rawArgs: readonly string[] }

/** A flag, and how refusals spell it: `-a, --app-version`. */
type Flag = { readonly key: string; readonly definition: FlagDefinition; readonly shown: string }

/** A flag as a word gives it. Without value it is the next word's, and `missing` says so. */
type Given = { readonly flag: Flag; readonly value: string | undefined; readonly missing: string }

/** Flags by their spelling: `--name` and `-n`. */
type Flags = ReadonlyMap<string, Flag>

const BOOLEANS = new Map(
  ["1", "t", "T", "TRUE", "true", "True"]
    .map((word): [string, boolean] => [word, true])
    .concat(["0", "f", "F", "FALSE", "false", "False"].map((word) => [word, false])),
)

/**
 * Checks what follows a command's name by the grammar of pflag, and writes it so that citty cannot
 * read it otherwise: every flag as `--key=value`, then `--` and the arguments. citty alone would
 * accept unknown flags and any number of arguments, and take `--no-check` for `--check=false`.
 * The rejection is the message to show.
 * Source: spf13/pflag, whose grammar and texts DC/OS 1.x users know.
 */
export function readLine(
  command: Pick<Command, "args" | "flagsFirst" | "anyWords" | "refusedFlags">,
  words: readonly string[],
): Result<CheckedLine, string> {
  const flags = flagsOf(command)
  const rawArgs: string[] = []
  const rest: string[] = command.anyWords === true ? [...words] : []
  for (let i = command.anyWords === true ? words.length : 0; i < words.length; i++) {
    const word = words[i] ?? ""
    if (word === "--") {
      rest.push(...words.slice(i + 1))
      break
    }
    if (!word.startsWith("-") || word === "-") {
      rest.push(word)
      if (command.flagsFirst !== true) continue
      rest.push(...words.slice(i + 1))
      break
    }
    if ((word === "--help" || word === "-h") && !flags.has(word)) return ok({ kind: "help" })
    const all = word.startsWith("--") ? readLong(flags, word) : readShort(flags, word)
    if (!all.ok) return err(whyRefused(command, word) ?? all.error)
    for (const { flag, value = words[++i], missing } of all.value) {
      if (value === undefined) return err(missing)
      const checked = checkValue(flag, value)
      if (!checked.ok) return checked
      rawArgs.push(`--${flag.key}=${checked.value}`)
    }
  }
  const refusal = checkCount(Object.values(command.args).filter(isArgument), rest.length)
  if (refusal !== undefined) return err(refusal)
  return ok({ kind: "run", rawArgs: [...rawArgs, "--", ...rest] })
}

/** Why a flag that is known from elsewhere is not taken. */
function whyRefused({ refusedFlags = {} }: Pick<Command, "refusedFlags">, word: string) {
  const name = word.replace(/=.*$/s, "")
  const why = refusedFlags[name.slice(2).replaceAll("-", "_")]
  return why === undefined ? undefined : `${name} is not supported: ${why}`
}

const flagsOf = ({ args }: Pick<Command, "args">): Flags =>
  new Map(
    Object.entries(args).flatMap(([key, definition]): [string, Flag][] => {
      if (isArgument(definition)) return []
      const { alias } = definition
      const long = `--${kebab(key)}`
      const flag = { key, definition, shown: alias === undefined ? long : `-${alias}, ${long}` }
      return alias === undefined
        ? [[long, flag]]
        : [
            [long, flag],
            [`-${alias}`, flag],
          ]
    }),
  )

function readLong(flags: Flags, word: string): Result<readonly Given[], string> {
  const equals = word.indexOf("=")
  const name = equals < 0 ? word : word.slice(0, equals)
  const flag = flags.get(name) ?? settingOf(flags, name)
  if (flag === undefined) {
    const off =
      equals < 0 && name.startsWith("--no-") ? settingOf(flags, `--${name.slice(5)}`) : undefined
    if (off?.definition.type === "boolean") return ok([{ flag: off, value: "false", missing: "" }])
    return err(`unknown flag: ${name}`)
  }
  const alone = flag.definition.type === "boolean" ? "true" : undefined
  const value = equals < 0 ? alone : word.slice(equals + 1)
  return ok([{ flag, value, missing: `flag needs an argument: ${name}` }])
}

/** The daemon's setting that is meant, in Mesos' spelling: `--agent_ping_timeout`. */
function settingOf(flags: Flags, name: string): Flag | undefined {
  const flag = flags.get(`--${name.slice(2).replaceAll("_", "-")}`)
  return flag?.definition.setting === true ? flag : undefined
}

/** Letters that share one hyphen: switches, of which the last may be a flag with its value. */
function readShort(flags: Flags, word: string): Result<readonly Given[], string> {
  const given: Given[] = []
  for (let i = 1; i < word.length; i++) {
    const where = `'${word.charAt(i)}' in ${word}`
    const flag = flags.get(`-${word.charAt(i)}`)
    if (flag === undefined) return err(`unknown shorthand flag: ${where}`)
    const after = word.slice(i + 1)
    const missing = `flag needs an argument: ${where}`
    if (flag.definition.type === "boolean" && !after.startsWith("="))
      given.push({ flag, value: "true", missing })
    else {
      given.push({ flag, value: after === "" ? undefined : after.replace(/^=/, ""), missing })
      break
    }
  }
  return ok(given)
}

/** The value as citty takes it, when it is one. */
function checkValue({ definition, shown }: Flag, value: string): Result<string, string> {
  const invalid = (parser: string) =>
    err(
      `invalid argument "${value}" for "${shown}" flag: strconv.${parser}: parsing "${value}": invalid syntax`,
    )
  if (definition.type === "boolean") {
    const meant = BOOLEANS.get(value)
    return meant === undefined ? invalid("ParseBool") : ok(String(meant))
  }
  if (definition.integer === true && !/^[+-]?\d{1,15}$/.test(value)) return invalid("ParseInt")
  return ok(value)
}

/** Source: spf13/cobra: args.go. */
function checkCount(definitions: readonly ArgumentDefinition[], given: number): string | undefined {
  const min = definitions.filter(({ required }) => required === true).length
  if (definitions.some(({ many }) => many === true))
    return given >= min ? undefined : `requires at least ${min} arg(s), only received ${given}`
  const max = definitions.length
  if (given >= min && given <= max) return undefined
  if (min === max) return `accepts ${min} arg(s), received ${given}`
  if (min === 0) return `accepts at most ${max} arg(s), received ${given}`
  return `accepts between ${min} and ${max} arg(s), received ${given}`
}
