import { readFile } from "node:fs/promises"
import type { ContainerSpec, TerminalSize } from "#lib/ports/index.ts"
import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import type { ProcessIdentity } from "#lib/io/host/proc.ts"
import { CLEAN_ENVIRONMENT, openNameless } from "#lib/io/process/spawn-task.ts"
import { SCRIPT_DESCRIPTOR, type ChildSessions } from "#lib/io/sessions/child-sessions.ts"
import { SESSION_VARIABLE } from "#lib/io/sessions/members.ts"
import { quote } from "#lib/io/process/task-script.ts"
import type { RuncTools } from "./conmon.ts"
import { encodeSpec } from "./encode-spec.ts"
import { execProcess } from "./exec-process.ts"
import type { OciSpec, OciUser } from "./oci.ts"
import type { RuncRecords } from "./records.ts"

/** What starting a debug container needs. */
export type SessionParts = {
  readonly tools: RuncTools
  readonly records: RuncRecords
  readonly sessions: ChildSessions
  /** Where a nameless file can be made. */
  readonly directory: string
  /** Numbers of an account of the machine; undefined when there is none. */
  readonly userOf: (name: string) => Promise<OciUser | undefined>
}

/**
 * Starts a debug container: a command in all namespaces and limits of its parent, through `runc exec`,
 * which stays between and tells of its end. A terminal is that of script(1), whose size runc follows.
 */
export async function startSession(
  { tools, records, sessions, directory, userOf }: SessionParts,
  spec: ContainerSpec,
): Promise<Result<ProcessIdentity, string>> {
  const { parent, task, user: account } = spec
  if (parent === undefined) return err("a debug container needs a container to live in")
  const user = account === undefined || account === "" ? undefined : await userOf(account)
  if (user === undefined && account !== undefined && account !== "")
    return err(`user '${account}' does not exist on the agent: create it, or name another user`)
  const config = JSON.parse(
    await readFile(`${records.bundle(parent)}/config.json`, "utf8"),
  ) as OciSpec
  const tty = task.container?.ttyInfo
  const process = execProcess(config.process, {
    command: task.command ?? {},
    user,
    environment: { [SESSION_VARIABLE]: spec.containerId },
    terminal: tty !== undefined,
  })
  if (!process.ok) return process
  const general = ["--root", records.stateDir, "--log", "/dev/null"]
  const name = spec.containerId.slice(spec.containerId.lastIndexOf(".") + 1)
  const pidFile = `${records.bundle(parent)}/session.${name}.pid`
  const script = ["--process", `/proc/self/fd/${SCRIPT_DESCRIPTOR}`]
  const exec = ["exec", "--pid-file", pidFile, ...script, parent]
  const argv = [tools.runc, ...general, ...exec]
  using opened = openNameless(directory, encodeSpec(process.value))
  const leader = await sessions.start({
    containerId: spec.containerId,
    argv: tty === undefined ? argv : inTerminal(argv, tty.windowSize),
    directory: spec.sandbox,
    environment: CLEAN_ENVIRONMENT,
    terminal: tty !== undefined,
    proxied: true,
    pidFile,
    script: opened.fd,
  })
  return ok(leader)
}

/** A command line in a terminal of that size. */
function inTerminal(argv: readonly string[], size: TerminalSize | undefined): readonly string[] {
  const sized = size === undefined ? "" : `stty rows ${size.rows} cols ${size.columns}; `
  const command = `${sized}exec ${argv.map(quote).join(" ")}`
  return ["script", "-q", "-e", "-E", "always", "-c", command, "/dev/null"]
}
