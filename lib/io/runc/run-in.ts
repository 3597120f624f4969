import { readFile, rm } from "node:fs/promises"
import type { CommandOutcome, CommandRequest, ContainerSpec } from "#lib/ports/index.ts"
import { errorText } from "#lib/io/host/files.ts"
import { killSession } from "#lib/io/host/session.ts"
import { openNameless } from "#lib/io/process/spawn-task.ts"
import { Tail } from "#lib/io/host/tail.ts"
import { childStatus } from "#lib/io/host/wait-status.ts"
import type { RuncTools } from "./conmon.ts"
import { encodeSpec } from "./encode-spec.ts"
import { execProcess } from "./exec-process.ts"
import type { OciProcess, OciSpec } from "./oci.ts"
import type { RuncRecords } from "./records.ts"

/** How much of a command's output is kept for the message of a failed check. */
const OUTPUT_LIMIT = 1024

/** What runc exits with when it could not start the command at all. */
const RUNC_FAILED = 255

/** How long output that is still on its way is waited for once the command has ended. */
const OUTPUT_DEADLINE_MS = 100

/** Where runc reads what it is to run, which may hold secrets: from a file without a name. */
const INPUT = "/proc/self/fd/3"

let commands = 0

/** What `runInContainer` needs. */
export type RunInOptions = {
  readonly tools: RuncTools
  readonly records: RuncRecords
  readonly spec: ContainerSpec
  readonly request: CommandRequest
}

/** Runs a command in all namespaces of a container, as its first process was started. */
export async function runInContainer(options: RunInOptions): Promise<CommandOutcome> {
  const { tools, records, spec, request } = options
  const bundle = records.bundle(spec.containerId)
  const base = `${bundle}/command.${process.pid}.${commands++}`
  const [pidFile, log] = [`${base}.pid`, `${base}.log`]
  try {
    const { process: first } = JSON.parse(
      await readFile(`${bundle}/config.json`, "utf8"),
    ) as OciSpec
    const made = execProcess(withSecrets(first, spec), { command: request.command })
    if (!made.ok) return { kind: "failed", message: made.error }
    using file = openNameless(bundle, encodeSpec(made.value))
    const general = ["--root", records.stateDir, "--log", log]
    const exec = ["exec", "--process", INPUT, "--pid-file", pidFile, spec.containerId]
    const child = Bun.spawn([tools.runc, ...general, ...exec], {
      cwd: bundle,
      env: { GOMAXPROCS: "1", GOGC: "off" },
      stdio: ["ignore", "pipe", "pipe", file.fd],
    })
    const killAll = async (): Promise<void> => {
      const pid = Number(await readFile(pidFile, "utf8").catch(() => ""))
      if (pid > 0) killSession(pid)
      child.kill("SIGKILL")
    }
    let timedOut = false
    const timer =
      request.timeoutMs > 0
        ? setTimeout(() => {
            timedOut = true
            void killAll()
          }, request.timeoutMs)
        : undefined
    const abort = (): void => void killAll()
    request.signal?.addEventListener("abort", abort)
    const tail = new Tail(OUTPUT_LIMIT)
    const reading = [tail.follow(child.stdout), tail.follow(child.stderr)]
    await child.exited
    clearTimeout(timer)
    request.signal?.removeEventListener("abort", abort)
    await killAll()
    await Promise.race([Promise.all(reading), Bun.sleep(OUTPUT_DEADLINE_MS)])
    if (timedOut) return { kind: "timedOut" }
    const started = (await readFile(pidFile, "utf8").catch(() => "")) !== ""
    if (child.exitCode === RUNC_FAILED && !started)
      return { kind: "failed", message: tail.text().trim() }
    return { kind: "exited", status: childStatus(child), output: tail.text() }
  } catch (cause) {
    return { kind: "failed", message: errorText(cause) }
  } finally {
    for (const path of [pidFile, log]) await rm(path, { force: true })
  }
}

/** The first process with variables that are not kept with its container. */
function withSecrets(first: OciProcess, { environment }: ContainerSpec): OciProcess {
  const known = new Set(first.env.map((each) => each.slice(0, each.indexOf("="))))
  const more = Object.entries(environment).filter(([name]) => !known.has(name))
  return { ...first, env: [...first.env, ...more.map(([name, value]) => `${name}=${value}`)] }
}
