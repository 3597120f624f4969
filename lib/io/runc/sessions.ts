import { readFile } from "node:fs/promises"
import type { ContainerSpec } from "#lib/ports/index.ts"
import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import type { ProcessIdentity } from "#lib/io/host/proc.ts"
import { SCRIPT_DESCRIPTOR } from "#lib/io/process/debug-containers.ts"
import type { DebugContainers } from "#lib/io/process/debug-containers.ts"
import { SESSION } from "#lib/io/process/members.ts"
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
  readonly debug: DebugContainers
  /** Numbers of an account of the machine; undefined when there is none. */
  readonly userOf: (name: string) => Promise<OciUser | undefined>
}

/**
 * Starts a debug container: a command in all namespaces and limits of its parent, through `runc exec`,
 * which stays between and tells of its end. A terminal is that of script(1), whose size runc follows.
 */
export async function startSession(
  { tools, records, debug, userOf }: SessionParts,
  spec: ContainerSpec,
): Promise<Result<ProcessIdentity, string>> {
  const { parent, task, user: name } = spec
  if (parent === undefined) return err("a debug container needs a container to live in")
  const user = name === undefined || name === "" ? undefined : await userOf(name)
  if (user === undefined && name !== undefined && name !== "")
    return err(`user '${name}' does not exist on the agent: create it, or name another user`)
  const config = JSON.parse(
    await readFile(`${records.bundle(parent)}/config.json`, "utf8"),
  ) as OciSpec
  const tty = task.container?.ttyInfo
  const process = execProcess(config.process, {
    command: task.command ?? {},
    user,
    environment: { [SESSION]: spec.containerId },
    terminal: tty !== undefined,
  })
  if (!process.ok) return process
  const log = `${records.bundle(spec.containerId)}/runc.log`
  const general = ["--root", records.stateDir, "--log", log]
  const exec = ["exec", "--process", `/proc/self/fd/${SCRIPT_DESCRIPTOR}`, parent]
  const argv = [tools.runc, ...general, ...exec]
  const script = encodeSpec(process.value)
  if (tty === undefined) return ok(await debug.start(spec, { argv, script, proxied: true }))
  const { rows, columns } = tty.windowSize ?? {}
  const size = rows === undefined ? "" : `stty rows ${rows} cols ${columns}; `
  const command = `${size}exec ${argv.map(quote).join(" ")}`
  const terminal = ["script", "-q", "-e", "-E", "always", "-c", command]
  return ok(await debug.start(spec, { argv: [...terminal, "/dev/null"], script, proxied: true }))
}
