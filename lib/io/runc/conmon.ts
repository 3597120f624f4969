import { closeSync, constants, existsSync, openSync, readFileSync, readSync, rmSync } from "node:fs"
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

/** How long a container that was made may take to start. */
const START_DEADLINE_MS = 10_000

/** The named pipe from which its first process hears that it may start. */
const startFifo = (stateDir: string, containerId: ContainerId): string =>
  `${stateDir}/${containerId}/exec.fifo`

/** Whether a container was made but never told to start. */
export const waitsForStart = (stateDir: string, containerId: ContainerId): boolean =>
  existsSync(startFifo(stateDir, containerId))

/**
 * Lets a container run that was made: what `runc start` does, without the cost of a process. Its
 * first process writes one byte into a named pipe once somebody reads from it, and then becomes the
 * task. The pipe goes first, so that after a crash of the agent nobody starts the container again.
 * False when the process ended before, or was started already. Signals are the task's from then on:
 * runc would take them as its own.
 */
export async function startContainer(
  stateDir: string,
  containerId: ContainerId,
  first: { readonly pid: number; isAlive(): boolean },
): Promise<boolean> {
  const fifo = startFifo(stateDir, containerId)
  const { O_NONBLOCK, O_RDONLY } = constants
  let descriptor: number
  try {
    descriptor = openSync(fifo, O_RDONLY | O_NONBLOCK)
  } catch (cause) {
    if (errorCode(cause) === "ENOENT") return false
    throw cause
  }
  try {
    rmSync(fifo, { force: true })
    const deadline = performance.now() + START_DEADLINE_MS
    while (!hasByte(descriptor)) {
      if (!first.isAlive() || performance.now() > deadline) return false
      await Bun.sleep(1)
    }
    while (isRunc(first.pid) && performance.now() < deadline) await Bun.sleep(0)
    return true
  } finally {
    closeSync(descriptor)
  }
}

/** Whether a process is still runc's, which prepares the container, and not yet the task. */
function isRunc(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1").endsWith("runc\0init\0")
  } catch {
    return false
  }
}

function hasByte(descriptor: number): boolean {
  try {
    return readSync(descriptor, new Uint8Array(1), 0, 1, null) === 1
  } catch (cause) {
    if (errorCode(cause) === "EAGAIN") return false
    throw cause
  }
}
