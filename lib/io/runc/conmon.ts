import { existsSync, readFileSync, renameSync } from "node:fs"
import type { ContainerId } from "#lib/ports/index.ts"
import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import { errorCode } from "#lib/io/host/files.ts"

/** Programs that containers are run with. */
export type RuncTools = { readonly runc: string; readonly conmon: string }

/**
 * What conmon and runc run with. One thread and no garbage collection spare a program that lives for
 * 20 ms a third of its time.
 */
const ENVIRONMENT = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  GOMAXPROCS: "1",
  GOGC: "off",
  _OCI_SYNCPIPE: "3",
}

/** Turns stdout, which tells the agent about the launch, into descriptor 3, and 3 into stdout. */
const REDIRECT = `exec "$@" 4>&1 1>&3 3>&4 4>&-`

/** What a supervisor is started with. */
export type ConmonOptions = {
  readonly tools: RuncTools
  readonly containerId: ContainerId
  readonly bundle: string
  readonly stateDir: string
  /** More of conmon's arguments: the log, a terminal. */
  readonly more: readonly string[]
  /** Descriptors of what the container writes to; conmon keeps none of them. */
  readonly stdout: number
  readonly stderr: number
}

/** The command line of a supervisor. It makes the container, which then waits to be started. */
export const conmonArguments = (options: ConmonOptions): readonly string[] => {
  const { tools, containerId, bundle, stateDir } = options
  const values = {
    "api-version": "1",
    "log-level": "error",
    cid: containerId,
    cuuid: containerId,
    name: containerId,
    runtime: tools.runc,
    bundle,
    "container-pidfile": `${bundle}/pid`,
    "conmon-pidfile": `${bundle}/conmon.pid`,
  }
  const runc = [`--root=${stateDir}`, `--log=${bundle}/runc.log`, "--log-format=json"]
  return [
    tools.conmon,
    ...Object.entries(values).flatMap(([name, value]) => [`--${name}`, value]),
    ...runc.map((argument) => `--runtime-arg=${argument}`),
    ...options.more,
  ]
}

/**
 * Starts conmon, which leaves this process at once, and waits until runc has made the container, or
 * has failed to. The value is the pid of the container's first process.
 */
export async function startConmon(options: ConmonOptions): Promise<Result<number, string>> {
  const child = Bun.spawn(["/bin/sh", "-c", REDIRECT, "sh", ...conmonArguments(options)], {
    cwd: options.bundle,
    env: ENVIRONMENT,
    stdio: ["ignore", "pipe", options.stderr, options.stdout],
  })
  child.unref()
  const reader = child.stdout.getReader()
  let text = ""
  // conmon keeps the pipe open, so its message ends at the line's end.
  while (!text.includes("\n")) {
    const { value, done } = await reader.read()
    if (done) break
    text += new TextDecoder().decode(value)
  }
  await reader.cancel()
  const { data, message } = parseMessage(text)
  if (data === undefined) return err("its supervisor ended at once")
  return data > 0 ? ok(data) : err(message ?? "")
}

function parseMessage(text: string): { readonly data?: number; readonly message?: string } {
  try {
    return JSON.parse(text) as { readonly data?: number; readonly message?: string }
  } catch {
    return {}
  }
}

/** How long a container that was made may take to start, in seconds. */
const START_DEADLINE_S = 10
const START_POLL_MS = 5
const READER_PATIENCE_MS = 500
const EXEC_POLL_MS = 1

/** The named pipe from which its first process hears that it may start, and its name once it may. */
const startFifo = (stateDir: string, containerId: ContainerId): string =>
  `${stateDir}/${containerId}/exec.fifo`
const claimedFifo = (stateDir: string, containerId: ContainerId): string =>
  `${startFifo(stateDir, containerId)}.claimed`

/**
 * Decides that a container which was made is to run, or, where `never` is set, that it is not. One
 * decision counts, whoever makes it and whatever becomes of them afterwards; false when it was another.
 */
export function decideStart(
  stateDir: string,
  containerId: ContainerId,
  { never }: { readonly never: boolean },
): boolean {
  const fifo = startFifo(stateDir, containerId)
  try {
    renameSync(fifo, never ? `${fifo}.never` : claimedFifo(stateDir, containerId))
    return true
  } catch (cause) {
    if (errorCode(cause) === "ENOENT") return never && existsSync(`${fifo}.never`)
    throw cause
  }
}

/** The first process of a container, as it is made. */
export type FirstProcess = { readonly pid: number; isAlive(): boolean }

/**
 * Lets a container run, once that is decided: what `runc start` does, at a tenth of its cost. Its first
 * process writes a byte into a named pipe when somebody reads from it, and then becomes the task; it
 * would die of a reader that dies first, so that is a process which outlives the agent. Harmless when
 * repeated. Returns when the task's program runs: before, runc takes signals as its own.
 */
export async function startContainer(
  stateDir: string,
  containerId: ContainerId,
  first: FirstProcess,
): Promise<boolean> {
  const read = ["head", "-c", "1", claimedFifo(stateDir, containerId)]
  const reader = Bun.spawn(["timeout", "-s", "KILL", `${START_DEADLINE_S}`, ...read], {
    env: ENVIRONMENT,
    detached: true,
    stdio: ["ignore", "ignore", "ignore"],
  })
  while (reader.exitCode === null && first.isAlive())
    await Promise.race([reader.exited, Bun.sleep(START_POLL_MS)])
  // It has heard already of a process that ended after its start, and never will of another.
  const patience = setTimeout(() => reader.kill("SIGKILL"), READER_PATIENCE_MS)
  await reader.exited
  clearTimeout(patience)
  const deadline = performance.now() + START_DEADLINE_S * 1000
  while (isRunc(first.pid) && performance.now() < deadline) await Bun.sleep(EXEC_POLL_MS)
  return reader.exitCode === 0
}

/** Whether a process is still runc's, which prepares the container, and not yet the task. */
export function isRunc(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1").endsWith("runc\0init\0")
  } catch {
    return false
  }
}
