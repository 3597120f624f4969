import {
  defineCommand as defineCittyCommand,
  type ArgDef,
  type BooleanArgDef,
  type CommandDef,
  type CommandMeta,
  type ParsedArgs,
  type PositionalArgDef,
  type StringArgDef,
} from "citty"
import type { Context } from "./context.ts"

/** A positional argument. `valueHint` is what help shows, such as "app-id". */
export type ArgumentDefinition = PositionalArgDef & {
  readonly type: "positional"
  readonly valueHint: string
  /** Takes all remaining arguments; there may be none. */
  readonly many?: boolean
  /** The command whose output completes it in a shell, such as "config keys --quiet". */
  readonly from?: string
}

/** A flag; its name on the command line is the kebab-case form of its key, its alias one letter. */
export type FlagDefinition = (
  | (BooleanArgDef & { readonly type: "boolean" })
  | (StringArgDef & {
      readonly type: "string"
      readonly valueHint: string
      /** May be given several times. */
      readonly many?: boolean
      /** Its value is a whole number. */
      readonly integer?: boolean
    })
) & {
  readonly description: string
  readonly alias?: string
  readonly hidden?: boolean
  /** A daemon's setting: may be written with underscores, and a switch as `--no-name`. */
  readonly setting?: boolean
}

/** Everything a command reads from its line, by the name its code uses; order is that of arguments. */
export type InputDefinitions = Readonly<Record<string, ArgumentDefinition | FlagDefinition>>

type ValueOf<D> = D extends { readonly many: true }
  ? readonly string[]
  : D extends { readonly integer: true }
    ? number | undefined
    : D extends { readonly type: "boolean" }
      ? boolean
      : D extends { readonly required: true }
        ? string
        : string | undefined

/** The parsed values of a command's inputs. */
export type Values<I extends InputDefinitions> = { readonly [Name in keyof I]: ValueOf<I[Name]> }

type Shape = {
  /** Lines shown under `Examples:`. */
  readonly examples?: readonly string[]
  /** A paragraph at the end of the command's help. */
  readonly note?: string
  /** Flags end at the first argument; what follows belongs to something else (`task exec`). */
  readonly flagsFirst?: boolean
  /** Every word is an argument, even one that looks like a flag. */
  readonly anyWords?: boolean
  /** Flags that people may know from elsewhere and this command does not take, in Mesos' spelling: why. */
  readonly refusedFlags?: Readonly<Record<string, string>>
}

/**
 * One command of citty's. It is run with its `Context` as data and with arguments that `readLine`
 * has checked; it resolves to the exit code (nothing means 0), or rejects with `CommandFailure`.
 */
export type Command = CommandDef & Shape & { readonly args: InputDefinitions }

/** A command from what it reads and does; the types of its values follow from its input. */
export function defineCommand<const I extends InputDefinitions>({
  input,
  run,
  ...shape
}: Shape & {
  readonly input: I
  readonly run: (context: Context, values: Values<I>) => Promise<number | void>
}): Command {
  const command = defineCittyCommand<Record<string, ArgDef>>({
    run: ({ args, rawArgs, data }) => run(data as Context, valuesOf(input, args, rawArgs)),
  })
  return { ...command, ...shape, args: input }
}

/** What citty parsed, with what it does not know: values given repeatedly, and numbers. */
export function valuesOf<I extends InputDefinitions>(
  input: I,
  args: ParsedArgs,
  rawArgs: readonly string[],
): Values<I> {
  const positionals = Object.keys(input).filter((key) => input[key]?.type === "positional")
  const valueOf = (key: string, definition: ArgumentDefinition | FlagDefinition) => {
    if (definition.type === "positional" && definition.many)
      return args._.slice(positionals.indexOf(key))
    if (definition.type === "string" && definition.many) return givenValues(rawArgs, key)
    if (definition.type !== "string" || !definition.integer) return args[key]
    return args[key] === undefined ? undefined : Number(args[key])
  }
  const values = Object.entries(input).map(([key, definition]) => [key, valueOf(key, definition)])
  return Object.fromEntries(values) as Values<I>
}

/** All values of one flag in arguments as `readLine` writes them. */
export function givenValues(rawArgs: readonly string[], key: string): readonly string[] {
  const flags = rawArgs.slice(0, rawArgs.indexOf("--"))
  const start = `--${key}=`
  return flags.flatMap((flag) => (flag.startsWith(start) ? [flag.slice(start.length)] : []))
}

type ArgumentOptions = { readonly from?: string }
type FlagOptions = { readonly alias?: string; readonly hidden?: boolean }

/** A required argument. */
export const argument = (valueHint: string, more: ArgumentOptions = {}) =>
  ({ type: "positional", valueHint, required: true, ...more }) as const

/** An argument that may be left out. */
export const optionalArgument = (valueHint: string, more: ArgumentOptions = {}) =>
  ({ type: "positional", valueHint, required: false, ...more }) as const

/** All remaining arguments; there may be none. */
export const restArguments = (valueHint: string, more: ArgumentOptions = {}) =>
  ({ type: "positional", valueHint, required: false, many: true, ...more }) as const

/** A switch. */
export const flag = (description: string, more: FlagOptions = {}) =>
  ({ type: "boolean", description, default: false, ...more }) as const

/** A flag with a value. */
export const text = (valueHint: string, description: string, more: FlagOptions = {}) =>
  ({ type: "string", valueHint, description, ...more }) as const

/** A flag whose value is a whole number. */
export const integer = (valueHint: string, description: string, more: FlagOptions = {}) =>
  ({ type: "string", integer: true, valueHint, description, ...more }) as const

/** A flag with a value that may be given several times. */
export const list = (valueHint: string, description: string, more: FlagOptions = {}) =>
  ({ type: "string", many: true, valueHint, description, ...more }) as const

type Described = { readonly meta: CommandMeta & { readonly description: string } }

/** A command of the table: citty's lazy subcommand, described before it is loaded. */
export type LazyCommand = (() => Promise<Command>) & Described

/** Commands under a common word. */
export type Group = Omit<CommandDef, "meta" | "subCommands"> &
  Described & {
    readonly subCommands: Readonly<Record<string, LazyCommand | Group>>
    /** What the bare word does, instead of showing help, with the notice that this is the old way. */
    readonly deprecatedDefault?: DeprecatedDefault
  }

/** The subcommand that a group's bare word stands for. */
export type DeprecatedDefault = {
  readonly name: string
  readonly notice: string
  /** Whether an unknown word after the group's is an argument of this command. */
  readonly takesArguments: boolean
}

/** A line of the command table. `load` imports the module that exports `command`. */
export const lazy = (
  description: string,
  load: () => Promise<{ readonly command: Command }>,
  more: { hidden?: boolean } = {},
): LazyCommand =>
  Object.assign(async () => (await load()).command, { meta: { description, ...more } })

/** A group of the command table. */
export const group = (
  description: string,
  subCommands: Group["subCommands"],
  more: Pick<Group, "deprecatedDefault"> = {},
): Group => ({ meta: { description }, subCommands, ...more }) satisfies CommandDef

/** Whether the entry of the table is a group. */
export const isGroup = (entry: LazyCommand | Group): entry is Group => typeof entry !== "function"

/** The entries that help and completion show, by name. */
export const visibleCommands = (group: Group): [string, LazyCommand | Group][] =>
  Object.entries(group.subCommands)
    .filter(([, { meta }]) => meta.hidden !== true)
    .sort(([a], [b]) => (a < b ? -1 : 1))

/** Whether the definition is a positional argument. */
export const isArgument = (
  definition: ArgumentDefinition | FlagDefinition,
): definition is ArgumentDefinition => definition.type === "positional"

/** The spelling of an input's key on the command line: `appVersion` is `app-version`. */
export const kebab = (key: string): string =>
  key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
