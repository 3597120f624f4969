import type {
  ContainerExit,
  ContainerId,
  ContainerSpec,
  ContainerStreams,
} from "#lib/ports/index.ts"
import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import { childStatus, terminalStatus } from "#lib/io/host/wait-status.ts"
import { sessionMembers } from "./members.ts"
import type { ProcessIdentity } from "#lib/io/host/proc.ts"
import { readStat } from "#lib/io/host/proc.ts"
import type { ProcessSnapshots } from "./process-snapshots.ts"
import { CLEAN_ENVIRONMENT, openNameless } from "./spawn-task.ts"
import type { TaskStart } from "./spawn-task.ts"
import { mergeOutput } from "./streams.ts"
import { resizeTerminal } from "./terminals.ts"

/** The descriptor on which a debug container's shell finds its script. */
export const SCRIPT_DESCRIPTOR = 3

/** After the end of its first process, how long a container's last output may take to come. */
const DRAIN_MS = 1000

/** Rounds of killing; each kills all there are, so only what forks faster needs many. */
const KILL_ROUNDS = 20

/** What starting and ending debug containers needs. */
export type DebugContainersOptions = {
  readonly snapshots: ProcessSnapshots
  /** Where a nameless file can be made. */
  readonly directory: string
  readonly stty: string | null
  readonly onExit: (containerId: ContainerId, exit: ContainerExit) => void
}

type Child = Bun.Subprocess<"pipe", "pipe", "pipe">

type Session = {
  readonly child: Child
  readonly leader: ProcessIdentity
  readonly name: ContainerId
  readonly terminal: boolean
  /** Whether a program between tells the end by a signal n as exit code 128 + n. */
  readonly proxied: boolean
  /** Resolves when nothing of the container is left that could write. */
  readonly over: Promise<void>
}

/**
 * Containers that run beside a task for one client: children of this process, tied to it by pipes, so
 * that they cannot outlive it unseen. A terminal is script(1)'s, whose own streams are pipes too: who
 * reads slowly holds the container back.
 */
export class DebugContainers {
  readonly #options: DebugContainersOptions
  readonly #sessions = new Map<ContainerId, Session>()

  constructor(options: DebugContainersOptions) {
    this.#options = options
  }

  /** Starts a container; rejects when the machine cannot. Returns its first process. */
  async start(spec: ContainerSpec, start: TaskStart): Promise<ProcessIdentity> {
    const { containerId, sandbox } = spec
    await using script = await openNameless(this.#options.directory, start.script)
    const child = Bun.spawn([...start.argv], {
      cwd: sandbox,
      env: CLEAN_ENVIRONMENT,
      detached: true,
      stdio: ["pipe", "pipe", "pipe", script.fd],
    })
    const leader = { pid: child.pid, startTime: readStat(child.pid)?.startTime ?? 0 }
    const terminal = spec.task.container?.ttyInfo !== undefined
    const proxied = terminal || start.proxied === true
    const session = { child, leader, name: containerId, terminal, proxied }
    const over = this.#follow(containerId, session)
    this.#sessions.set(containerId, { ...session, over })
    return leader
  }

  /** The streams of a container that was started here; it has one reader. */
  attach({ containerId }: ContainerSpec): Result<ContainerStreams, string> {
    const session = this.#sessions.get(containerId)
    if (session === undefined) return err("the container is gone")
    const { child, leader, terminal, over } = session
    const released = Promise.withResolvers<void>()
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
        if (!terminal) await child.stdin.end()
      },
      resize: (size) => {
        if (terminal) void resizeTerminal(leader.pid, size, this.#options.stty)
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
    if (signal === undefined) return this.#killAll(session)
    const table = await this.#options.snapshots.fresh()
    const [first] = sessionMembers(table, session).filter(
      (pid) => !session.terminal || pid !== session.leader.pid,
    )
    if (first !== undefined) send(first, signal)
  }

  /** Ends what is left and forgets the container. */
  async forget(containerId: ContainerId): Promise<void> {
    const session = this.#sessions.get(containerId)
    this.#sessions.delete(containerId)
    if (session !== undefined) await this.#killAll(session)
  }

  /** Forgets all; what runs ends with its pipes. */
  close(): void {
    const sessions = [...this.#sessions.values()]
    this.#sessions.clear()
    for (const { leader } of sessions) send(-leader.pid, "SIGKILL")
  }

  /** Ends everything of a container of an earlier life of the agent. */
  async sweep(containerId: ContainerId, leader: ProcessIdentity): Promise<void> {
    await this.#killAll({ leader, name: containerId })
  }

  async #follow(containerId: ContainerId, session: Omit<Session, "over">): Promise<void> {
    const { child, proxied } = session
    await child.exited
    const status = childStatus(child)
    await this.#killAll(session)
    if (this.#sessions.has(containerId))
      this.#options.onExit(containerId, { status: proxied ? terminalStatus(status) : status })
    await Bun.sleep(DRAIN_MS)
  }

  async #killAll(session: Pick<Session, "leader" | "name">): Promise<void> {
    for (let round = 0; round < KILL_ROUNDS; round++) {
      const members = sessionMembers(await this.#options.snapshots.fresh(), session)
      if (members.length === 0) return
      // Stopped first, so that none of them forks while the others die.
      for (const pid of members) send(pid, "SIGSTOP")
      for (const pid of members) send(pid, "SIGKILL")
    }
  }
}

async function write(child: Child, data: Uint8Array): Promise<void> {
  await child.stdin.write(data)
  await child.stdin.flush()
}

function send(pid: number, signal: NodeJS.Signals | number): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It ended meanwhile, or is another user's and the agent has no root: nothing more can be done.
  }
}
