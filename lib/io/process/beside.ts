import type { CommandOutcome, CommandRequest, ContainerSpec } from "#lib/ports/index.ts"
import { errorText } from "#lib/io/host/files.ts"
import { Tail } from "#lib/io/host/tail.ts"
import { childStatus } from "#lib/io/host/wait-status.ts"
import { CLEAN_ENVIRONMENT, openNameless } from "./spawn-task.ts"
import type { TaskStart } from "./spawn-task.ts"

/** How much of a command's output is kept for the message of a failed check. */
const OUTPUT_LIMIT = 1024

/** What `runBeside` needs. */
export type BesideOptions = {
  readonly spec: ContainerSpec
  readonly request: CommandRequest
  readonly start: TaskStart
  /** Where a nameless file can be made. */
  readonly directory: string
}

/**
 * Runs a command with the user, environment, limits and sandbox of a task, in a session of its own.
 * What it started in that session ends with it.
 */
export async function runBeside(options: BesideOptions): Promise<CommandOutcome> {
  const { spec, request, start, directory } = options
  try {
    using script = openNameless(directory, start.script)
    const child = Bun.spawn([...start.argv], {
      cwd: spec.sandbox,
      env: CLEAN_ENVIRONMENT,
      detached: true,
      stdio: [script.fd, "pipe", "pipe"],
    })
    const killAll = (): void => {
      try {
        process.kill(-child.pid, "SIGKILL")
      } catch {
        // Nothing of its process group is left.
      }
    }
    let timedOut = false
    const timer =
      request.timeoutMs > 0
        ? setTimeout(() => {
            timedOut = true
            killAll()
          }, request.timeoutMs)
        : undefined
    request.signal?.addEventListener("abort", killAll)
    const tail = new Tail(OUTPUT_LIMIT)
    const reading = [tail.follow(child.stdout), tail.follow(child.stderr)]
    await child.exited
    clearTimeout(timer)
    request.signal?.removeEventListener("abort", killAll)
    killAll()
    await Promise.race([Promise.all(reading), Bun.sleep(100)])
    if (timedOut) return { kind: "timedOut" }
    return { kind: "exited", status: childStatus(child), output: tail.text() }
  } catch (cause) {
    return { kind: "failed", message: errorText(cause) }
  }
}
