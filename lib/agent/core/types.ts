import type {
  AgentId,
  AgentInfo,
  AgentToMaster,
  CheckInfo,
  CheckStatusInfo,
  ContainerStatus,
  executor,
  HealthCheck,
  MasterToAgent,
  TaskId,
  TaskStatus,
  TaskStatusReason,
} from "#lib/mesos/index.ts"
import type {
  ContainerExit,
  ContainerId,
  ContainerSpec,
  ExecutorClaims,
  Gpu,
} from "#lib/ports/index.ts"
import type { CallNumber, ContainerAnswer, ContainerCall } from "./nested/calls.ts"
import type { ReconfigurationPolicy } from "./compatibility.ts"
import type { Limitation } from "./records.ts"
import type { VolumeNeeds } from "./volumes.ts"
import type { BaseEffect, Wake } from "#lib/runtime/index.ts"

/** What an agent is told when it starts: who it is, where it works, and its limits and times. */
export type AgentOptions = {
  /** Hostname, port, resources, attributes and domain; the id comes from the master. */
  readonly info: AgentInfo
  /** The address other machines reach this one at; statuses carry it where a container has none. */
  readonly ip: string
  /** An absolute path without a trailing slash; sandboxes lie below it. */
  readonly workDir: string
  /** The running executable, offered to tasks as DCOS_EXECUTABLE. */
  readonly executable: string
  /** Four words of true randomness, new at each start; ids are drawn from them. */
  readonly seed: readonly [number, number, number, number]
  /** Runtimes that work on this machine. */
  readonly runtimes: ReadonlySet<ContainerSpec["runtime"]>
  /** How tasks without an image run: as processes ("posix"), or in containers of runc (`--launcher`). */
  readonly launcher?: "linux" | "posix" | undefined
  /** The GPUs that tasks may use (`--nvidia_gpu_devices`); none by default. */
  readonly gpus?: readonly Gpu[] | undefined
  /** Whether tasks run as the user that their framework names; needs root. */
  readonly switchUser: boolean
  /** Whether cpus that tasks ask for are a limit too (`--cgroups_enable_cfs`); no by default. */
  readonly enableCfs?: boolean | undefined
  /** The socket at which executors find the agent (`MESOS_DOMAIN_SOCKET`); none by default. */
  readonly domainSocket?: string | undefined
  /** Whether sandboxes of containers that API calls made are removed by age; no by default. */
  readonly gcCalledSandboxes?: boolean | undefined
  /** More variables for every task (`--executor_environment_variables`). */
  readonly taskEnvironment?: Readonly<Record<string, string>> | undefined
  /** Identifies this run of the machine's system; tasks of an earlier one have ended. */
  readonly bootId?: string | undefined
  /** Whether what is stored and cannot be read is an error (`--strict`, true). */
  readonly strict?: boolean | undefined
  /** Go on with the tasks of the last life, or end them and then this one (`--recover`, reconnect). */
  readonly recover?: "reconnect" | "cleanup" | undefined
  /** What may have changed since the last start (`--reconfiguration_policy`, equal). */
  readonly reconfigurationPolicy?: ReconfigurationPolicy | undefined
  /** Times and limits that differ from `DEFAULT_LIMITS`. */
  readonly limits?: Partial<AgentLimits> | undefined
}

/** Times (milliseconds) and counts that bound what the agent does and keeps. */
export type AgentLimits = {
  /** Most time between losing the master and registering again (`--registration_backoff_factor`). */
  readonly registrationBackoffMs: number
  /** A launch that takes longer, fetching and image pull included, fails. */
  readonly launchTimeoutMs: number
  /**
   * A custom executor that takes longer to subscribe, fetching and image pull included, is ended
   * (`--executor_registration_timeout`).
   */
  readonly executorRegistrationMs: number
  /** Between SIGTERM and SIGKILL where no kill policy says otherwise. */
  readonly killGraceMs: number
  /** How long an executor has to subscribe again after a restart (`--executor_reregistration_timeout`). */
  readonly executorReturnMs: number
  /** How long executors are told to wait for an agent that is away (`--recovery_timeout`). */
  readonly recoveryTimeoutMs: number
  /** How long tasks of an ended framework or executor have (`--executor_shutdown_grace_period`). */
  readonly shutdownGraceMs: number
  /** Age at which the sandbox of an ended executor goes, on an empty disk (`--gc_delay`). */
  readonly gcDelayMs: number
  /** Share of the disk that is kept free (`--gc_disk_headroom`). */
  readonly gcDiskHeadroom: number
  /** How often the disk is measured (`--disk_watch_interval`). */
  readonly diskWatchMs: number
  readonly completedFrameworks: number
  readonly completedExecutorsPerFramework: number
  readonly completedTasksPerExecutor: number
}

/** The agent's defaults: those of Mesos, but for the launch timeout, which DC/OS set to ten minutes. */
export const DEFAULT_LIMITS: AgentLimits = {
  registrationBackoffMs: 1_000,
  launchTimeoutMs: 600_000,
  executorRegistrationMs: 60_000,
  killGraceMs: 3_000,
  executorReturnMs: 2_000,
  recoveryTimeoutMs: 900_000,
  shutdownGraceMs: 5_000,
  gcDelayMs: 7 * 24 * 3_600_000,
  gcDiskHeadroom: 0.1,
  diskWatchMs: 60_000,
  completedFrameworks: 50,
  completedExecutorsPerFramework: 150,
  completedTasksPerExecutor: 200,
}

/** One entry of the store below "/agent/", as `Store.scan` gives it. */
export type StoreEntry = readonly [key: string, value: unknown]

/** Names one open stream of an executor's events, among all of one life of the agent. */
export type ExecutorConnection = number & { readonly brand: "ExecutorConnection" }

/** What the agent reacts to. */
export type AgentInput =
  | Wake
  /** The first input of a life: containers of the last one are looked for. */
  | { readonly kind: "start" }
  | { readonly kind: "linkOpened" }
  | { readonly kind: "linkClosed" }
  | { readonly kind: "message"; readonly message: MasterToAgent }
  /** All that a container is made from is there, and it is being started; not told of each. */
  | { readonly kind: "containerPrepared"; readonly containerId: ContainerId }
  | {
      readonly kind: "containerStarted"
      readonly containerId: ContainerId
      readonly status: ContainerStatus
      readonly data?: string | undefined
    }
  | {
      readonly kind: "containerFailed"
      readonly containerId: ContainerId
      readonly reason: TaskStatusReason
      readonly message: string
    }
  | {
      readonly kind: "containerExited"
      readonly containerId: ContainerId
      readonly exit: ContainerExit
    }
  /** A `resize` has ended; `error` says why it did not succeed. */
  | {
      readonly kind: "containerResized"
      readonly containerId: ContainerId
      readonly error?: string | undefined
    }
  /** A container that runs was found to take more than it may: it is ended for that. */
  | {
      readonly kind: "limitReached"
      readonly containerId: ContainerId
      readonly limitation: Limitation
    }
  /** A `recover` found no trace: the container never started, or its records are gone. */
  | { readonly kind: "containerUnknown"; readonly containerId: ContainerId }
  /** An executor has opened its stream of events; its container names it. */
  | {
      readonly kind: "executorSubscribed"
      readonly containerId: ContainerId
      readonly connection: ExecutorConnection
      readonly tasks: readonly TaskId[]
      readonly updates: readonly TaskStatus[]
    }
  | {
      readonly kind: "executorDisconnected"
      readonly containerId: ContainerId
      readonly connection: ExecutorConnection
    }
  | {
      readonly kind: "executorUpdate"
      readonly containerId: ContainerId
      readonly status: TaskStatus
    }
  | {
      readonly kind: "executorMessage"
      readonly containerId: ContainerId
      /** Base64. */
      readonly data: string
    }
  /** One finished health check of a task; `sequence` is that of its `probe` effect. */
  | {
      readonly kind: "healthResult"
      readonly containerId: ContainerId
      readonly sequence: number
      readonly healthy: boolean
      readonly message: string
    }
  /** One finished check of a task; `sequence` is that of its `probe` effect. */
  | {
      readonly kind: "checkResult"
      readonly containerId: ContainerId
      readonly sequence: number
      readonly status: CheckStatusInfo
    }
  /** A `removeSandbox` has ended: the path is gone, or `error` says why not. */
  | { readonly kind: "sandboxRemoved"; readonly path: string; readonly error?: string | undefined }
  /** A `removeVolume` has ended: the data is gone, or `error` says why not. */
  | { readonly kind: "volumeRemoved"; readonly path: string; readonly error?: string | undefined }
  /** The sandboxes of executors that are on disk; answers `findSandboxes`. */
  | { readonly kind: "sandboxesFound"; readonly paths: readonly string[] }
  /** Share of the work directory's file system in use, in [0, 1]; answers `measureDisk`. */
  | { readonly kind: "diskUsage"; readonly used: number }
  /** An API client asks something of a container: `answer`, sooner or later. */
  | {
      readonly kind: "containerCall"
      /** Larger than that of any call before in this life. */
      readonly call: CallNumber
      readonly request: ContainerCall
    }
  /**
   * The client of a call went away before it was answered, or the client of a session at any time, or
   * it has heard the end of the session's output.
   */
  | { readonly kind: "callGone"; readonly call: CallNumber }

/** A symbolic link to make: `link` is absolute, `target` relative to its directory or absolute. */
export type SandboxLink = { readonly link: string; readonly target: string }

/** What a probe asks of a container. */
export type ProbeRequest =
  | { readonly kind: "health"; readonly check: HealthCheck }
  | { readonly kind: "check"; readonly check: CheckInfo }

/** What the agent asks its driver to do, beyond the base effects. */
export type AgentEffect =
  | BaseEffect
  | { readonly kind: "send"; readonly message: AgentToMaster }
  /** Close the link to the master, if it is open, and open one anew. */
  | { readonly kind: "relink"; readonly reason: string }
  /**
   * Make the directories, the sandbox, the links and the volumes, fetch, start the container:
   * containerStarted or containerFailed. Holds secrets: neither stored nor logged.
   */
  | ({
      readonly kind: "launch"
      readonly spec: ContainerSpec
      /** Set where the container is that of a custom executor, which is given a proof of who it is. */
      readonly executor?: ExecutorClaims | undefined
      /** Directories around the sandbox that belong to the task's user too, outermost first. */
      readonly directories: readonly string[]
      readonly links: readonly SandboxLink[]
    } & Partial<VolumeNeeds>)
  /**
   * Give a container that runs the limits that follow from `spec.task`, and these volumes beside those
   * it has: containerResized.
   */
  | {
      readonly kind: "resize"
      readonly spec: ContainerSpec
      readonly volumes: VolumeNeeds["volumes"]
    }
  /** Find a container of an earlier life: containerStarted, containerExited or containerUnknown. */
  | { readonly kind: "recover"; readonly spec: ContainerSpec }
  /** End and forget every container of this agent that is not named. */
  | { readonly kind: "removeOrphans"; readonly known: readonly ContainerId[] }
  /** Send an executor an event; lost when its stream is closed. */
  | {
      readonly kind: "executorEvent"
      readonly connection: ExecutorConnection
      readonly event: executor.Event
    }
  /** Close a stream of an executor's events, once what was sent is written. */
  | { readonly kind: "closeExecutor"; readonly connection: ExecutorConnection }
  /**
   * Signal the container: SIGTERM, or another `signal` of that number, or SIGKILL to all in it when
   * `force`. Aborts a launch under way.
   */
  | {
      readonly kind: "kill"
      readonly containerId: ContainerId
      readonly force: boolean
      readonly signal?: number | undefined
    }
  /** Run one health check or check: healthResult or checkResult, within its timeout. */
  | {
      readonly kind: "probe"
      readonly containerId: ContainerId
      readonly spec: ContainerSpec
      readonly sequence: number
      readonly request: ProbeRequest
    }
  /** Abort the probes of the container; results that come all the same are ignored. */
  | { readonly kind: "stopProbes"; readonly containerId: ContainerId }
  /**
   * The container's records may go (pid and status files, the Docker container), and its volumes are
   * let go; its sandbox stays.
   */
  | { readonly kind: "forget"; readonly spec: ContainerSpec }
  /** Remove the run of an executor, or, when `only`, just this directory: `sandboxRemoved`. */
  | {
      readonly kind: "removeSandbox"
      readonly path: string
      readonly only?: true | undefined
    }
  /** Delete the data of a volume: `volumeRemoved`. Of a mount only what is in it goes. */
  | { readonly kind: "removeVolume"; readonly path: string; readonly isMount: boolean }
  /** Ask for a `sandboxesFound` input. */
  | { readonly kind: "findSandboxes" }
  /** Ask for a `diskUsage` input. */
  | { readonly kind: "measureDisk" }
  /** Tell the client of a call. */
  | { readonly kind: "answer"; readonly call: CallNumber; readonly answer: ContainerAnswer }
  /** The agent must end, saying `message`: the master refused it, or it may not continue. */
  /** End the process; `done` when that is no failure: what was asked for is done. */
  | { readonly kind: "exit"; readonly message: string; readonly done: boolean }

/** What a restarted agent finds of its own identity. */
export type AgentIdentity = {
  readonly agentId: AgentId
  readonly info: AgentInfo
  /** The run of the system in which the agent registered. */
  readonly bootId?: string | undefined
}
