import { openSync, rmSync, writeFileSync } from "node:fs"
import type { CommandInfo } from "#lib/mesos/index.ts"
import type { ContainerSpec, TerminalSize } from "#lib/ports/index.ts"
import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import type { Accounts } from "#lib/io/host/accounts.ts"
import { Descriptor } from "#lib/io/host/descriptor.ts"
import { userPrefix } from "#lib/io/host/user-prefix.ts"
import { HEED_SIGNALS, rlimitPrefix } from "./prefix.ts"
import type { HostTools } from "./prefix.ts"
import { DEFAULT_PATH, taskScript } from "./task-script.ts"

/** The environment of everything that runs before the task itself does. */
export const CLEAN_ENVIRONMENT = { PATH: DEFAULT_PATH }

/** How to become a process of a task: the programs to go through, and the script of the last one. */
export type TaskStart = { readonly argv: readonly string[]; readonly script: string }

/**
 * Where a process' standard streams lead: its input is empty and the script comes from there, or they
 * are pipes, or a terminal; the script then comes from a descriptor of its own.
 */
export type TaskStreams =
  | { readonly kind: "null" }
  | { readonly kind: "pipes"; readonly descriptor: number }
  | {
      readonly kind: "terminal"
      readonly descriptor: number
      readonly size: TerminalSize | undefined
    }

/** What a process of a task is made from. */
export type TaskStartOptions = {
  readonly spec: ContainerSpec
  readonly command: CommandInfo
  readonly accounts: Accounts
  readonly tools: HostTools
  /** Empty input unless it is given. */
  readonly streams?: TaskStreams | undefined
  /** Cgroups to be in before anything else. */
  readonly cgroups?: readonly string[] | undefined
}

/** Joins the groups that its first argument names, then becomes the rest. */
const JOIN = `for group in $1; do echo 0 > "$group/cgroup.procs" || exit 125; done; shift; exec "$@"`

/**
 * The way to start a command of the container: limits first, then the user, then a shell that reads
 * the script. Refused, with the remedy, when the machine lacks what the task asks for.
 */
export async function taskStart(options: TaskStartOptions): Promise<Result<TaskStart, string>> {
  const { spec, command, accounts, tools } = options
  const limits = rlimitPrefix(spec.task.container?.rlimitInfo, tools.prlimit)
  if (!limits.ok) return limits
  const user = await userPrefix(spec.user, accounts, tools.setpriv)
  if (!user.ok) return user
  const environment = { ...spec.environment, ...variablesOf(command) }
  environment["MESOS_SANDBOX"] ??= spec.sandbox
  const { streams = { kind: "null" } } = options
  const shell = shellOf(streams, tools)
  if (!shell.ok) return shell
  const script = taskScript({
    command,
    environment,
    bash: tools.bash ?? undefined,
    ...(streams.kind === "null" ? {} : { descriptor: streams.descriptor }),
    ...(streams.kind === "terminal" ? { size: streams.size } : {}),
  })
  if (!script.ok) return err(`the command cannot be run: ${script.error}`)
  const { cgroups = [] } = options
  const join = cgroups.length === 0 ? [] : ["/bin/sh", "-c", JOIN, "sh", cgroups.join(" ")]
  const argv = [...join, ...limits.value, ...user.value, ...shell.value]
  return ok({ argv, script: script.value })
}

/** The shell that reads the script and becomes the task. */
function shellOf(streams: TaskStreams, tools: HostTools): Result<readonly string[], string> {
  const heedful = (...argv: readonly string[]): readonly string[] =>
    tools.env === null ? argv : [tools.env, HEED_SIGNALS, ...argv]
  switch (streams.kind) {
    case "null":
      return ok(heedful("/bin/sh", "-s"))
    case "pipes":
      return ok(heedful("/bin/sh", "-c", `eval "$(cat <&${streams.descriptor})"`))
    case "terminal": {
      // It is the terminal's other end, and outlives the agent: a quarter of a megabyte each.
      if (tools.script === null)
        return err("a terminal needs the program script on the agent: install util-linux")
      const command = `eval "$(cat <&${streams.descriptor})"`
      return ok(heedful(tools.script, "-q", "-e", "-E", "always", "-c", command, "/dev/null"))
    }
    default:
      return streams satisfies never
  }
}

/** The variables that a command sets by value. */
function variablesOf(command: CommandInfo): Record<string, string> {
  const variables: Record<string, string> = {}
  for (const { name, type = "VALUE", value } of command.environment?.variables ?? [])
    if (type === "VALUE" && value !== undefined) variables[name] = value
  return variables
}

let scripts = 0

/**
 * A file of that content, open for reading and without a name: the process that inherits it can read
 * it whatever its user is, and it leaves nothing behind.
 */
export function openNameless(directory: string, content: string): Descriptor {
  const path = `${directory}/script.${process.pid}.${scripts++}`
  try {
    writeFileSync(path, content, { flag: "wx", mode: 0o600 })
    return new Descriptor(openSync(path, "r"))
  } finally {
    rmSync(path, { force: true })
  }
}
