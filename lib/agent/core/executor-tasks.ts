import type { executor as v1, KillPolicy, TaskInfo, TaskStatus } from "#lib/mesos/index.ts"
import type { Counters } from "./counters.ts"
import {
  hasCapability,
  isQueued,
  isTerminal,
  type ExecutorRecord,
  type ExecutorVerdict,
  type KillRecord,
  type TaskRecord,
} from "./records.ts"
import type { Reports } from "./reports.ts"
import { containerStatus, type StatusChange } from "./statuses.ts"
import { say, type Turn } from "./turn.ts"
import type { ExecutorConnection } from "./types.ts"
import type { Workload } from "./workload.ts"

/**
 * Uuids of updates that are remembered for each task. An executor repeats only what it has not seen
 * acknowledged, which happens within moments.
 */
const RECEIVED_LIMIT = 64

/** What the tasks of custom executors need of the rest of the agent. */
export type ExecutorTasksParts = {
  readonly ip: string
  readonly counters: Counters
  readonly workload: Workload
  readonly reports: Reports
  /** How tasks that are killed while the agent drains end, if it does. */
  readonly draining: () => { readonly markGone: boolean } | undefined
}

/** How a task is killed by its executor. */
export type ExecutorKill = Pick<KillRecord, "cause" | "graceMs"> & {
  /** Told to the executor where the kill brings one; else that goes by the task's own. */
  readonly policy?: KillPolicy | undefined
}

/** The tasks of custom executors: delivered to them, killed by them, told of by them. */
export class ExecutorTasks {
  readonly #parts: ExecutorTasksParts
  /** Tasks that wait, as they came from the master: values of secrets are in no book. */
  readonly #arrived = new WeakMap<TaskRecord, TaskInfo>()

  constructor(parts: ExecutorTasksParts) {
    this.#parts = parts
  }

  /** Notes tasks as they came from the master, until they are delivered. */
  arrived({ tasks }: ExecutorRecord, arrived: readonly TaskInfo[]): void {
    for (const info of arrived) {
      const task = tasks.get(info.taskId)
      if (task !== undefined) this.#arrived.set(task, info)
    }
  }

  /** Sends the executor what waits for it; members of a group arrive together. */
  deliver(turn: Turn, executor: ExecutorRecord, connection: ExecutorConnection): void {
    const groups = new Map<number, TaskRecord[]>()
    for (const task of executor.tasks.values()) {
      if (!isQueued(task)) continue
      this.#parts.workload.setProgress(turn, task, { ...task.progress, delivered: true })
      const { group } = task.launch
      const members = group === undefined ? undefined : groups.get(group)
      if (members !== undefined) members.push(task)
      else if (group !== undefined) groups.set(group, [task])
      else send(turn, connection, { kind: "launch", task: this.#infoOf(task) })
    }
    for (const members of groups.values())
      send(turn, connection, {
        kind: "launchGroup",
        taskGroup: { tasks: members.map((task) => this.#infoOf(task)) },
      })
  }

  /** Takes an update of the executor over, unless it is known, and acknowledges it once it is stored. */
  update(
    turn: Turn,
    executor: ExecutorRecord,
    connection: ExecutorConnection | undefined,
    status: TaskStatus,
  ): void {
    const { taskId, uuid } = status
    if (uuid === undefined) return
    const task = executor.tasks.get(taskId)
    if (task === undefined) {
      this.#parts.counters.invalidStatusUpdates++
      const { executorId } = executor.launch.info
      say(turn, "warn", "ignores an update of a task that its executor does not run", {
        task: taskId,
        executor: executorId,
        state: status.state,
      })
    } else this.#take(turn, task, status, uuid)
    if (connection !== undefined) send(turn, connection, { kind: "acknowledged", taskId, uuid })
  }

  /**
   * The executor subscribed and has these tasks: what else it was sent never reached it.
   * Source: apache/mesos: src/slave/slave.cpp (subscribe).
   */
  dropUnknown(turn: Turn, executor: ExecutorRecord, known: readonly TaskStatus["taskId"][]): void {
    const has = new Set(known)
    const partitionAware = hasCapability(executor.framework.info, "PARTITION_AWARE")
    for (const task of executor.tasks.values()) {
      const { state, delivered } = task.progress
      if (state !== "TASK_STAGING" || !delivered || has.has(task.launch.info.taskId)) continue
      this.#parts.reports.report(turn, task, {
        state: partitionAware ? "TASK_DROPPED" : "TASK_LOST",
        source: "SOURCE_AGENT",
        reason: "REASON_AGENT_RESTARTED",
        message: "Task launched during agent restart",
      })
    }
  }

  /** Whether the executor was never sent a task, and will not be sent one. */
  hasNothing({ tasks, completedTasks }: ExecutorRecord): boolean {
    const all = [...tasks.values(), ...completedTasks]
    return !all.some((task) => task.progress.delivered || isQueued(task))
  }

  /** Whether tasks wait to be sent. */
  anyWaits({ tasks }: ExecutorRecord): boolean {
    return [...tasks.values()].some(isQueued)
  }

  /** Kills a task: one that the executor has not got yet ends here, with the rest of its group. */
  kill(
    turn: Turn,
    task: TaskRecord,
    kill: ExecutorKill,
    connection: ExecutorConnection | undefined,
  ): void {
    if (isTerminal(task.progress.state)) return
    if (isQueued(task)) return this.#killQueued(turn, task)
    const record: KillRecord = { ...kill, deadline: turn.now + kill.graceMs }
    this.#parts.workload.setProgress(turn, task, { ...task.progress, kill: record })
    if (connection !== undefined) sendKill(turn, connection, task, kill.policy)
  }

  /** Kills that the executor may not have heard of are sent again. */
  repeatKills(turn: Turn, executor: ExecutorRecord, connection: ExecutorConnection): void {
    for (const task of executor.tasks.values()) {
      const { kill, state } = task.progress
      if (kill !== undefined && !isTerminal(state)) sendKill(turn, connection, task, kill.policy)
    }
  }

  /** The executor is gone: tasks that it has left end with this. */
  endAll(turn: Turn, executor: ExecutorRecord, verdict: ExecutorVerdict): void {
    for (const task of executor.tasks.values())
      if (!isTerminal(task.progress.state))
        this.#parts.reports.report(turn, task, { source: "SOURCE_AGENT", ...verdict })
  }

  #infoOf(task: TaskRecord): TaskInfo {
    const info = this.#arrived.get(task) ?? task.launch.info
    this.#arrived.delete(task)
    return info
  }

  #take(turn: Turn, task: TaskRecord, status: TaskStatus, uuid: string): void {
    const { received = [], state } = task.progress
    if (received.includes(uuid) || isTerminal(state)) return
    const { reports } = this.#parts
    const whole: TaskStatus = {
      ...status,
      ...this.#drained(task, status),
      source: "SOURCE_EXECUTOR",
      agentId: reports.agentId,
      executorId: task.launch.executorId,
      timestamp: status.timestamp ?? turn.now / 1000,
      containerStatus: this.#containerOf(task, status),
    }
    const known = [...received, uuid].slice(-RECEIVED_LIMIT)
    reports.tell(turn, task, whole, { received: known, delivered: true })
  }

  /** What a kill while the agent drains adds to the executor's own status. */
  #drained(task: TaskRecord, { state }: TaskStatus): Partial<StatusChange> {
    const draining = this.#parts.draining()
    if (draining === undefined || (state !== "TASK_KILLING" && state !== "TASK_KILLED")) return {}
    const gone =
      state === "TASK_KILLED" &&
      draining.markGone &&
      hasCapability(task.executor.framework.info, "PARTITION_AWARE")
    return {
      reason: "REASON_AGENT_DRAINING",
      ...(gone ? { state: "TASK_GONE_BY_OPERATOR" as const } : {}),
    }
  }

  /** The executor may name a container of its own; what it leaves out is that of its process. */
  #containerOf({ executor }: TaskRecord, { containerStatus: told }: TaskStatus) {
    const { containerId } = executor.launch
    const own =
      executor.process?.containerStatus ?? containerStatus(containerId, this.#parts.ip, undefined)
    return { ...own, ...told }
  }

  #killQueued(turn: Turn, task: TaskRecord): void {
    const { group } = task.launch
    const members = [...task.executor.tasks.values()].filter(
      (each) => each === task || (group !== undefined && each.launch.group === group),
    )
    for (const member of members)
      if (!isTerminal(member.progress.state))
        this.#parts.reports.report(turn, member, {
          state: "TASK_KILLED",
          source: "SOURCE_AGENT",
          reason: "REASON_TASK_KILLED_DURING_LAUNCH",
          message:
            group === undefined
              ? "Killed before delivery to the executor"
              : "A task within the task group was killed before delivery to the executor",
        })
  }
}

function send(turn: Turn, connection: ExecutorConnection, event: v1.Event): void {
  turn.out.push({ kind: "executorEvent", connection, event })
}

function sendKill(
  turn: Turn,
  connection: ExecutorConnection,
  { launch }: TaskRecord,
  killPolicy: KillPolicy | undefined,
): void {
  const { taskId } = launch.info
  send(turn, connection, { kind: "kill", taskId, ...(killPolicy && { killPolicy }) })
}
