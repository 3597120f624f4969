import type { FrameworkId, TaskId, TaskState, TaskStatus } from "#lib/mesos/index.ts"

/** States after which a task never changes again, as an agent or a master that knows says them. */
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

/** Whether a task in this state has ended. */
export const isTerminal = (state: TaskState): boolean => TERMINAL.has(state)

/** A task of a framework, by both ids. */
export const taskKey = (frameworkId: FrameworkId, taskId: TaskId): string =>
  `${frameworkId}/${taskId}`

/** What a container is told to have ended for whose memory was used up. */
export const OUT_OF_MEMORY = {
  reason: "REASON_CONTAINER_LIMITATION_MEMORY",
  message: "Memory limit exceeded",
  resources: [],
} as const

/** What really happened to one task, whoever knows of it. */
export type TaskTruth = {
  readonly frameworkId: FrameworkId
  readonly taskId: TaskId
  /** The node that ran its container, if one ever did. */
  node?: string | undefined
  running: boolean
  /** Its container ran and has ended; with which wait status, undefined when that was lost. */
  ended?:
    | {
        readonly status: number | undefined
        /** Whether its memory was used up; undefined for tasks of custom executors. */
        readonly limited?: boolean | undefined
        /** Set where its agent may never hear of it. */
        untold?: boolean
      }
    | undefined
  /** The terminal state that its agent told first. */
  told?: TaskState | undefined
  /** The terminal state that its framework heard first, and from whom. */
  heard?: Pick<TaskStatus, "state" | "source"> | undefined
  /** Whether the master told of its own accord that an operator has given its agent up. */
  vouched?: boolean
  /** Updates that its framework has seen, by uuid. */
  readonly seen: Set<string>
  /** Whether there is a reason to end it: its framework asks, or it belongs to a group. */
  killAsked: boolean
}

/** A task of which nothing is known yet. */
export const newTruth = (frameworkId: FrameworkId, taskId: TaskId): TaskTruth => ({
  frameworkId,
  taskId,
  running: false,
  seen: new Set(),
  killAsked: false,
})
