import type {
  CheckStatusInfo,
  ContainerStatus,
  DurationInfo,
  KillPolicy,
  TaskInfo,
} from "#lib/mesos/index.ts"
import type { ContainerExit, ContainerFailure, ContainerId, LogFields } from "#lib/ports/index.ts"
import type { Termination } from "./nested/calls.ts"
import { terminationOf, terminationOfFailure } from "./nested/termination.ts"
import type { Counters } from "./counters.ts"
import { Checks, NO_HEALTH, weighHealth } from "./checks.ts"
import { launchOrder } from "./launch-order.ts"
import { terminalStatus, type ContainerEnd } from "./outcome.ts"
import {
  containerOf,
  hasCapability,
  isTerminal,
  taskKey,
  type Limitation,
  type KillCause,
  type KillRecord,
  type TaskProgress,
  type TaskRecord,
} from "./records.ts"
import type { Reports } from "./reports.ts"
import { sayEnded } from "./introduction.ts"
import { containerStatus, sameCheckStatus, type StatusChange } from "./statuses.ts"
import { say, type TimerKey, type Timers, type Turn } from "./turn.ts"
import type { AgentLimits } from "./types.ts"
import { cannotDelete, type VolumeRemovals } from "./volume-removals.ts"
import type { Workload } from "./workload.ts"

/** Between two SIGKILLs while a container does not end. Source: the Docker executor of Mesos. */
const KILL_RETRY_MS = 5_000

/** What the life of a container needs of the rest of the agent. */
export type ContainerParts = {
  readonly limits: AgentLimits
  readonly ip: string
  readonly workDir: string
  readonly timers: Timers
  readonly reports: Reports
  readonly workload: Workload
  readonly removals: VolumeRemovals
  readonly counters: Counters
  /** Heard when a container has ended, an executor's without a process of its own too. */
  readonly onContainerEnd: (turn: Turn, containerId: ContainerId, end: Termination) => void
}

/** What the life of a task needs of the rest of the agent. */
export type LifecycleParts = ContainerParts & {
  /** Whether tasks that drain are reported as gone for good. */
  readonly markGone: () => boolean
}

/**
 * The life of a task from the launch of its container to its terminal status: container events,
 * kills, checks and time limits become status updates.
 */
export class Lifecycle {
  readonly #parts: LifecycleParts
  readonly #checks: Checks
  /** Containers of an earlier life that the driver is looking for. */
  readonly #recovering = new Set<ContainerId>()
  /** Containers that wait for the data of a destroyed volume to go, with their tasks as they arrived. */
  readonly #held = new Map<ContainerId, TaskInfo | undefined>()

  constructor(parts: LifecycleParts) {
    this.#parts = parts
    this.#checks = new Checks(parts.timers)
  }

  /**
   * Hands the task's container to the driver. The group's members say TASK_STARTING before that.
   * `arrived` is the task with its secrets, where they are known.
   */
  launch(turn: Turn, task: TaskRecord, arrived?: TaskInfo): void {
    const { containerId } = containerOf(task)
    if (task.executor.launch.kind === "default" && task.progress.state === "TASK_STAGING")
      this.#report(turn, task, { state: "TASK_STARTING" })
    const at = turn.now + this.#parts.limits.launchTimeoutMs
    this.#parts.timers.set(timer("launch", containerId), at)
    this.#held.set(containerId, arrived)
    this.#handOver(turn, task)
  }

  /** Data of a destroyed volume is gone, or `error` says why not: tasks on a new volume waited for it. */
  volumeRemoved(turn: Turn, path: string, error: string | undefined): void {
    for (const containerId of this.#held.keys()) {
      const task = this.#parts.workload.taskOf(containerId)
      const volumes = task?.launch.info.resources ?? []
      if (task === undefined || !this.#parts.removals.concerns(path, volumes)) continue
      if (error === undefined) this.#handOver(turn, task)
      else this.failed(turn, containerId, cannotDelete(error))
    }
  }

  #handOver(turn: Turn, task: TaskRecord): void {
    if (this.#parts.removals.holdUp(turn, task.launch.info.resources ?? [])) return
    const { containerId } = containerOf(task)
    const arrived = this.#held.get(containerId)
    this.#held.delete(containerId)
    say(turn, "info", "launches a task", named(task))
    turn.out.push(launchOrder(this.#parts.workDir, task, arrived))
  }

  /** A new life of the agent begins: looks for the container of an earlier one. */
  recover(turn: Turn, task: TaskRecord): void {
    const spec = containerOf(task)
    this.#recovering.add(spec.containerId)
    turn.out.push({ kind: "recover", spec })
  }

  /** The task's container is being started, which its framework can hear while that goes on. */
  prepared(turn: Turn, containerId: ContainerId): void {
    const task = this.#parts.workload.taskOf(containerId)
    if (task?.progress.state !== "TASK_STAGING" || task.progress.kill !== undefined) return
    this.#report(turn, task, { state: "TASK_STARTING" })
  }

  started(
    turn: Turn,
    containerId: ContainerId,
    found: { readonly status: ContainerStatus; readonly data?: string | undefined },
  ): void {
    const task = this.#parts.workload.taskOf(containerId)
    if (task === undefined || isTerminal(task.progress.state)) {
      turn.out.push({ kind: "kill", containerId, force: true })
      return
    }
    const recovered = this.#recovering.delete(containerId)
    this.#parts.timers.clear(timer("launch", containerId))
    const { startedAt, kill } = task.progress
    if (startedAt !== undefined) {
      if (recovered) this.#resume(turn, task, startedAt)
      return
    }
    const status = containerStatus(containerId, this.#parts.ip, found.status)
    if (kill !== undefined) {
      // It outran the kill: it has not been reported as running, and never will be.
      this.#set(turn, task, { containerStatus: status })
      turn.out.push({ kind: "kill", containerId, force: true })
      this.#parts.timers.set(timer("kill", containerId), turn.now + KILL_RETRY_MS)
      return
    }
    this.#set(turn, task, { containerStatus: status, startedAt: turn.now })
    if (task.progress.state === "TASK_STAGING") this.#report(turn, task, { state: "TASK_STARTING" })
    const data = found.data === undefined ? {} : { data: found.data }
    this.#report(turn, task, { state: "TASK_RUNNING", ...data })
    this.#watch(turn, task, turn.now)
  }

  failed(turn: Turn, containerId: ContainerId, failure: ContainerFailure): void {
    const task = this.#parts.workload.taskOf(containerId)
    if (task !== undefined) this.#end(turn, task, { kind: "failed", failure })
  }

  exited(turn: Turn, containerId: ContainerId, exit: ContainerExit): void {
    const task = this.#parts.workload.taskOf(containerId)
    if (task !== undefined) this.#end(turn, task, { kind: "exited", exit })
  }

  /** The driver found no trace of the container: one that never ran is launched, another is lost. */
  unknown(turn: Turn, containerId: ContainerId): void {
    const task = this.#parts.workload.taskOf(containerId)
    if (task === undefined || !this.#recovering.delete(containerId)) return
    const { startedAt, kill } = task.progress
    if (startedAt !== undefined)
      this.#end(turn, task, { kind: "exited", exit: { message: LOST_MESSAGE } })
    else if (kill !== undefined) this.#end(turn, task, { kind: "neverStarted" })
    else this.launch(turn, task)
  }

  /**
   * Kills the task: SIGTERM now, SIGKILL after the grace; at once and for good when it is 0. Of later
   * kills only one that shortens the wait has an effect; members of a group ignore those too.
   */
  kill(
    turn: Turn,
    task: TaskRecord,
    how: {
      readonly cause: KillCause
      readonly limitation?: Limitation | undefined
      readonly graceMs: number
    },
  ): void {
    if (isTerminal(task.progress.state)) return
    const { containerId } = containerOf(task)
    const before = task.progress.kill
    const kill: KillRecord = { ...how, deadline: turn.now + how.graceMs }
    if (before !== undefined) {
      const deaf = task.executor.launch.kind === "default" && how.cause === "requested"
      if (deaf || kill.deadline >= before.deadline) return
      const { cause, limitation } = before
      this.#set(turn, task, { kill: { ...kill, cause, limitation } })
      this.#signal(turn, task, how.graceMs)
      return
    }
    say(turn, "info", "kills a task", { ...named(task), cause: how.cause })
    this.#checks.stop(turn, containerId)
    this.#parts.timers.clear(timer("launch", containerId))
    this.#parts.timers.clear(timer("complete", containerId))
    this.#set(turn, task, { kill })
    if (this.#held.has(containerId)) return this.#end(turn, task, { kind: "neverStarted" })
    if (task.progress.startedAt !== undefined) this.#reportKilling(turn, task)
    this.#signal(turn, task, task.progress.startedAt === undefined ? 0 : how.graceMs)
  }

  /** The container takes more than it may, and is ended for that unless it is being killed. */
  limitReached(turn: Turn, containerId: ContainerId, limitation: Limitation): void {
    const task = this.#parts.workload.taskOf(containerId)
    if (task?.progress.startedAt === undefined || task.progress.kill !== undefined) return
    this.kill(turn, task, { cause: "limitation", limitation, graceMs: 0 })
  }

  /** The grace of a kill by its policies: the kill's own, the task's, the default. Milliseconds. */
  graceOf(task: TaskRecord, policy?: KillPolicy): number {
    const period = policy?.gracePeriod ?? task.launch.info.killPolicy?.gracePeriod
    return period === undefined ? this.#parts.limits.killGraceMs : milliseconds(period)
  }

  healthResult(
    turn: Turn,
    result: {
      readonly containerId: ContainerId
      readonly sequence: number
      readonly healthy: boolean
      readonly message: string
    },
  ): void {
    const task = this.#checks.ended(turn, "health", result)
    const check = task?.launch.info.healthCheck
    if (task === undefined || check === undefined) return
    const ageMs = turn.now - (task.progress.startedAt ?? turn.now)
    const verdict = weighHealth(check, task.progress.health ?? NO_HEALTH, {
      healthy: result.healthy,
      ageMs,
    })
    if (!verdict.report) return
    this.#set(turn, task, { health: verdict.record })
    this.#report(turn, task, {
      state: "TASK_RUNNING",
      reason: "REASON_TASK_HEALTH_CHECK_STATUS_UPDATED",
      ...(result.healthy ? {} : { message: result.message }),
    })
    if (verdict.kill) this.kill(turn, task, { cause: "unhealthy", graceMs: this.graceOf(task) })
  }

  checkResult(
    turn: Turn,
    result: {
      readonly containerId: ContainerId
      readonly sequence: number
      readonly status: CheckStatusInfo
    },
  ): void {
    const task = this.#checks.ended(turn, "check", result)
    if (task === undefined || sameCheckStatus(task.progress.checkStatus, result.status)) return
    this.#set(turn, task, { checkStatus: result.status })
    this.#report(turn, task, {
      state: "TASK_RUNNING",
      reason: "REASON_TASK_CHECK_STATUS_UPDATED",
    })
  }

  /** A time limit of a container has come. */
  expired(
    turn: Turn,
    kind: "launch" | "kill" | "complete" | "health" | "check",
    containerId: ContainerId,
  ): void {
    const task = this.#parts.workload.taskOf(containerId)
    if (task === undefined) return
    switch (kind) {
      case "launch":
        this.kill(turn, task, { cause: "launchTimeout", graceMs: 0 })
        break
      case "complete":
        this.kill(turn, task, { cause: "maxCompletionTime", graceMs: 0 })
        break
      case "kill":
        this.#signal(turn, task, 0)
        break
      case "health":
      case "check":
        this.#checks.due(turn, kind, containerId)
        break
      default:
        kind satisfies never
    }
  }

  /** The task's end needs no acknowledgement, or has it: it becomes history. */
  complete(turn: Turn, task: TaskRecord): void {
    const { workload } = this.#parts
    const { launch } = task.executor
    if (!workload.completeTask(turn, task)) return
    if (launch.kind !== "custom") this.#parts.counters.executorsTerminated++
    if (launch.kind === "default") this.#parts.onContainerEnd(turn, launch.containerId, {})
    if (task.executor.framework.terminating) return sayEnded(turn, task.executor.framework)
    if (launch.kind !== "default") return
    turn.out.push({
      kind: "send",
      message: {
        kind: "executorExited",
        frameworkId: launch.frameworkId,
        executorId: launch.info.executorId,
        status: 0,
      },
    })
  }

  #resume(turn: Turn, task: TaskRecord, startedAt: number): void {
    const { kill } = task.progress
    if (kill === undefined) this.#watch(turn, task, startedAt)
    // The clock may have jumped between the two lives: the grace bounds the wait all the same.
    else this.#signal(turn, task, Math.min(kill.graceMs, Math.max(0, kill.deadline - turn.now)))
  }

  #watch(turn: Turn, task: TaskRecord, startedAt: number): void {
    const { info } = task.launch
    const spec = containerOf(task)
    this.#checks.start(turn, task)
    if (info.maxCompletionTime === undefined) return
    const at = startedAt + milliseconds(info.maxCompletionTime)
    this.#parts.timers.set(timer("complete", spec.containerId), at)
  }

  #signal(turn: Turn, task: TaskRecord, graceMs: number): void {
    const { containerId } = containerOf(task)
    const force = graceMs <= 0
    turn.out.push({ kind: "kill", containerId, force })
    const at = turn.now + (force ? KILL_RETRY_MS : graceMs)
    this.#parts.timers.set(timer("kill", containerId), at)
  }

  #reportKilling(turn: Turn, task: TaskRecord): void {
    const { framework } = task.executor
    if (framework.terminating || !hasCapability(framework.info, "TASK_KILLING_STATE")) return
    const cause = task.progress.kill?.cause
    if (cause === "limitation") return
    this.#report(turn, task, {
      state: "TASK_KILLING",
      ...(cause === "drain" ? { reason: "REASON_AGENT_DRAINING" as const } : {}),
    })
  }

  #end(turn: Turn, task: TaskRecord, end: ContainerEnd): void {
    if (isTerminal(task.progress.state)) return
    const { framework } = task.executor
    const spec = containerOf(task)
    this.#recovering.delete(spec.containerId)
    this.#held.delete(spec.containerId)
    this.#checks.stop(turn, spec.containerId)
    for (const kind of ["launch", "kill", "complete"] as const)
      this.#parts.timers.clear(timer(kind, spec.containerId))
    const termination = describeEnd(end)
    this.#set(turn, task, { end: termination })
    const gone = this.#parts.markGone() && hasCapability(framework.info, "PARTITION_AWARE")
    const status = terminalStatus(task, end, gone)
    say(turn, "info", "a task ended", {
      ...named(task),
      state: status.state,
      message: status.message,
    })
    this.#report(turn, task, status)
    turn.out.push({ kind: "forget", spec })
    this.#parts.onContainerEnd(turn, spec.containerId, termination)
    if (end.kind === "exited") this.#limitTheRest(turn, task, end.exit)
    if (status.state !== "TASK_FINISHED") this.#killRestOfGroup(turn, task)
    if (framework.terminating) this.complete(turn, task)
  }

  /**
   * A limit that the members of an executor share is reached by all of them. Of a member with cgroups of
   * its own the limit is its own. Source: apache/mesos: src/slave/slave.cpp (executorTerminated).
   */
  #limitTheRest(turn: Turn, task: TaskRecord, { limitation }: ContainerExit): void {
    const shares = task.launch.info.container?.linuxInfo?.shareCgroups !== false
    if (limitation === undefined || !shares || task.launch.group === undefined) return
    for (const member of task.executor.tasks.values())
      if (member !== task) this.limitReached(turn, containerOf(member).containerId, limitation)
  }

  #killRestOfGroup(turn: Turn, task: TaskRecord): void {
    const { group } = task.launch
    if (group === undefined) return
    for (const member of task.executor.tasks.values())
      if (member !== task && member.launch.group === group)
        this.kill(turn, member, { cause: "group", graceMs: this.graceOf(member) })
  }

  /** Changes the task's state and tells its framework, unless the framework is gone. */
  #report(turn: Turn, task: TaskRecord, change: StatusChange): void {
    this.#parts.reports.report(turn, task, change)
  }

  #set(turn: Turn, task: TaskRecord, change: Partial<TaskProgress>): void {
    this.#parts.workload.setProgress(turn, task, { ...task.progress, ...change })
  }
}

/** The names by which a log tells a task. */
const named = ({ launch }: TaskRecord): LogFields => ({
  task: launch.info.taskId,
  framework: launch.frameworkId,
  container: taskKey(launch),
})

function describeEnd(end: ContainerEnd): Termination {
  switch (end.kind) {
    case "exited":
      return terminationOf(end.exit)
    case "failed":
      return terminationOfFailure(end.failure)
    case "neverStarted":
      return { state: "TASK_KILLED", message: "A kill overtook the launch" }
    default:
      return end satisfies never
  }
}

const LOST_MESSAGE = "The container is gone, and with it its exit status: was the node restarted?"

const milliseconds = (duration: DurationInfo): number => duration.nanoseconds / 1e6

const timer = (kind: "launch" | "kill" | "complete", containerId: ContainerId): TimerKey =>
  `${kind} ${containerId}`
