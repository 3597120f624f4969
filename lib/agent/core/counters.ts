import type { TaskState, TaskStatus, TaskStatusReason } from "#lib/mesos/index.ts"
import { isTerminal } from "./records.ts"

/** What an agent counts since it started. Source: apache/mesos: src/slave/metrics.cpp. */
export class Counters {
  launchErrors = 0
  invalidFrameworkMessages = 0
  validFrameworkMessages = 0
  statusUpdates = 0
  invalidStatusUpdates = 0
  executorsTerminated = 0
  readonly #ended = new Map<TaskState, number>()
  readonly #reasons = new Map<TaskStatusReason, number>()

  /** A status was reported. */
  reported({ state, reason }: Pick<TaskStatus, "state" | "reason">): void {
    this.statusUpdates++
    if (!isTerminal(state)) return
    this.#ended.set(state, this.ended(state) + 1)
    if (reason !== undefined) this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + 1)
  }

  /** How many tasks came to this terminal state. */
  ended(state: TaskState): number {
    return this.#ended.get(state) ?? 0
  }

  /** How many terminal states had each reason. */
  get reasons(): ReadonlyMap<TaskStatusReason, number> {
    return this.#reasons
  }
}
