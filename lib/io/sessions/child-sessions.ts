import { readFile, rm } from "node:fs/promises"
import type { ContainerExit, ContainerId, ContainerStreams } from "#lib/ports/index.ts"
import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import { ifExists } from "#lib/io/host/files.ts"
import { isAlive, readStat } from "#lib/io/host/proc.ts"
import type { ProcessIdentity } from "#lib/io/host/proc.ts"
import type { ProcessSnapshots } from "#lib/io/host/process-snapshots.ts"
import { childStatus, terminalStatus } from "#lib/io/host/wait-status.ts"
import { endSession, firstMember, sendSignal } from "./members.ts"
import { SessionRecords } from "./session-records.ts"
import { mergeOutput } from "./streams.ts"
import { TerminalResizes } from "./terminal-resizes.ts"
import { resizeTerminal } from "./terminals.ts"

/** After the end of its first process, how long a container's last output may take to come. */
const DRAIN_MS = 1000

/** Between two looks at the first process of a container that another program runs. */
const FIRST_POLL_MS = 50

/** The descriptor on which a debug container's shell, or runc, finds what it runs. */
export const SCRIPT_DESCRIPTOR = 3

/** What starting and ending debug containers needs. */
export type ChildSessionsOptions = {
  readonly snapshots: ProcessSnapshots
  /** Where they are written down. */
  readonly directory: string
  readonly stty: string | null
  readonly onExit: (containerId: ContainerId, exit: ContainerExit) => void
}

/** How a debug container is started. Its processes carry its id in `SESSION_VARIABLE`. */
export type SessionStart = {
  readonly containerId: ContainerId
  readonly argv: readonly string[]
  readonly directory: string
  readonly environment: Readonly<Record<string, string>>
  /** Whether what is started is script(1), and the container in its terminal. */
  readonly terminal: boolean
  /** Whether what is started runs the container elsewhere, and tells a signal n as exit code 128 + n. */
  readonly proxied: boolean
  /** Where the program between writes the number of the container's first process, if there is one. */
  readonly pidFile?: string | undefined
  /** Open file that the child gets as `SCRIPT_DESCRIPTOR`. */
  readonly script?: number | undefined
}

type Child = Bun.Subprocess<"pipe", "pipe", "pipe">

type Session = {
  readonly start: SessionStart
  readonly child: Child
  readonly leader: ProcessIdentity
  readonly name: ContainerId
  /** Resolves when nothing of the container is left that could write. */
  readonly over: Promise<void>
}

/**
 * Containers that run beside a task for one client: children of this process, tied to it by pipes, so
 * that they cannot outlive it unseen. A terminal is script(1)'s, whose own streams are pipes too: who
 * reads slowly holds the container back.
 */
export class ChildSessions {
  readonly #options: ChildSessionsOptions
  readonly #records: SessionRecords
  readonly #sessions = new Map<ContainerId, Session>()

  constructor(options: ChildSessionsOptions) {
    this.#options = options
    this.#records = new SessionRecords(options.directory)
  }

  /** Starts a container; rejects when the machine cannot. Returns its first process. */
  async start(start: SessionStart): Promise<ProcessIdentity> {
    const { containerId } = start
    await this.#records.create(containerId)
    let child: Child | undefined
    try {
      child = spawn(start)
      const leader = { pid: child.pid, startTime: readStat(child.pid)?.startTime ?? 0 }
      await this.#records.setLeader(containerId, leader.pid)
      const session = { start, child, leader, name: containerId }
      // Its end is told in a later turn than its start, however short it lives.
      this.#sessions.set(containerId, { ...session, over: this.#follow(session) })
      return leader
    } catch (cause) {
      if (child !== undefined) sendSignal(-child.pid, "SIGKILL")
      await this.#records.remove(containerId)
      throw cause
    }
  }

  /** The streams of a container that was started here; it has one reader. */
  attach(containerId: ContainerId): Result<ContainerStreams, string> {
    const session = this.#sessions.get(containerId)
    if (session === undefined) return err("the container is gone")
    const { child, leader, over, start } = session
    const released = Promise.withResolvers<void>()
    const resizes = new TerminalResizes((size) =>
      resizeTerminal(leader.pid, size, this.#options.stty),
    )
    return ok({
      output: mergeOutput(
        [
          { stream: "stdout", bytes: child.stdout },
          { stream: "stderr", bytes: child.stderr },
        ],
        Promise.race([over, released.promise]),
      ),
      write: (data) => write(child, data),
      closeInput: async () => {
        // A terminal has no end of file but the character that means it.
        if (!start.terminal) await child.stdin.end()
      },
      resize: (size) => {
        if (start.terminal) resizes.set(size)
      },
      detach: () => released.resolve(),
    })
  }

  /** Whether the container was started here and is not forgotten. */
  has(containerId: ContainerId): boolean {
    return this.#sessions.has(containerId)
  }

  /** Ends everything in the container, or sends its first process a signal. */
  async signal(containerId: ContainerId, signal: number | undefined): Promise<void> {
    const session = this.#sessions.get(containerId)
    if (session === undefined) return
    if (signal === undefined) return endSession(this.#options.snapshots, session)
    const first = firstMember(await this.#options.snapshots.fresh(), session)
    if (first !== undefined) sendSignal(first, signal)
  }

  /** Ends what is left and forgets the container. */
  async forget(containerId: ContainerId): Promise<void> {
    const session = this.#sessions.get(containerId)
    this.#sessions.delete(containerId)
    if (session !== undefined) await endSession(this.#options.snapshots, session)
    await this.#records.remove(containerId)
  }

  /** Ends and forgets what an earlier life of the agent started; returns which. */
  async removeOrphans(known: ReadonlySet<ContainerId>): Promise<readonly ContainerId[]> {
    const found = await this.#records.list()
    const orphans = found.filter((id) => !known.has(id) && !this.has(id))
    for (const name of orphans) {
      const leader = await this.#records.leader(name)
      await endSession(this.#options.snapshots, { name, leader })
      await this.#records.remove(name)
    }
    return orphans
  }

  /** Forgets all; what runs ends with its pipes. */
  close(): void {
    const sessions = [...this.#sessions.values()]
    this.#sessions.clear()
    for (const { leader } of sessions) sendSignal(-leader.pid, "SIGKILL")
  }

  async #follow(session: Omit<Session, "over">): Promise<void> {
    const { child, name, start } = session
    if (start.pidFile !== undefined) await this.#endWithFirst(session, start.pidFile)
    await child.exited
    const status = childStatus(child)
    await endSession(this.#options.snapshots, session)
    const told = start.terminal || start.proxied ? terminalStatus(status) : status
    if (this.#sessions.has(name)) this.#options.onExit(name, { status: told })
    await Bun.sleep(DRAIN_MS)
  }

  /**
   * A container ends with its first process. What that leaves behind holds its output open, for which
   * the program between would wait.
   */
  async #endWithFirst({ child, name }: Omit<Session, "over">, pidFile: string): Promise<void> {
    const exited = child.exited.then(() => true)
    let first: ProcessIdentity | undefined
    do {
      first ??= await readIdentity(pidFile)
      if (first !== undefined && !isAlive(first)) {
        await endSession(this.#options.snapshots, { name, leader: first })
        break
      }
    } while (!(await Promise.race([exited, Bun.sleep(FIRST_POLL_MS)])))
    await rm(pidFile, { force: true })
  }
}

/** The process whose number a file holds, which may have ended; undefined until there is one. */
async function readIdentity(pidFile: string): Promise<ProcessIdentity | undefined> {
  const pid = Number(await ifExists(readFile(pidFile, "latin1")))
  return pid > 0 ? { pid, startTime: readStat(pid)?.startTime ?? 0 } : undefined
}

function spawn({ argv, directory, environment, script }: SessionStart): Child {
  return Bun.spawn<"pipe", "pipe", "pipe">([...argv], {
    cwd: directory,
    env: environment,
    detached: true,
    stdio: ["pipe", "pipe", "pipe", ...(script === undefined ? [] : [script])],
  })
}

async function write(child: Child, data: Uint8Array): Promise<void> {
  await child.stdin.write(data)
  await child.stdin.flush()
}
