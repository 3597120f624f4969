import type { AgentId, TaskStatus } from "#lib/mesos/index.ts"
import { must } from "#lib/std/assert.ts"
import type { TaskProgress, TaskRecord } from "./records.ts"
import type { StatusStreams } from "./status-streams.ts"
import { buildStatus, withStatus, type StatusChange } from "./statuses.ts"
import type { Turn } from "./turn.ts"
import type { Workload } from "./workload.ts"

/** What reporting needs of the rest of the agent. */
export type ReportsParts = {
  readonly streams: StatusStreams
  readonly workload: Workload
  readonly agentId: () => AgentId | undefined
  /** Heard after each status, for counting. */
  readonly onStatus: (status: Pick<TaskStatus, "state" | "reason">) => void
}

/** Changes the state of tasks, and tells their frameworks. */
export class Reports {
  readonly #parts: ReportsParts

  constructor(parts: ReportsParts) {
    this.#parts = parts
  }

  /** The id that the master gave the agent; an agent that runs tasks has one. */
  get agentId(): AgentId {
    return must(this.#parts.agentId(), "an agent that runs tasks has an id")
  }

  /** Reports a change that the agent saw, completed with all that every status says. */
  report(turn: Turn, task: TaskRecord, change: StatusChange): void {
    this.tell(turn, task, buildStatus(task, change, { agentId: this.agentId, now: turn.now }))
  }

  /** Reports a whole status, with what else changes of the task's progress at the same time. */
  tell(turn: Turn, task: TaskRecord, status: TaskStatus, change: Partial<TaskProgress> = {}): void {
    const { streams, workload } = this.#parts
    const { progress, executor, launch } = task
    const statuses = withStatus(progress.statuses, status)
    workload.setProgress(turn, task, { ...progress, ...change, state: status.state, statuses })
    this.#parts.onStatus(status)
    if (!executor.framework.terminating) streams.push(turn, launch.frameworkId, status)
  }
}
