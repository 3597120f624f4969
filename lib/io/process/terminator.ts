import type { ProcessSnapshots } from "#lib/io/host/process-snapshots.ts"
import { containerMembers } from "./members.ts"
import type { ContainerProcesses } from "./members.ts"
import { isAlive } from "#lib/io/host/proc.ts"
import type { ProcessTable } from "#lib/io/host/proc.ts"

/** Rounds of killing; each kills all there are, so only a container that forks faster needs many. */
const KILL_ROUNDS = 20

/** How long ended containers gather before one scan looks for what they left behind. */
const SWEEP_DELAY_MS = 100

/** A container as far as its end is concerned. */
export type Terminable = ContainerProcesses & {
  /** Whether its first process only holds the terminal of the others: it ends with them. */
  readonly held: boolean
  /** Members that only their cgroup tells. */
  readonly confined: () => readonly number[]
  /** Called when an ended container has been swept. */
  readonly onSwept: () => void
}

/** Signals the processes of containers, all of them, without touching their supervisors. */
export class Terminator {
  readonly #snapshots: ProcessSnapshots
  readonly #ended = new Set<Terminable>()
  #sweep: ReturnType<typeof setTimeout> | undefined

  constructor(snapshots: ProcessSnapshots) {
    this.#snapshots = snapshots
  }

  /** Sends SIGTERM to every process of the container, once. */
  async terminate(container: Terminable): Promise<void> {
    const { held, task } = container
    const table = await this.#snapshots.fresh()
    for (const pid of containerMembers(table, container, { escaped: false }))
      if (!held || pid !== task.pid) send(pid, "SIGTERM")
  }

  /** Sends a signal to the process that the container was launched for. */
  async signal({ held, task }: Terminable, signal: number): Promise<void> {
    if (!held) return isAlive(task) ? send(task.pid, signal) : undefined
    for (const { pid, ppid } of (await this.#snapshots.fresh()).values())
      if (ppid === task.pid) send(pid, signal)
  }

  /** Sends SIGKILL to every process of the container, until none is left or the rounds are used up. */
  async kill(container: Terminable): Promise<void> {
    for (let round = 0; round < KILL_ROUNDS; round++) {
      const table = await this.#snapshots.fresh()
      const members = allMembers(table, container)
      if (members.length === 0) return
      // Stopped first, so that none of them forks while the others die.
      for (const pid of members) send(pid, "SIGSTOP")
      for (const pid of members) send(pid, "SIGKILL")
    }
  }

  /** Soon kills what an ended container left behind, together with what others leave until then. */
  sweep(container: Terminable): void {
    this.#ended.add(container)
    this.#sweep ??= setTimeout(() => {
      this.#sweep = undefined
      const ended = [...this.#ended]
      this.#ended.clear()
      void this.#snapshots.fresh().then((table) => {
        for (const each of ended)
          if (allMembers(table, each).length === 0) each.onSwept()
          else void this.kill(each).then(each.onSwept)
      })
    }, SWEEP_DELAY_MS).unref()
  }

  /** Forgets what was to be swept. */
  close(): void {
    clearTimeout(this.#sweep)
    this.#ended.clear()
  }
}

const allMembers = (table: ProcessTable, container: Terminable): readonly number[] => [
  ...new Set([...containerMembers(table, container, { escaped: true }), ...container.confined()]),
]

/** Sends a signal to a process that may have ended. */
export function send(pid: number, signal: NodeJS.Signals | number): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It ended meanwhile, or is another user's and the agent has no root: nothing more can be done.
  }
}
