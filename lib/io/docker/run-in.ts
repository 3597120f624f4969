import { PassThrough } from "node:stream"
import type Docker from "dockerode"
import type { CommandOutcome, CommandRequest } from "#lib/ports/index.ts"
import { Tail } from "#lib/io/host/tail.ts"
import { readProcessTable, withDescendants } from "#lib/io/host/proc.ts"
import { exitedStatus } from "#lib/io/host/wait-status.ts"

/** How much of a command's output is kept for the message of a failed check. */
const OUTPUT_LIMIT = 1024

/** Runs a command in a running container, with the container's own environment and user. */
export async function runInContainer(
  docker: Docker,
  name: string,
  request: CommandRequest,
): Promise<CommandOutcome> {
  const { command, timeoutMs, signal } = request
  const { value, arguments: given = [] } = command
  if (value === undefined) return { kind: "failed", message: "the command has no value" }
  const exec = await docker.getContainer(name).exec({
    AttachStdout: true,
    AttachStderr: true,
    Cmd: (command.shell ?? true) ? ["/bin/sh", "-c", value] : [value, ...given],
    Env: (command.environment?.variables ?? []).flatMap((variable) =>
      variable.value === undefined ? [] : [`${variable.name}=${variable.value}`],
    ),
  })
  const stream = await exec.start({})
  const tail = new Tail(OUTPUT_LIMIT)
  const output = new PassThrough()
  output.on("data", (chunk: Uint8Array) => tail.write(chunk))
  docker.modem.demuxStream(stream, output, output)
  const ended = new Promise<"ended">((resolve) => {
    stream.on("end", () => resolve("ended"))
    stream.on("close", () => resolve("ended"))
    stream.on("error", () => resolve("ended"))
  })
  const late = new Promise<"late">((resolve) => {
    signal?.addEventListener("abort", () => resolve("late"), { once: true })
    if (timeoutMs > 0) void ended.then(() => clearTimeout(timer))
    const timer = timeoutMs > 0 ? setTimeout(() => resolve("late"), timeoutMs) : undefined
  })
  if ((await Promise.race([ended, late])) === "late") {
    await killExec(exec)
    stream.destroy()
    return { kind: "timedOut" }
  }
  const { ExitCode: code } = await exec.inspect()
  return { kind: "exited", status: exitedStatus(code ?? 0), output: tail.text() }
}

/**
 * Ends a command that takes too long, with all that it started. The daemon has no call for it, but on
 * this machine they have pids.
 */
async function killExec(exec: Docker.Exec): Promise<void> {
  const { Pid: root, Running: running } = await exec.inspect()
  if (!running || root <= 0) return
  for (const pid of withDescendants(readProcessTable(), new Set([root])))
    try {
      process.kill(pid, "SIGKILL")
    } catch {
      // It has ended. Without root, or with the daemon on another machine, it ends when it will.
    }
}
