import type { TaskStatus } from "#lib/mesos/index.ts"
import type { Condition } from "./records.ts"

const LOST_UNREACHABLE: readonly TaskStatus["reason"][] = [
  "REASON_AGENT_DISCONNECTED",
  "REASON_AGENT_REMOVED",
  "REASON_RECONCILIATION",
]

/** The condition that a status puts an instance in. Source: marathon-api reference, section 6.2. */
export function conditionOf(status: TaskStatus): Condition {
  switch (status.state) {
    case "TASK_STAGING":
      return "Staging"
    case "TASK_STARTING":
      return "Starting"
    case "TASK_RUNNING":
      return "Running"
    case "TASK_KILLING":
      return "Killing"
    case "TASK_FINISHED":
      return "Finished"
    case "TASK_FAILED":
      return "Failed"
    case "TASK_KILLED":
      return "Killed"
    case "TASK_ERROR":
      return "Error"
    case "TASK_DROPPED":
      return "Dropped"
    case "TASK_UNREACHABLE":
      return "Unreachable"
    case "TASK_GONE":
    case "TASK_GONE_BY_OPERATOR":
      return "Gone"
    case "TASK_UNKNOWN":
      return "Unknown"
    case "TASK_LOST":
      return conditionOfLost(status)
    default:
      return status.state satisfies never
  }
}

function conditionOfLost(status: TaskStatus): Condition {
  if (status.reason === "REASON_TASK_UNKNOWN") return "Unknown"
  if (status.message?.startsWith("Reconciliation: Task is unknown to the") === true)
    return "Unknown"
  return LOST_UNREACHABLE.includes(status.reason) ? "Unreachable" : "Gone"
}

const TERMINAL: ReadonlySet<Condition> = new Set<Condition>([
  "Error",
  "Failed",
  "Finished",
  "Killed",
  "Gone",
  "Dropped",
  "Unknown",
])

/** Whether the task has ended, as far as anyone will ever know. */
export const isTerminal = (condition: Condition): boolean => TERMINAL.has(condition)

/** Whether such an end makes the next launch wait longer. Source: section 6.3. */
export const countsAsFailure = (condition: Condition, status: TaskStatus): boolean =>
  status.reason !== "REASON_AGENT_DRAINING" &&
  ["Failed", "Error", "Dropped", "Gone", "Finished"].includes(condition)
