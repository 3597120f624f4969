import type {
  CommandInfo,
  ContainerInfo,
  ContainerStatus,
  ResourceStatistics,
  Resources,
  TaskInfo,
  TaskStatusReason,
} from "#lib/mesos/index.ts"
import type { Result } from "#lib/std/result.ts"

/** Names one container of an agent: a UUID, followed by ".<child>" per level of nesting. */
export type ContainerId = string & { readonly brand: "ContainerId" }

/** How a container ended. */
export type ContainerExit = {
  /** Wait status as waitpid(2) gives it (exit code << 8, or signal); undefined when it was lost. */
  readonly status?: number | undefined
  /** Set when the runtime ended the container, with the reason to report. */
  readonly limitation?:
    | { readonly reason: TaskStatusReason; readonly message: string; readonly resources: Resources }
    | undefined
  /** What the runtime knows beyond the status, for people: why a status was lost, for example. */
  readonly message?: string | undefined
}

/**
 * A directory or file of this machine that a container sees at a path of its own. The agent makes it
 * ready before the launch and lets it go after the container's end; a runtime only binds it,
 * recursively, in this order. A mount point below the sandbox is there already: an empty directory or
 * file, or, for runtimes without mount namespaces, a symbolic link to `source`. One in an image is the
 * runtime's to make, never through a link that leads out of the root.
 */
export type ContainerMount = {
  /** An absolute path on this machine without symbolic links; it exists. */
  readonly source: string
  /** As the container sees it: absolute, or relative to its sandbox; without "." and "..". */
  readonly target: string
  readonly kind: "directory" | "file"
  readonly readOnly: boolean
  /** Whether mounts made later below `source` show in the container, or in both; private by default. */
  readonly propagation?: "hostToContainer" | "bidirectional" | undefined
}

/** A GPU of this machine. */
export type Gpu = {
  /** As the driver's tools number it. */
  readonly index: number
  /** Its device is /dev/nvidia<minor>. */
  readonly minor: number
  /** Such as "GPU-1f0c...": names it on any machine. */
  readonly uuid: string
}

/** Everything a container runtime needs to start one container. Persisted, so it can be found again. */
export type ContainerSpec = {
  readonly containerId: ContainerId
  readonly runtime: "process" | "docker" | "runc"
  /** The container that this one lives in, whose sandbox or network it may share; of the same runtime. */
  readonly parent?: ContainerId | undefined
  /** Set on a container that runs wholly inside its parent: same namespaces, root and limits. */
  readonly debug?: true | undefined
  /**
   * The container of the executor whose member this is, where that executor is only in the books. What
   * it asks for is shared by its members: networks, and shared memory.
   */
  readonly groupContainer?: ContainerInfo | undefined
  /** A nested container that an operator made has the shape of a task whose id is its container's. */
  readonly task: TaskInfo
  /** The sandbox on the host, an absolute path that the driver creates. */
  readonly sandbox: string
  /** The account to run as, or undefined for the agent's own. */
  readonly user?: string | undefined
  /** The whole environment of the task, `CommandInfo.environment` included. */
  readonly environment: Readonly<Record<string, string>>
  /** The GPUs of the container, which nobody else has; it may use no others. */
  readonly gpus?: readonly Gpu[] | undefined
  /**
   * Of a member of a task group: what their executor, which is books only, has beside what its members
   * ask for. All of them may use it.
   */
  readonly shared?: Resources | undefined
  /**
   * Every volume of the container but Docker's own, host paths of `task.container.volumes` included: a
   * runtime does not read those. Given to `launch` only and never stored, as the secrets that `launch`
   * finds in `environment`.
   */
  readonly mounts?: readonly ContainerMount[] | undefined
}

/** A container that runs. */
export type ContainerStarted = {
  readonly status: ContainerStatus
  /** What `TaskStatus.data` carries: `docker inspect` as JSON for Docker containers. */
  readonly data?: string | undefined
}

/** Why a container did not start: the reason of the status update, and a text that names cause and remedy. */
export type ContainerFailure = { readonly reason: TaskStatusReason; readonly message: string }

/** A piece of what a container wrote. A container with a terminal writes all of it to stdout. */
export type ContainerOutput = { readonly stream: "stdout" | "stderr"; readonly data: Uint8Array }

/** The size of a terminal, in characters. */
export type TerminalSize = { readonly rows: number; readonly columns: number }

/** One party that reads and writes a container's standard streams. */
export interface ContainerStreams {
  /** What the container writes from the attachment on; ends when it closes its streams. */
  readonly output: AsyncIterable<ContainerOutput>
  /** Resolves when the container has taken the bytes; rejects when it reads no more. */
  write(data: Uint8Array): Promise<void>
  /** The container reads end of file next. */
  closeInput(): Promise<void>
  /** Resizes the terminal; without one nothing happens. */
  resize(size: TerminalSize): void
  /** Lets go; the container runs on. */
  detach(): void
}

/** What became of a container of an earlier life of the agent. */
export type ContainerRecovery =
  | { readonly kind: "running"; readonly started: ContainerStarted }
  | { readonly kind: "exited"; readonly exit: ContainerExit }
  /** No trace of it: it was never started, or its records are gone. */
  | { readonly kind: "unknown" }

/** What a command that was run inside a container came to. */
export type CommandOutcome =
  | {
      readonly kind: "exited"
      /** Wait status as waitpid(2) gives it. */
      readonly status: number
      /** The last KiB or so of stdout and stderr together. */
      readonly output: string
    }
  | { readonly kind: "timedOut" }
  | { readonly kind: "failed"; readonly message: string }

/** A command to run inside a container. */
export type CommandRequest = {
  readonly command: CommandInfo
  /** After this long the command is killed, with all it started; 0 means no limit. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

/**
 * A way of running tasks on this machine. Containers outlive the agent process: what `launch`
 * started is found again by `recover`. A launch that is refused is a value; a rejected promise is a
 * fault of the machine (disk full, no more processes), except in `launch`, which turns it into a failure.
 */
export interface ContainerRuntime {
  readonly name: ContainerSpec["runtime"]
  /** Whether containers can be run at all, and if not, why and what to do about it. */
  available(): Promise<Result<void, string>>
  /**
   * Starts a container in its sandbox, which exists and holds what was fetched. An abort before the
   * container runs ends in a failure and leaves nothing running. `onPrepared` is called once all that
   * the container is made from is there, its image above all, just before it is started; a runtime may
   * leave that out.
   */
  launch(
    spec: ContainerSpec,
    signal: AbortSignal,
    onPrepared?: () => void,
  ): Promise<Result<ContainerStarted, ContainerFailure>>
  /**
   * Gives a container that runs the limits that follow from `spec.task`, whose resources have changed;
   * memory that it may use is not taken from it. `mounts` are volumes beside those of its launch, which
   * it may have by now. Harmless when it has ended. Refused with a text for people. Absent where nothing
   * limits containers.
   */
  resize?(spec: ContainerSpec): Promise<Result<void, string>>
  /** Finds a container of an earlier life of the agent. A running one is watched from here on. */
  recover(spec: ContainerSpec): Promise<ContainerRecovery>
  /**
   * Names who hears of exits; set once, before any launch. Called at most once for each container
   * that `launch` started or `recover` found running, in any turn of the event loop after that.
   */
  onExit(listener: (containerId: ContainerId, exit: ContainerExit) => void): void
  /**
   * Signals the container: SIGTERM (or the stop signal of its image), or SIGKILL to everything in it
   * when `force`. Harmless when it has ended. The end is heard through `onExit`. A `signal` by number,
   * where one is given without `force`, is sent instead of SIGTERM, to the container's first process.
   */
  kill(
    containerId: ContainerId,
    options: { readonly force: boolean; readonly signal?: number | undefined },
  ): Promise<void>
  /** Removes the records of a container that has ended; the sandbox stays. Harmless when repeated. */
  forget(spec: ContainerSpec): Promise<void>
  /** Kills and forgets every container of this agent that is not in `known`; returns which. */
  removeOrphans(known: ReadonlySet<ContainerId>): Promise<readonly ContainerId[]>
  /**
   * Attaches to the standard streams of a container that runs. Refused, with a text for people, where
   * it has none to attach to.
   */
  attach(spec: ContainerSpec): Promise<Result<ContainerStreams, string>>
  /** Runs a command beside the task: same user, environment, sandbox and, if any, namespaces. */
  runIn(spec: ContainerSpec, request: CommandRequest): Promise<CommandOutcome>
  /** The address at which the container's ports answer from this machine: 127.0.0.1 on the host network. */
  address(spec: ContainerSpec): Promise<string>
  /**
   * The network namespace of the container, as a path that lives as long as it does; undefined where it
   * is the machine's, or cannot be entered. Absent where containers have none of their own.
   */
  network?(spec: ContainerSpec): Promise<string | undefined>
  /**
   * Containers that are found to use more than they may, where nothing but measuring keeps them within
   * their limits. They run on: whoever asks ends them. Absent where the kernel keeps all limits.
   */
  findExcesses?(): Promise<ReadonlyMap<ContainerId, NonNullable<ContainerExit["limitation"]>>>
  /**
   * The ports of TCP that the container's processes listen on in the network of the machine; none when it
   * has ended. Absent where that is not known.
   */
  listeningPorts?(spec: ContainerSpec): Promise<readonly number[]>
  /** What the container uses now; undefined when it has ended or cannot be measured. */
  statistics(spec: ContainerSpec): Promise<ResourceStatistics | undefined>
  /** Stops watching, leaves every container running. */
  close(): Promise<void>
}
