import type {
  CheckStatusInfo,
  ContainerStatus,
  ExecutorId,
  ExecutorInfo,
  FrameworkId,
  FrameworkInfo,
  KillPolicy,
  TaskId,
  TaskInfo,
  TaskState,
  TaskStatus,
  TaskStatusReason,
} from "#lib/mesos/index.ts"
import type { ContainerExit, ContainerId, ContainerSpec } from "#lib/ports/index.ts"
import { must } from "#lib/std/assert.ts"
import type { Termination } from "./nested/calls.ts"
import type { SandboxLink } from "./types.ts"

/** Why a task is being killed; decides the terminal status. */
export type KillCause =
  | "requested"
  | "unhealthy"
  | "maxCompletionTime"
  | "launchTimeout"
  /** Another member of its group failed or was killed. */
  | "group"
  | "executorShutdown"
  /** The framework is gone: nobody hears of the end. */
  | "frameworkShutdown"
  | "agentShutdown"
  | "drain"
  /** It took more of something than it may; `KillRecord.limitation` says what. */
  | "limitation"

/** A kill under way. Stored, so that a restarted agent carries on with it. */
export type KillRecord = {
  readonly cause: KillCause
  readonly graceMs: number
  /** When SIGKILL follows, in milliseconds since the epoch. */
  readonly deadline: number
  /** The policy of the kill, which an executor that kills the task itself is told. */
  readonly policy?: KillPolicy | undefined
  /** Set exactly where the cause is "limitation". */
  readonly limitation?: Limitation | undefined
}

/** What a container took too much of, as its terminal status says it. */
export type Limitation = NonNullable<ContainerExit["limitation"]>

/** What a health check has found so far. */
export type HealthRecord = {
  /** Undefined before the first success and the first failure that counts. */
  readonly healthy?: boolean | undefined
  /** Whether any check has succeeded yet; before that, failures within the grace period do not count. */
  readonly succeeded: boolean
  readonly consecutiveFailures: number
}

/** What is decided once, when a task arrives. Stored under its `taskKey`. */
export type TaskLaunch = {
  readonly frameworkId: FrameworkId
  readonly executorId: ExecutorId
  /** Container of the executor; the task's own where the task is its executor. */
  readonly executorContainerId: ContainerId
  readonly info: TaskInfo
  /** A container of its own; absent where a custom executor runs the task. */
  readonly spec?: ContainerSpec | undefined
  readonly directories: readonly string[]
  readonly links: readonly SandboxLink[]
  /** Tasks of one group share this number; absent for a task of its own. */
  readonly group?: number | undefined
  /** When the master accepted the launch: tells a repeated message from a reused task id. */
  readonly acceptedAt: number
  /** Position among all that this agent ever ran. */
  readonly order: number
}

/** What happens to a task. Stored under its `taskKey`, replaced as a whole. */
export type TaskProgress = {
  readonly key: TaskKey
  readonly state: TaskState
  /** The newest status of each run of equal states, oldest first. */
  readonly statuses: readonly TaskStatus[]
  readonly containerStatus?: ContainerStatus | undefined
  /** When the container was seen running, in milliseconds since the epoch. */
  readonly startedAt?: number | undefined
  readonly kill?: KillRecord | undefined
  readonly health?: HealthRecord | undefined
  readonly checkStatus?: CheckStatusInfo | undefined
  /** Whether its custom executor was sent it. */
  readonly delivered?: true | undefined
  /** Uuids of the newest updates that its custom executor sent, to know repeats. */
  readonly received?: readonly string[] | undefined
  /** How its container ended; those who wait for containers are told. */
  readonly end?: Termination | undefined
  /** When its terminal status was acknowledged; it is history then. */
  readonly completedAt?: number | undefined
}

/** Names a task in the books: its own container, or its executor's and its place among all tasks. */
export type TaskKey = string & { readonly brand: "TaskKey" }

/** The key of a task. */
export function taskKey({
  spec,
  executorContainerId,
  order,
}: Pick<TaskLaunch, "spec" | "executorContainerId" | "order">): TaskKey {
  return (spec?.containerId ?? `${executorContainerId}:${order}`) as TaskKey
}

/** The container of a task that has one of its own. */
export const containerOf = ({ launch }: TaskRecord): ContainerSpec =>
  must(launch.spec, `task ${launch.info.taskId} has a container of its own`)

/** A task, from its arrival until it leaves the history. */
export type TaskRecord = {
  readonly launch: TaskLaunch
  progress: TaskProgress
  readonly executor: ExecutorRecord
}

/** What is decided once for an executor. Stored under its container's id. */
export type ExecutorLaunch = {
  readonly frameworkId: FrameworkId
  readonly info: ExecutorInfo
  /**
   * "command": made up for one task that brings only a command. "default": runs task groups. Both are
   * books only. "custom": a process of its own that speaks the executor API.
   */
  readonly kind: "command" | "default" | "custom"
  readonly containerId: ContainerId
  /** Set exactly for custom ones. */
  readonly process?: ExecutorProcess | undefined
  /** Its sandbox on this machine. */
  readonly directory: string
  readonly order: number
}

/** How the process of a custom executor is started. */
export type ExecutorProcess = {
  readonly spec: ContainerSpec
  readonly directories: readonly string[]
  readonly links: readonly SandboxLink[]
}

/** What happens to the process of a custom executor. Stored with the executor, replaced as a whole. */
export type ExecutorProgress = {
  /** "ending": asked to end, or being killed. "ended": its container is gone. */
  readonly phase: "starting" | "running" | "ending" | "ended"
  readonly containerStatus?: ContainerStatus | undefined
  /** When the container was seen running, in milliseconds since the epoch. */
  readonly startedAt?: number | undefined
  /** When SIGKILL follows, while ending. */
  readonly deadline?: number | undefined
  /** What tasks that it still has end with, where the agent ended it. */
  readonly verdict?: ExecutorVerdict | undefined
}

/** The terminal status of the tasks of an executor that the agent ended. */
export type ExecutorVerdict = Pick<TaskStatus, "state" | "limitation"> & {
  readonly reason: TaskStatusReason
  readonly message: string
}

/** An executor. Those built into the agent are books rather than a process. */
export type ExecutorRecord = {
  readonly launch: ExecutorLaunch
  /** Set exactly for custom ones. */
  process: ExecutorProgress | undefined
  readonly framework: FrameworkRecord
  /** Tasks that are not terminal, or whose terminal status is not acknowledged. */
  readonly tasks: Map<TaskId, TaskRecord>
  /** Tasks that are history, oldest first. */
  readonly completedTasks: TaskRecord[]
  completedAt: number | undefined
}

/** Whether the task waits: for its container, or for its executor to be sent it. */
export const isQueued = ({ progress }: TaskRecord): boolean =>
  progress.state === "TASK_STAGING" && !progress.delivered

/** Whether the executor has a process that has not ended. */
export const lives = ({ process }: ExecutorRecord): boolean =>
  process !== undefined && process.phase !== "ended"

/** A framework that has, or had, executors here. */
export type FrameworkRecord = {
  readonly id: FrameworkId
  readonly order: number
  info: FrameworkInfo
  /** Set when the master ended it: its tasks are being killed, and nothing is reported. */
  terminating: boolean
  readonly executors: Map<ExecutorId, ExecutorRecord>
  /** Executors that are history, oldest first. */
  readonly completedExecutors: ExecutorRecord[]
  /** When its last executor ended; history while set. */
  idleSince: number | undefined
}

const TERMINAL: ReadonlySet<TaskState> = new Set<TaskState>([
  "TASK_FINISHED",
  "TASK_FAILED",
  "TASK_KILLED",
  "TASK_ERROR",
  "TASK_LOST",
  "TASK_DROPPED",
  "TASK_GONE",
  "TASK_GONE_BY_OPERATOR",
])

/** Whether a task in this state has ended for good. */
export const isTerminal = (state: TaskState): boolean => TERMINAL.has(state)

/** Whether the framework has the capability. */
export function hasCapability(
  framework: FrameworkInfo,
  capability: "PARTITION_AWARE" | "TASK_KILLING_STATE",
): boolean {
  return framework.capabilities?.some(({ type }) => type === capability) ?? false
}
