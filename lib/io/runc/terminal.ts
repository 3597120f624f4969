import { existsSync } from "node:fs"
import { mkdir, open } from "node:fs/promises"
import type { ContainerId, ContainerStreams, TerminalSize } from "#lib/ports/index.ts"
import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import { isAlive, readStat } from "#lib/io/host/proc.ts"
import { quote } from "#lib/io/process/task-script.ts"
import { CLEAN_ENVIRONMENT } from "#lib/io/process/spawn-task.ts"
import { attachTerminal } from "#lib/io/sessions/task-terminal.ts"
import { resizeTerminal } from "#lib/io/sessions/terminals.ts"
import type { RuncTools } from "./conmon.ts"
import type { RuncRecords } from "./records.ts"

/** How long a container may take to run. */
const START_DEADLINE_MS = 10_000
const START_POLL_MS = 5

/** What starting a container with a terminal needs. */
export type TerminalOptions = {
  readonly tools: RuncTools
  readonly records: RuncRecords
  readonly containerId: ContainerId
  readonly size: TerminalSize | undefined
  /** Descriptors of the sandbox's logs. */
  readonly stdout: number
  readonly stderr: number
}

/**
 * Starts a container with a terminal and waits until it runs; the value is the pid of its first process.
 * conmon gives the other end of a terminal to those only who speak over sockets of packets, so it is
 * held as that of a task without a container: by script(1), whose keyboard is a FIFO and whose screen
 * the log, under a shell that outlives the agent. runc stays between.
 */
export async function startInTerminal(options: TerminalOptions): Promise<Result<number, string>> {
  const { tools, records, containerId, size, stdout, stderr } = options
  const place = records.terminal(containerId)
  const bundle = records.bundle(containerId)
  await mkdir(place, { mode: 0o700 })
  const fifo = Bun.spawn(["mkfifo", "-m", "600", `${place}/input`], { stdio: NO_STREAMS })
  if ((await fifo.exited) !== 0) return err("its terminal's FIFO could not be made")
  const general = ["--root", records.stateDir, "--log", `${bundle}/runc.log`, "--log-format=json"]
  const run = ["run", "--bundle", bundle, "--pid-file", `${bundle}/pid`, containerId]
  const sized = size === undefined ? "" : `stty rows ${size.rows} cols ${size.columns}; `
  const command = `${sized}exec ${[tools.runc, ...general, ...run].map(quote).join(" ")}`
  const terminal = ["script", "-q", "-e", "-E", "always", "-c", command, "/dev/null"]
  await using nothing = await open("/dev/null")
  const supervise = ["/bin/sh", records.supervisorScript, place, records.endedFile(containerId), ""]
  const heed = ["env", "--default-signal=INT,QUIT"]
  const child = Bun.spawn([...supervise, "setsid", ...heed, ...terminal], {
    cwd: bundle,
    env: CLEAN_ENVIRONMENT,
    detached: true,
    stdio: ["ignore", "ignore", stderr, stdout, stderr, nothing.fd],
  })
  child.unref()
  const supervisor = readStat(child.pid)
  const deadline = performance.now() + START_DEADLINE_MS
  for (;;) {
    const over = supervisor === undefined || !isAlive(supervisor)
    const pid = await records.pid(containerId)
    if (pid !== undefined) return ok(pid)
    if (over || existsSync(records.endedFile(containerId))) return err("it ended at once")
    if (performance.now() > deadline) return err("it did not start in time")
    await Bun.sleep(START_POLL_MS)
  }
}

/** Attaches to the terminal of a container that runs; the error says why that cannot be. */
export async function attachToTerminal(options: {
  readonly records: RuncRecords
  readonly containerId: ContainerId
  readonly sandbox: string
  readonly stty: string | null
  /** Resolves when the container has ended. */
  readonly ended: Promise<void>
}): Promise<Result<ContainerStreams, string>> {
  const { records, containerId, sandbox, stty, ended } = options
  const script = await records.terminalHolder(containerId)
  if (script === undefined) return err("the container has no terminal to attach to")
  return ok(
    await attachTerminal({
      input: `${records.terminal(containerId)}/input`,
      output: `${sandbox}/stdout`,
      resize: (size) => resizeTerminal(script, size, stty),
      ended,
    }),
  )
}

const NO_STREAMS: ["ignore", "ignore", "ignore"] = ["ignore", "ignore", "ignore"]
