import type { Context } from "./context.ts"

type Described = { readonly description: string }

/** A positional argument. `label` is what help shows, such as "app-id". */
export type ArgumentDefinition = {
  readonly kind: "argument" | "optionalArgument" | "restArguments"
  readonly label: string
  /** The command whose output completes it in a shell, such as "config keys --quiet". */
  readonly from?: string
}

/** A flag; its name on the command line is the kebab-case form of its key. */
export type FlagDefinition = Described &
  (
    | { readonly kind: "boolean"; readonly short?: string; readonly hidden?: boolean }
    | {
        readonly kind: "text" | "integer" | "list"
        readonly label: string
        readonly short?: string
        readonly hidden?: boolean
      }
  )

/** Everything a command reads from its line, by the name its code uses; order is that of arguments. */
export type InputDefinitions = Readonly<Record<string, ArgumentDefinition | FlagDefinition>>

type ValueOf<D> = D extends { readonly kind: "argument" }
  ? string
  : D extends { readonly kind: "optionalArgument" | "text" }
    ? string | undefined
    : D extends { readonly kind: "restArguments" | "list" }
      ? readonly string[]
      : D extends { readonly kind: "integer" }
        ? number | undefined
        : boolean

/** The parsed values of a command's inputs. */
export type Values<I extends InputDefinitions> = { readonly [Name in keyof I]: ValueOf<I[Name]> }

/** A parsed value whose definition is not known statically. */
export type Value = string | boolean | number | readonly string[] | undefined

type Shape = {
  /** Lines shown under `Examples:`. */
  readonly examples?: readonly string[]
  /** Flags end at the first argument; what follows belongs to something else (`task exec`). */
  readonly flagsFirst?: boolean
  /** Every word is an argument, even one that looks like a flag. */
  readonly anyWords?: boolean
}

/** One command, ready to be run with the values the parser found. */
export type Command = Shape & {
  readonly input: InputDefinitions
  /** Resolves to the exit code; nothing means 0. Rejects with `CommandFailure` to end with 1. */
  run(context: Context, values: Readonly<Record<string, Value>>): Promise<number | void>
}

/** A command: a plain object. The function only infers the types of its values. */
export function defineCommand<const I extends InputDefinitions>(
  definition: Shape & {
    readonly input: I
    run(context: Context, values: Values<I>): Promise<number | void>
  },
): Command {
  return {
    ...definition,
    run: (context, values) => definition.run(context, values as Values<I>),
  }
}

type ArgumentOptions = { readonly from?: string }

/** A required argument. */
export const argument = (label: string, more: ArgumentOptions = {}) =>
  ({ kind: "argument", label, ...more }) as const

/** An argument that may be left out. */
export const optionalArgument = (label: string, more: ArgumentOptions = {}) =>
  ({ kind: "optionalArgument", label, ...more }) as const

/** All remaining arguments; there may be none. */
export const restArguments = (label: string, more: ArgumentOptions = {}) =>
  ({ kind: "restArguments", label, ...more }) as const

/** A switch. */
export const flag = (description: string, more: { short?: string; hidden?: boolean } = {}) =>
  ({ kind: "boolean", description, ...more }) as const

/** A flag with a value. */
export const text = (
  label: string,
  description: string,
  more: { short?: string; hidden?: boolean } = {},
) => ({ kind: "text", label, description, ...more }) as const

/** A flag whose value is a whole number. */
export const integer = (
  label: string,
  description: string,
  more: { short?: string; hidden?: boolean } = {},
) => ({ kind: "integer", label, description, ...more }) as const

/** A flag with a value that may be given several times. */
export const list = (
  label: string,
  description: string,
  more: { short?: string; hidden?: boolean } = {},
) => ({ kind: "list", label, description, ...more }) as const

/** A command of the table: described at once, loaded when it is used. */
export type LazyCommand = Described & {
  readonly kind: "command"
  readonly load: () => Promise<{ readonly command: Command }>
  readonly hidden?: boolean
}

/** Commands under a common word. */
export type Group = Described & {
  readonly kind: "group"
  readonly commands: Readonly<Record<string, LazyCommand | Group>>
  readonly hidden?: boolean
  /** What the bare word does, instead of showing help. */
  readonly bare?: BareCommand | undefined
}

/** What a group's word alone does, with the notice that this is the old way. */
export type BareCommand = {
  readonly command: LazyCommand
  readonly notice: string
  /** Whether an unknown word after the group's is an argument of this command. */
  readonly takesArguments: boolean
}

/** A line of the command table. `load` imports the module that exports `command`. */
export const lazy = (
  description: string,
  load: LazyCommand["load"],
  more: { hidden?: boolean } = {},
): LazyCommand => ({ kind: "command", description, load, ...more })

/** A group of the command table. */
export const group = (
  description: string,
  commands: Group["commands"],
  more: { hidden?: boolean; bare?: BareCommand } = {},
): Group => ({ kind: "group", description, commands, ...more })

/** Whether the definition is a positional argument. */
export const isArgument = (
  definition: ArgumentDefinition | FlagDefinition,
): definition is ArgumentDefinition =>
  definition.kind === "argument" ||
  definition.kind === "optionalArgument" ||
  definition.kind === "restArguments"

/** The spelling of an input's key on the command line: `appVersion` is `app-version`. */
export const kebab = (key: string): string =>
  key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
