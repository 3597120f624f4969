import type { TaskStatusReason } from "#lib/mesos/index.ts"
import type { ContainerExit, ContainerFailure } from "#lib/ports/index.ts"
import { describeWaitStatus, succeeded } from "./exit-status.ts"
import type { KillCause, TaskRecord } from "./records.ts"
import type { StatusChange } from "./statuses.ts"

/** How a task's container came to its end. */
export type ContainerEnd =
  | { readonly kind: "exited"; readonly exit: ContainerExit }
  | { readonly kind: "failed"; readonly failure: ContainerFailure }
  /** A kill overtook the launch: the container never ran. */
  | { readonly kind: "neverStarted" }

/**
 * The terminal status of a task whose container has ended. A limit that the runtime enforced comes
 * before the kill, the kill before the exit code.
 * Source: apache/mesos: src/launcher/executor.cpp (reaped), src/slave/slave.cpp (executorTerminated).
 */
export function terminalStatus(
  task: TaskRecord,
  end: ContainerEnd,
  markGone: boolean,
): StatusChange {
  const { kill, startedAt } = task.progress
  const exit = end.kind === "exited" ? end.exit : undefined
  const limitation = exit?.limitation ?? kill?.limitation
  if (limitation !== undefined) {
    const { reason, message, resources } = limitation
    const limits = { limitation: { resources } }
    return { state: "TASK_FAILED", source: "SOURCE_AGENT", reason, message, ...limits }
  }
  const message = exit === undefined ? undefined : describeExit(task, exit)
  if (kill !== undefined)
    return killedStatus(kill.cause, { message, started: startedAt !== undefined, markGone })
  if (end.kind === "failed") return { state: "TASK_FAILED", source: "SOURCE_AGENT", ...end.failure }
  if (exit?.status === undefined)
    return {
      state: "TASK_FAILED",
      source: "SOURCE_AGENT",
      reason: "REASON_EXECUTOR_TERMINATED",
      message: message ?? "The container was lost",
    }
  return { state: succeeded(exit.status) ? "TASK_FINISHED" : "TASK_FAILED", message }
}

function killedStatus(
  cause: KillCause,
  how: {
    readonly message: string | undefined
    readonly started: boolean
    readonly markGone: boolean
  },
): StatusChange {
  const text = how.message === undefined ? {} : { message: how.message }
  switch (cause) {
    case "maxCompletionTime":
      return {
        state: "TASK_FAILED",
        reason: "REASON_MAX_COMPLETION_TIME_REACHED",
        message: "The task ran longer than its max_completion_time",
      }
    case "launchTimeout":
      return {
        state: "TASK_FAILED",
        source: "SOURCE_AGENT",
        reason: "REASON_EXECUTOR_REGISTRATION_TIMEOUT",
        message: "The container did not start in time, fetching and image pull included",
      }
    case "unhealthy":
      return { state: "TASK_KILLED", healthy: false, ...text }
    case "drain":
      return {
        state: how.markGone ? "TASK_GONE_BY_OPERATOR" : "TASK_KILLED",
        reason: "REASON_AGENT_DRAINING",
        ...text,
      }
    case "limitation":
    case "requested":
    case "group":
    case "executorShutdown":
    case "frameworkShutdown":
    case "agentShutdown":
      return how.started ? { state: "TASK_KILLED", ...text } : KILLED_DURING_LAUNCH
    default:
      return cause satisfies never
  }
}

const REASON_DURING_LAUNCH: TaskStatusReason = "REASON_TASK_KILLED_DURING_LAUNCH"

const KILLED_DURING_LAUNCH: StatusChange = {
  state: "TASK_KILLED",
  source: "SOURCE_AGENT",
  reason: REASON_DURING_LAUNCH,
  message: "A kill overtook the launch of the task",
}

function describeExit(task: TaskRecord, exit: ContainerExit): string | undefined {
  if (exit.status === undefined) return exit.message
  const subject = task.launch.spec?.runtime === "docker" ? "Container" : "Command"
  const text = `${subject} ${describeWaitStatus(exit.status)}`
  return exit.message === undefined ? text : `${text}: ${exit.message}`
}
