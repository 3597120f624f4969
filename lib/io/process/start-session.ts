import type { ContainerSpec } from "#lib/ports/index.ts"
import { ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import type { Accounts } from "#lib/io/host/accounts.ts"
import { SCRIPT_DESCRIPTOR, type ChildSessions } from "#lib/io/sessions/child-sessions.ts"
import { SESSION_VARIABLE } from "#lib/io/sessions/members.ts"
import type { HostTools } from "./prefix.ts"
import { CLEAN_ENVIRONMENT, openNameless, taskStart } from "./spawn-task.ts"

/** What starting a debug container needs. */
export type StartSessionOptions = {
  readonly sessions: ChildSessions
  readonly spec: ContainerSpec
  readonly accounts: Accounts
  readonly tools: HostTools
  /** Cgroups of its parent, whose limits are its own. */
  readonly cgroups: readonly string[]
  /** Where a nameless file can be made. */
  readonly directory: string
  /** Path of the network namespace to run in; the machine's where it is absent. */
  readonly network?: string | undefined
}

/**
 * Bash that finds a socket at its standard input, which the pipes of this process are, takes itself
 * for a remote shell and reads its user's start-up files, unless a shell started it.
 */
const NOT_REMOTE = { SHLVL: "2" }

/** Starts a debug container as a process beside its task; the value is its first process' number. */
export async function startSession(options: StartSessionOptions): Promise<Result<number, string>> {
  const { sessions, spec, accounts, tools, directory, network } = options
  const { containerId, sandbox, task } = spec
  const tty = task.container?.ttyInfo
  const environment = {
    ...(tty === undefined ? NOT_REMOTE : {}),
    ...spec.environment,
    [SESSION_VARIABLE]: containerId,
  }
  const descriptor = SCRIPT_DESCRIPTOR
  const start = await taskStart({
    spec: { ...spec, environment },
    command: task.command ?? {},
    accounts,
    tools,
    cgroups: options.cgroups,
    streams:
      tty === undefined
        ? { kind: "pipes", descriptor }
        : { kind: "terminal", descriptor, size: tty.windowSize },
  })
  if (!start.ok) return start
  const { argv } = start.value
  using script = openNameless(directory, start.value.script)
  const { pid } = await sessions.start({
    containerId,
    argv: network === undefined ? argv : ["nsenter", `--net=${network}`, ...argv],
    directory: sandbox,
    environment: CLEAN_ENVIRONMENT,
    terminal: tty !== undefined,
    proxied: false,
    script: script.fd,
  })
  return ok(pid)
}
