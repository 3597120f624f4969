import { runCommand } from "citty"
import { assert } from "#lib/std/assert.ts"
import { ClusterStore } from "./clusters.ts"
import { isGroup, visibleCommands, type Group, type LazyCommand } from "./command.ts"
import type { Context, Terminal } from "./context.ts"
import { CommandFailure, ExitCode, fail } from "./failure.ts"
import { parseGlobalFlags } from "./global-flags.ts"
import { renderCommandHelp, renderGroupHelp } from "./help.ts"
import { createMessages, type Messages } from "./messages.ts"
import { noCluster } from "./no-cluster.ts"
import { readLine } from "./pflag.ts"
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
    if (global.version) return await runLeaf(context, `${PROGRAM} --version`, table.version, [])
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
      return await runLeaf(context, found.path, found.command, found.rest)
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
    const entry = Object.hasOwn(group.subCommands, word) ? group.subCommands[word] : undefined
    if (entry === undefined) return { kind: "unknown", path, group, word }
    path = `${path} ${word}`
    if (!isGroup(entry))
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
  if (option === "--info") context.print(group.meta.description)
  else if (option === "--version" && path !== PROGRAM)
    context.print(`${path.replaceAll(" ", "-")} version ${context.version}`)
  else if (option === "--config-schema") context.print("{}")
  else if (group.deprecatedDefault !== undefined && option !== "--help" && option !== "-h")
    return await runBare(context, path, group, rest)
  else {
    const line = readLine({ args: {} }, rest)
    if (!line.ok) fail(line.error)
    context.stdout.write(renderGroupHelp(path, group))
  }
  return ExitCode.ok
}

async function runBare(
  context: Context,
  path: string,
  group: Group,
  rest: readonly string[],
): Promise<number> {
  const { name = "", notice = "" } = group.deprecatedDefault ?? {}
  const command = group.subCommands[name]
  assert(command !== undefined && !isGroup(command), `${path} has no command ${name}`)
  if (context.env["DCOS_CLI_STRICT_DEPRECATIONS"]) fail(notice)
  context.messages.warn(notice)
  return await runLeaf(context, path, command, rest)
}

type Unknown = Extract<Found, { readonly kind: "unknown" }>

async function runUnknown(
  context: Context,
  unknown: Unknown,
  words: readonly string[],
): Promise<number> {
  const { path, group } = unknown
  if (group.deprecatedDefault?.takesArguments === true)
    return await runBare(context, path, group, words.slice(depth(path)))
  return refuseWord(context, unknown)
}

function refuseWord(context: Context, { path, group, word }: Unknown): number {
  const names = visibleCommands(group).map(([name]) => name)
  const near = suggest(word, names)
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

async function showHelp(context: Context, root: Group, words: readonly string[]): Promise<number> {
  const found = find(root, words)
  switch (found.kind) {
    case "group":
      context.stdout.write(renderGroupHelp(found.path, found.group))
      return ExitCode.ok
    case "command":
      return await runLeaf(context, found.path, found.command, ["--help"])
    case "unknown":
      return refuseWord(context, found)
    default:
      return found satisfies never
  }
}

/** Runs a command by citty, once pflag's grammar has let its words pass. */
async function runLeaf(
  context: Context,
  path: string,
  load: LazyCommand,
  words: readonly string[],
): Promise<number> {
  const command = await load()
  const line = readLine(command, words)
  if (!line.ok) return fail(line.error)
  if (line.value.kind === "help") {
    context.stdout.write(renderCommandHelp(path, load.meta.description, command))
    return ExitCode.ok
  }
  const { result } = await runCommand(command, { rawArgs: [...line.value.rawArgs], data: context })
  return typeof result === "number" ? result : ExitCode.ok
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
