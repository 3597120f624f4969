import { ClusterStore } from "./clusters.ts"
import type { Command, Group, LazyCommand } from "./command.ts"
import type { Context, Terminal } from "./context.ts"
import { CommandFailure, ExitCode, fail } from "./failure.ts"
import { parseGlobalFlags } from "./global-flags.ts"
import { renderCommandHelp, renderGroupHelp } from "./help.ts"
import { createMessages, type Messages } from "./messages.ts"
import { noCluster } from "./no-cluster.ts"
import { parseLine } from "./parse.ts"
import { createSettings, type Settings } from "./settings.ts"
import { suggest } from "./suggest.ts"

/** The name users type. */
const PROGRAM = "dcos"

/** All commands, and what `dcos --version` does. */
export type CommandTable = { readonly root: Group; readonly version: LazyCommand }

/** What a line of words leads to in the table. */
type Found =
  | { readonly kind: "group"; readonly path: string; readonly group: Group }
  | {
      readonly kind: "command"
      readonly path: string
      readonly command: LazyCommand
      readonly rest: readonly string[]
    }
  | {
      readonly kind: "unknown"
      readonly path: string
      readonly group: Group
      readonly word: string
    }

/**
 * Runs one command line (without the program's name) and resolves to the exit code. Never rejects:
 * whatever goes wrong becomes one message on standard error.
 */
export async function runCommandLine(
  table: CommandTable,
  words: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const global = parseGlobalFlags(words, terminal.env)
  const context = createContext(terminal, global.verbosity, table)
  try {
    for (const notice of global.notices) context.messages.warn(notice)
    if (global.refusal !== undefined) fail(global.refusal)
    if (global.version) return await runCommand(context, `${PROGRAM} --version`, table.version, [])
    if (global.help) return await showHelp(context, table.root, global.rest)
    return await dispatch(context, table.root, global.rest)
  } catch (cause) {
    return report(context, cause)
  }
}

function createContext(terminal: Terminal, verbosity: 0 | 1 | 2, table: CommandTable): Context {
  let settings: Promise<Settings> | undefined
  let messages: Messages | undefined
  const read = async () => {
    const cluster = await new ClusterStore(terminal).current()
    return createSettings(cluster?.config ?? new Map(), terminal.env)
  }
  const context: Context = {
    ...terminal,
    verbosity,
    table: table.root,
    settings: () => (settings ??= read()),
    noCluster: () => noCluster(terminal),
    help: (words) => showHelp(context, table.root, words),
    print: (line) => terminal.stdout.write(`${line}\n`),
    get messages() {
      return (messages ??= createMessages(terminal.stderr, verbosity))
    },
    note: (line) => context.messages.info(line),
  }
  return context
}

async function dispatch(context: Context, root: Group, words: readonly string[]): Promise<number> {
  const found = find(root, words)
  switch (found.kind) {
    case "group":
      return await runGroup(context, found, words)
    case "command":
      return await runCommand(context, found.path, found.command, found.rest)
    case "unknown":
      return await runUnknown(context, found, words)
    default:
      return found satisfies never
  }
}

/** Follows words into the table as far as they name groups and commands. */
function find(root: Group, words: readonly string[]): Found {
  let group = root
  let path = PROGRAM
  for (const [index, word] of words.entries()) {
    if (word.startsWith("-")) return { kind: "group", path, group }
    const entry = Object.hasOwn(group.commands, word) ? group.commands[word] : undefined
    if (entry === undefined) return { kind: "unknown", path, group, word }
    path = `${path} ${word}`
    if (entry.kind === "command")
      return { kind: "command", path, command: entry, rest: words.slice(index + 1) }
    group = entry
  }
  return { kind: "group", path, group }
}

const depth = (path: string) => path.split(" ").length - 1

/** A group without subcommand: help, or what its bare word does. */
async function runGroup(
  context: Context,
  { path, group }: { readonly path: string; readonly group: Group },
  words: readonly string[],
): Promise<number> {
  const rest = words.slice(depth(path))
  const option = rest[0]
  if (option === "--info") context.print(group.description)
  else if (option === "--version" && path !== PROGRAM)
    context.print(`${path.replaceAll(" ", "-")} version ${context.version}`)
  else if (option === "--config-schema") context.print("{}")
  else if (group.bare !== undefined && option !== "--help" && option !== "-h")
    return await runBare(context, path, group, rest)
  else {
    const unknown = rest.find((word) => word !== "--help" && word !== "-h")
    if (unknown !== undefined && !rest.includes("--help") && !rest.includes("-h"))
      fail(unknown.startsWith("--") ? `unknown flag: ${unknown}` : unknownShort(unknown))
    context.stdout.write(renderGroupHelp(path, group))
  }
  return ExitCode.ok
}

const unknownShort = (word: string) => `unknown shorthand flag: '${word.charAt(1)}' in ${word}`

async function runBare(
  context: Context,
  path: string,
  group: Group,
  rest: readonly string[],
): Promise<number> {
  const { bare } = group
  if (bare === undefined) return ExitCode.failed
  if (context.env["DCOS_CLI_STRICT_DEPRECATIONS"]) fail(bare.notice)
  context.messages.warn(bare.notice)
  return await runCommand(context, path, bare.command, rest)
}

async function runUnknown(
  context: Context,
  { path, group, word }: { readonly path: string; readonly group: Group; readonly word: string },
  words: readonly string[],
): Promise<number> {
  if (group.bare?.takesArguments === true)
    return await runBare(context, path, group, words.slice(depth(path)))
  const near = suggest(word, visibleNames(group))
  const hint = near === undefined ? "" : `. Did you mean \`${path} ${near}\`?`
  if (path === PROGRAM) {
    context.stdout.write(renderGroupHelp(path, group))
    context.messages.error(`'${word}' is not a dcos command${hint || "."}`)
  } else {
    context.stderr.write(`${renderGroupHelp(path, group)}\n`)
    context.messages.error(`unknown command ${word}${hint}`)
  }
  return ExitCode.failed
}

const visibleNames = (group: Group) =>
  Object.keys(group.commands).filter((name) => group.commands[name]?.hidden !== true)

async function showHelp(context: Context, root: Group, words: readonly string[]): Promise<number> {
  const found = find(root, words)
  switch (found.kind) {
    case "group":
      context.stdout.write(renderGroupHelp(found.path, found.group))
      return ExitCode.ok
    case "command":
      return await runCommand(context, found.path, found.command, ["--help"])
    case "unknown":
      return await runUnknown(
        context,
        { ...found, group: { ...found.group, bare: undefined } },
        words,
      )
    default:
      return found satisfies never
  }
}

async function runCommand(
  context: Context,
  path: string,
  lazyCommand: LazyCommand,
  tokens: readonly string[],
): Promise<number> {
  const { command }: { readonly command: Command } = await lazyCommand.load()
  const parsed = parseLine(command, tokens)
  if (!parsed.ok) return fail(parsed.error)
  if (parsed.value.kind === "help") {
    context.stdout.write(renderCommandHelp(path, lazyCommand.description, command))
    return ExitCode.ok
  }
  return (await command.run(context, parsed.value.values)) ?? ExitCode.ok
}

const exitCodeOfSignal = ({ reason }: AbortSignal): number =>
  reason instanceof Error && reason.message === "SIGTERM"
    ? ExitCode.terminated
    : ExitCode.interrupted

/** The one place where what went wrong becomes a message and an exit code. */
function report(context: Context, cause: unknown): number {
  if (context.signal.aborted) return exitCodeOfSignal(context.signal)
  const message = cause instanceof Error ? cause.message : String(cause)
  context.messages.error(message)
  if (cause instanceof Error) context.messages.debug(cause.stack ?? "")
  return cause instanceof CommandFailure ? cause.exitCode : ExitCode.failed
}
