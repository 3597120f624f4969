import type { Duplex } from "node:stream"
import type Docker from "dockerode"
import type {
  ContainerExit,
  ContainerId,
  ContainerSpec,
  ContainerStreams,
} from "#lib/ports/index.ts"
import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import { isAlive, readStat } from "#lib/io/host/proc.ts"
import type { ProcessIdentity } from "#lib/io/host/proc.ts"
import type { ProcessSnapshots } from "#lib/io/host/process-snapshots.ts"
import { exitedStatus, terminalStatus } from "#lib/io/host/wait-status.ts"
import { endSession, SESSION_VARIABLE, sendSignal } from "#lib/io/sessions/members.ts"
import { SessionRecords } from "#lib/io/sessions/session-records.ts"
import { TerminalResizes } from "#lib/io/sessions/terminal-resizes.ts"
import { containerName } from "./create-options.ts"
import type { DockerDaemon } from "./daemon.ts"
import { readJoined, writeJoined } from "./duplex.ts"

/** How long the daemon may take to start a command. */
const START_DEADLINE_MS = 10_000

/** Between two looks at a command that starts, and at one that runs. */
const START_POLL_MS = 5
const END_POLL_MS = 50

/** After the end of its first process, how long the daemon may take to tell its exit code. */
const EXIT_DEADLINE_MS = 5000

/** What starting and ending debug containers needs. */
export type DockerSessionsOptions = {
  readonly daemon: DockerDaemon
  readonly snapshots: ProcessSnapshots
  /** Where they are written down. */
  readonly directory: string
  readonly onExit: (containerId: ContainerId, exit: ContainerExit) => void
}

type Session = {
  readonly name: ContainerId
  readonly exec: Docker.Exec
  readonly stream: Duplex
  readonly tty: boolean
  /** Unknown where the daemon's processes are not this machine's. */
  readonly leader: ProcessIdentity | undefined
}

/**
 * Containers that run inside a Docker container for one client: commands that the daemon runs there,
 * each on a connection of its own. The daemon has no call that ends one, but its processes are those
 * of this machine.
 */
export class DockerSessions {
  readonly #options: DockerSessionsOptions
  readonly #records: SessionRecords
  readonly #sessions = new Map<ContainerId, Session>()

  constructor(options: DockerSessionsOptions) {
    this.#options = options
    this.#records = new SessionRecords(options.directory)
  }

  /** Starts a command; the value is its first process' number. Rejects when the daemon refuses. */
  async start(spec: ContainerSpec): Promise<Result<number, string>> {
    const { containerId, parent, task } = spec
    const { value, arguments: given = [] } = task.command ?? {}
    if (parent === undefined) return err("a debug container needs a container to live in")
    if (value === undefined) return err("the command has no value")
    const tty = task.container?.ttyInfo
    const { rows, columns } = tty?.windowSize ?? {}
    const docker = await this.#options.daemon.client()
    const exec = await docker.getContainer(containerName(parent)).exec({
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
      Tty: tty !== undefined,
      ...(rows === undefined || columns === undefined ? {} : { ConsoleSize: [rows, columns] }),
      Cmd: (task.command?.shell ?? true) ? ["/bin/sh", "-c", value] : [value, ...given.slice(1)],
      Env: environmentOf(spec),
      ...(task.command?.user === undefined ? {} : { User: task.command.user }),
    })
    await this.#records.create(containerId)
    try {
      const stream = await exec.start({ hijack: true, stdin: true, Tty: tty !== undefined })
      const leader = await startedBy(exec)
      // Daemons before API 1.42 know no size that a terminal begins with.
      if (leader !== undefined && rows !== undefined && columns !== undefined)
        await exec.resize({ h: rows, w: columns }).catch(() => {})
      const session = { name: containerId, exec, stream, tty: tty !== undefined, leader }
      if (leader !== undefined) await this.#records.setLeader(containerId, leader.pid)
      this.#sessions.set(containerId, session)
      // Its end is told in a later turn than its start, however short it lives.
      void this.#follow(session)
      return ok(leader?.pid ?? 0)
    } catch (cause) {
      await this.#records.remove(containerId)
      throw cause
    }
  }

  /** The streams of a container that was started here; it has one reader. */
  attach(containerId: ContainerId): Result<ContainerStreams, string> {
    const session = this.#sessions.get(containerId)
    if (session === undefined) return err("the container is gone")
    const { exec, stream, tty } = session
    const resizes = new TerminalResizes(({ rows, columns }) => exec.resize({ h: rows, w: columns }))
    return ok({
      output: readJoined(stream, tty),
      write: (data) => writeJoined(stream, data),
      closeInput: () => {
        // A terminal has no end of file but the character that means it.
        if (!tty) stream.end()
        return Promise.resolve()
      },
      resize: (size) => {
        if (tty) resizes.set(size)
      },
      detach: () => void stream.destroy(),
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
    if (signal === undefined) return this.#endAll(session)
    if (session.leader !== undefined && isAlive(session.leader))
      sendSignal(session.leader.pid, signal)
  }

  /** Ends what is left and forgets the container. */
  async forget(containerId: ContainerId): Promise<void> {
    const session = this.#sessions.get(containerId)
    this.#sessions.delete(containerId)
    if (session !== undefined) await this.#endAll(session)
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

  /** Forgets all, and ends what runs. */
  close(): void {
    const sessions = [...this.#sessions.values()]
    this.#sessions.clear()
    for (const { leader, stream } of sessions) {
      stream.destroy()
      if (leader !== undefined && isAlive(leader)) sendSignal(-leader.pid, "SIGKILL")
    }
  }

  async #endAll({ name, leader, stream }: Session): Promise<void> {
    await endSession(this.#options.snapshots, { name, leader })
    // Where the processes are out of reach, some end when nobody is connected.
    if (leader === undefined) stream.destroy()
  }

  async #follow(session: Session): Promise<void> {
    const { name, leader, exec } = session
    while (leader === undefined ? await runs(exec) : isAlive(leader)) await Bun.sleep(END_POLL_MS)
    const exit = await this.#exitOf(session)
    await endSession(this.#options.snapshots, { name, leader })
    if (this.#sessions.has(name)) this.#options.onExit(name, exit)
  }

  async #exitOf({ exec }: Session): Promise<ContainerExit> {
    const deadline = performance.now() + EXIT_DEADLINE_MS
    try {
      for (;;) {
        const { Running: running, ExitCode: code } = await exec.inspect()
        if (!running && code !== null) return { status: terminalStatus(exitedStatus(code)) }
        if (performance.now() > deadline) return { message: LOST }
        await Bun.sleep(END_POLL_MS)
      }
    } catch {
      return { message: LOST }
    }
  }
}

const LOST = "the exit status of the command is lost: Docker does not tell it"

/** The first process of a command, once the daemon has started it; undefined when it has ended. */
async function startedBy(exec: Docker.Exec): Promise<ProcessIdentity | undefined> {
  const deadline = performance.now() + START_DEADLINE_MS
  for (;;) {
    const { Pid: pid, Running: running } = await exec.inspect()
    if (pid > 0) {
      const stat = readStat(pid)
      return stat === undefined ? undefined : { pid, startTime: stat.startTime }
    }
    if (!running || performance.now() > deadline) return undefined
    await Bun.sleep(START_POLL_MS)
  }
}

const runs = (exec: Docker.Exec): Promise<boolean> =>
  exec.inspect().then(
    ({ Running: running }) => running,
    () => false,
  )

/** What the command's environment has beyond its container's. */
const environmentOf = ({ containerId, task }: ContainerSpec): string[] => [
  ...(task.command?.environment?.variables ?? []).flatMap(({ name, value }) =>
    value === undefined ? [] : [`${name}=${value}`],
  ),
  `${SESSION_VARIABLE}=${containerId}`,
]
