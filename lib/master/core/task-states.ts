import type { TaskState } from "#lib/mesos/index.ts"

/** Whether a task in this state has ended for good. Source: apache/mesos: src/common/protobuf_utils.cpp. */
export function isTerminal(state: TaskState): boolean {
  switch (state) {
    case "TASK_FINISHED":
    case "TASK_FAILED":
    case "TASK_KILLED":
    case "TASK_ERROR":
    case "TASK_LOST":
    case "TASK_DROPPED":
    case "TASK_GONE":
    case "TASK_GONE_BY_OPERATOR":
      return true
    case "TASK_STAGING":
    case "TASK_STARTING":
    case "TASK_RUNNING":
    case "TASK_KILLING":
    case "TASK_UNREACHABLE":
    case "TASK_UNKNOWN":
      return false
    default:
      return state satisfies never
  }
}

/** How far a task has come: of two states the one with the higher rank is the newer, if they differ. */
const rankOf = (state: TaskState): number => {
  if (isTerminal(state)) return 3
  if (state === "TASK_RUNNING" || state === "TASK_KILLING") return 2
  return state === "TASK_STARTING" ? 1 : 0
}

/** Whether a task in state `known` was in `told` before: a late copy of an update says such things. */
export const isBefore = (told: TaskState, known: TaskState): boolean => rankOf(told) < rankOf(known)

/** States that only frameworks with PARTITION_AWARE hear; the others are told TASK_LOST. */
export type PartitionState =
  | "TASK_DROPPED"
  | "TASK_UNREACHABLE"
  | "TASK_GONE"
  | "TASK_GONE_BY_OPERATOR"
  | "TASK_UNKNOWN"

/** The state to tell a framework. */
export const stateFor = (
  framework: { readonly partitionAware: boolean },
  state: PartitionState,
): TaskState => (framework.partitionAware ? state : "TASK_LOST")
