import type {
  AgentToMaster,
  ContainerStatus,
  DurationInfo,
  executor as v1,
  Resources,
  TaskInfo,
  TaskStatus,
} from "#lib/mesos/index.ts"
import type { ContainerExit, ContainerFailure, ContainerId } from "#lib/ports/index.ts"
import { must } from "#lib/std/assert.ts"
import { formatDuration } from "#lib/std/duration.ts"
import { ExecutorSizes } from "./executor-sizes.ts"
import { ExecutorTasks, type ExecutorKill } from "./executor-tasks.ts"
import {
  hasCapability,
  type ExecutorProcess,
  type ExecutorProgress,
  type ExecutorRecord,
  type ExecutorVerdict,
  type Limitation,
  type TaskRecord,
} from "./records.ts"
import { sayEnded } from "./introduction.ts"
import { runtimeForm } from "./launch-order.ts"
import type { ContainerParts } from "./lifecycle.ts"
import { terminationOf, terminationOfFailure } from "./nested/termination.ts"
import { containerStatus, nestedContainerId } from "./statuses.ts"
import { say, type TimerKey, type Turn } from "./turn.ts"
import type { AgentOptions, ExecutorConnection } from "./types.ts"
import { cannotDelete } from "./volume-removals.ts"
import { volumeNeeds } from "./volumes.ts"

/** Between two SIGKILLs while an executor's container does not end. */
const KILL_RETRY_MS = 5_000

/** What the life of custom executors needs of the rest of the agent. */
export type ExecutorsParts = ContainerParts & {
  readonly options: Pick<AgentOptions, "enableCfs" | "info">
  /** Tells the master what its books must know. */
  readonly tell: (turn: Turn, message: AgentToMaster) => void
  /** Whether the agent is ending, and with it its executors. */
  readonly leaving: () => boolean
  /** How tasks that are killed while the agent drains end, if it does. */
  readonly draining: () => { readonly markGone: boolean } | undefined
}

/** What an executor says when it subscribes, anew or for the first time. */
export type Subscription = {
  readonly connection: ExecutorConnection
  /** Tasks it has and whose first update it does not know to be acknowledged. */
  readonly tasks: readonly TaskStatus["taskId"][]
  /** Updates that it does not know to be acknowledged. */
  readonly updates: readonly TaskStatus[]
}

/**
 * Custom executors: processes that bring their own program, speak the executor API, and run tasks
 * their own way. Their tasks are delivered, killed and told of through them.
 * Source: apache/mesos: src/slave/slave.cpp (subscribe, executorTerminated, killTask).
 */
export class Executors {
  readonly #parts: ExecutorsParts
  readonly #tasks: ExecutorTasks
  readonly #sizes: ExecutorSizes
  /** Executors that are subscribed now. */
  readonly #connections = new Map<ContainerId, ExecutorConnection>()
  /** Executors that wait for the data of a destroyed volume to go. */
  readonly #held = new Map<ContainerId, TaskInfo>()
  /** Containers of an earlier life that the driver is looking for. */
  readonly #recovering = new Set<ContainerId>()
  /** Executors that were subscribed in an earlier life, and should be again soon. */
  readonly #returning = new Set<ContainerId>()

  constructor(parts: ExecutorsParts) {
    this.#parts = parts
    this.#tasks = new ExecutorTasks(parts)
    this.#sizes = new ExecutorSizes({ ...parts, enableCfs: parts.options.enableCfs ?? false })
  }

  /** A new life of the agent begins: looks for the processes of the last one, and returns them. */
  recover(turn: Turn): readonly ContainerId[] {
    const known: ContainerId[] = []
    for (const executor of this.#parts.workload.processes) {
      if (progressOf(executor).phase === "ended") continue
      const { spec } = processOf(executor)
      known.push(spec.containerId)
      this.#recovering.add(spec.containerId)
      turn.out.push({ kind: "recover", spec })
    }
    return known
  }

  /** Whether the executor is subscribed. */
  subscribed(executor: ExecutorRecord): boolean {
    return this.#connections.has(executor.launch.containerId)
  }

  /**
   * Hands the executor's container to the driver. `arrived` is its process as it came from the master:
   * values of secrets are in no book.
   */
  launch(turn: Turn, executor: ExecutorRecord, arrived = processOf(executor).spec.task): void {
    const at = turn.now + this.#parts.limits.executorRegistrationMs
    this.#parts.timers.set(timer("executor", executor), at)
    this.#held.set(executor.launch.containerId, arrived)
    this.#sizes.launched(executor.launch.containerId, arrived)
    this.#handOver(turn, executor)
  }

  /** Data of a destroyed volume is gone, or `error` says why not: executors on a new volume waited. */
  volumeRemoved(turn: Turn, path: string, error: string | undefined): void {
    for (const executor of this.#parts.workload.processes) {
      if (progressOf(executor).startedAt === undefined || !this.#sizes.waitsFor(path, executor))
        continue
      if (error === undefined) this.#settle(turn, executor)
      else this.#notResized(turn, executor, cannotDelete(error).message)
    }
    for (const containerId of this.#held.keys()) {
      const executor = this.#parts.workload.executorOf(containerId)
      if (executor === undefined || !this.#parts.removals.concerns(path, volumesOf(executor)))
        continue
      if (error === undefined) this.#handOver(turn, executor)
      else this.failed(turn, containerId, cannotDelete(error))
    }
  }

  /**
   * Tasks were added to the executor: it is sent them, at once or when it subscribes. `arrived` are the
   * same tasks as they came from the master, with values of secrets.
   */
  queued(turn: Turn, executor: ExecutorRecord, arrived: readonly TaskInfo[]): void {
    this.#tasks.arrived(executor, arrived)
    this.#settle(turn, executor)
  }

  /** The container of an executor was given what its tasks need, or `error` says why not. */
  resized(turn: Turn, containerId: ContainerId, error: string | undefined): void {
    if (!this.#sizes.resized(containerId)) return
    const executor = this.#parts.workload.executorOf(containerId)
    if (executor === undefined) return
    if (error === undefined) this.#settle(turn, executor)
    else this.#notResized(turn, executor, error)
  }

  /** The container of an executor runs. False when it is no executor's. */
  started(turn: Turn, containerId: ContainerId, status: ContainerStatus): boolean {
    const executor = this.#parts.workload.executorOf(containerId)
    if (executor === undefined) return false
    const recovered = this.#recovering.delete(containerId)
    const progress = progressOf(executor)
    if (progress.phase === "ended" || (progress.phase === "ending" && !recovered)) {
      turn.out.push({ kind: "kill", containerId, force: true })
      return true
    }
    if (progress.startedAt === undefined)
      this.#set(turn, executor, {
        startedAt: turn.now,
        containerStatus: containerStatus(containerId, this.#parts.ip, status),
      })
    if (recovered && progress.phase === "ending") this.#resumeEnd(turn, executor)
    else if (recovered && !this.subscribed(executor)) this.#awaitReturn(turn, executor)
    this.#settle(turn, executor)
    return true
  }

  /** The container of an executor was not started. False when it is no executor's. */
  failed(turn: Turn, containerId: ContainerId, failure: ContainerFailure): boolean {
    const executor = this.#parts.workload.executorOf(containerId)
    if (executor === undefined) return false
    this.#ended(turn, executor, -1, { state: "TASK_FAILED", ...failure })
    this.#parts.onContainerEnd(turn, containerId, terminationOfFailure(failure))
    return true
  }

  /** The container of an executor has ended. False when it is no executor's. */
  exited(turn: Turn, containerId: ContainerId, exit: ContainerExit): boolean {
    const executor = this.#parts.workload.executorOf(containerId)
    if (executor === undefined) return false
    const { limitation, message } = exit
    const verdict: ExecutorVerdict = limitation
      ? verdictOf(limitation)
      : {
          state: "TASK_FAILED",
          reason: "REASON_EXECUTOR_TERMINATED",
          message: message ?? "Executor terminated",
        }
    this.#ended(turn, executor, exit.status ?? -1, verdict)
    this.#parts.onContainerEnd(turn, containerId, terminationOf(exit))
    return true
  }

  /** The container takes more than it may, and is ended for that. False when it is no executor's. */
  limitReached(turn: Turn, containerId: ContainerId, limitation: Limitation): boolean {
    const executor = this.#parts.workload.executorOf(containerId)
    if (executor === undefined) return false
    const { phase, startedAt } = progressOf(executor)
    if (startedAt === undefined || phase === "ending" || phase === "ended") return true
    const verdict = verdictOf(limitation)
    say(turn, "warn", "ends an executor that takes too much", named(executor))
    this.#set(turn, executor, { phase: "ending", deadline: turn.now, verdict })
    this.#parts.timers.clear(timer("executor", executor))
    this.#kill(turn, executor)
    return true
  }

  /** There is no trace of the container. False when it is no executor's. */
  unknown(turn: Turn, containerId: ContainerId): boolean {
    const executor = this.#parts.workload.executorOf(containerId)
    if (executor === undefined) return false
    if (!this.#recovering.delete(containerId)) return true
    const { startedAt, phase } = progressOf(executor)
    if (startedAt === undefined && phase === "starting") this.launch(turn, executor)
    else this.exited(turn, containerId, { message: "The executor's container is gone" })
    return true
  }

  /** An executor has opened its stream of events. */
  subscribe(turn: Turn, containerId: ContainerId, subscription: Subscription): void {
    const { connection, updates } = subscription
    const executor = this.#parts.workload.executorOf(containerId)
    const phase = executor?.process?.phase
    const refused = phase === undefined || phase === "ending" || phase === "ended"
    if (executor === undefined || refused || this.#unwanted(executor)) {
      this.#send(turn, connection, { kind: "shutdown" })
      return void turn.out.push({ kind: "closeExecutor", connection })
    }
    const before = this.#connections.get(containerId)
    if (before !== undefined) turn.out.push({ kind: "closeExecutor", connection: before })
    this.#connections.set(containerId, connection)
    this.#parts.timers.clear(timer("executor", executor))
    this.#returning.delete(containerId)
    this.#set(turn, executor, { phase: "running" })
    for (const status of updates) this.#tasks.update(turn, executor, connection, status)
    this.#tasks.dropUnknown(turn, executor, subscription.tasks)
    if (this.#tasks.hasNothing(executor)) return this.shutdown(turn, executor)
    this.#send(turn, connection, {
      kind: "subscribed",
      executorInfo: executor.launch.info,
      frameworkInfo: executor.framework.info,
      agentInfo: { ...this.#parts.options.info, id: this.#parts.reports.agentId },
      containerId: nestedContainerId(containerId),
    })
    this.#tasks.repeatKills(turn, executor, connection)
    this.#settle(turn, executor)
  }

  /** A stream of events is closed; the executor may open another one. */
  disconnected(containerId: ContainerId, connection: ExecutorConnection): void {
    if (this.#connections.get(containerId) === connection) this.#connections.delete(containerId)
  }

  /** An executor tells what became of a task. */
  update(turn: Turn, containerId: ContainerId, status: TaskStatus): void {
    const executor = this.#parts.workload.executorOf(containerId)
    if (executor === undefined || progressOf(executor).phase === "ended") {
      this.#parts.counters.invalidStatusUpdates++
      return
    }
    this.#tasks.update(turn, executor, this.#connections.get(containerId), status)
    this.#settle(turn, executor)
  }

  /** An executor has a message for its framework; it travels at most once. */
  message(turn: Turn, containerId: ContainerId, data: string): void {
    const executor = this.#parts.workload.executorOf(containerId)
    if (executor === undefined || executor.framework.terminating) {
      this.#parts.counters.invalidFrameworkMessages++
      return
    }
    this.#parts.counters.validFrameworkMessages++
    const { frameworkId, info } = executor.launch
    const { executorId } = info
    turn.out.push({
      kind: "send",
      message: { kind: "executorMessage", frameworkId, executorId, data },
    })
  }

  /** A framework has a message for its executor; lost unless that is subscribed. */
  frameworkMessage(turn: Turn, executor: ExecutorRecord | undefined, data: string): void {
    const connection = executor && this.#connections.get(executor.launch.containerId)
    const heard = connection !== undefined && executor?.process?.phase === "running"
    if (!heard) {
      // The built-in executors have nothing to do with messages; those of Mesos drop them too.
      this.#parts.counters.invalidFrameworkMessages++
      return
    }
    this.#parts.counters.validFrameworkMessages++
    this.#send(turn, connection, { kind: "message", data })
  }

  /** Kills one task of an executor: by the executor, unless that has not got it yet. */
  kill(turn: Turn, task: TaskRecord, how: ExecutorKill): void {
    const { executor } = task
    const connection = this.#connections.get(executor.launch.containerId)
    this.#tasks.kill(turn, task, how, connection)
    if (this.#tasks.hasNothing(executor) && progressOf(executor).phase === "running")
      return this.shutdown(turn, executor)
    this.#settle(turn, executor)
  }

  /** Asks the executor to end, with all its tasks; after its grace it is killed. */
  shutdown(turn: Turn, executor: ExecutorRecord, graceMs = this.#graceOf(executor)): void {
    const { phase } = progressOf(executor)
    if (phase === "ending" || phase === "ended") return
    say(turn, "info", "shuts an executor down", named(executor))
    const connection = this.#connections.get(executor.launch.containerId)
    if (connection !== undefined) this.#send(turn, connection, { kind: "shutdown" })
    const deadline = turn.now + (connection === undefined ? 0 : graceMs)
    this.#set(turn, executor, { phase: "ending", deadline })
    this.#resumeEnd(turn, executor)
  }

  /** A time limit of an executor has come. */
  expired(turn: Turn, kind: "executor" | "executorKill", containerId: ContainerId): void {
    const executor = this.#parts.workload.executorOf(containerId)
    if (executor === undefined) return
    if (kind === "executorKill") return this.#kill(turn, executor)
    const { startedAt } = progressOf(executor)
    const verdict = this.#returning.has(containerId)
      ? this.#neverReturned(executor)
      : this.#neverSubscribed()
    say(turn, "warn", verdict.message, { ...named(executor), started: startedAt !== undefined })
    this.#set(turn, executor, { phase: "ending", deadline: turn.now, verdict })
    this.#kill(turn, executor)
  }

  /** Sends the executor the tasks that wait for it, once its container has what they need. */
  #settle(turn: Turn, executor: ExecutorRecord): void {
    const { phase } = progressOf(executor)
    const { containerId } = executor.launch
    if (phase === "ending" || phase === "ended" || this.#recovering.has(containerId)) return
    if (!this.#sizes.settle(turn, executor)) return
    const connection = this.#connections.get(containerId)
    if (connection !== undefined) this.#tasks.deliver(turn, executor, connection)
  }

  /** A container that cannot grow is ended: tasks that wait for that would wait for ever. */
  #notResized(turn: Turn, executor: ExecutorRecord, error: string): void {
    const { phase } = progressOf(executor)
    say(turn, "warn", "cannot resize the container of an executor", { ...named(executor), error })
    if (phase === "ending" || phase === "ended" || !this.#tasks.anyWaits(executor)) return
    const verdict: ExecutorVerdict = {
      state: gone(executor),
      reason: "REASON_CONTAINER_UPDATE_FAILED",
      message: `Failed to update resources for container: ${error}`,
    }
    this.#set(turn, executor, { phase: "ending", deadline: turn.now, verdict })
    this.#resumeEnd(turn, executor)
  }

  #handOver(turn: Turn, executor: ExecutorRecord): void {
    const arrived = this.#held.get(executor.launch.containerId)
    if (arrived === undefined) return
    if (this.#parts.removals.holdUp(turn, volumesOf(executor))) return
    this.#held.delete(executor.launch.containerId)
    say(turn, "info", "launches an executor", named(executor))
    const { workDir } = this.#parts
    const { spec, directories, links } = processOf(executor)
    const { runtime, sandbox } = spec
    turn.out.push({
      kind: "launch",
      spec: { ...spec, task: runtimeForm(runtime, arrived) },
      executor: claimsOf(executor),
      directories,
      links,
      ...volumeNeeds(arrived, { workDir, runtime, sandbox }),
    })
  }

  #awaitReturn(turn: Turn, executor: ExecutorRecord): void {
    const { containerId } = executor.launch
    const { executorReturnMs, executorRegistrationMs } = this.#parts.limits
    const subscribedBefore = progressOf(executor).phase === "running"
    if (subscribedBefore) this.#returning.add(containerId)
    const at = turn.now + (subscribedBefore ? executorReturnMs : executorRegistrationMs)
    this.#parts.timers.set(timer("executor", executor), at)
  }

  #neverSubscribed(): ExecutorVerdict {
    const { executorRegistrationMs } = this.#parts.limits
    return {
      state: "TASK_FAILED",
      reason: "REASON_EXECUTOR_REGISTRATION_TIMEOUT",
      message: `Executor did not register within ${formatDuration(executorRegistrationMs)}`,
    }
  }

  #neverReturned(executor: ExecutorRecord): ExecutorVerdict {
    const { executorReturnMs } = this.#parts.limits
    return {
      state: gone(executor),
      reason: "REASON_EXECUTOR_REREGISTRATION_TIMEOUT",
      message: `Executor did not reregister within ${formatDuration(executorReturnMs)}`,
    }
  }

  #unwanted(executor: ExecutorRecord): boolean {
    return this.#parts.leaving() || executor.framework.terminating
  }

  #graceOf({ launch }: ExecutorRecord): number {
    const period: DurationInfo | undefined = launch.info.shutdownGracePeriod
    return period === undefined ? this.#parts.limits.shutdownGraceMs : period.nanoseconds / 1e6
  }

  /** Kills when the grace is over; it counts from when it began, also in an earlier life. */
  #resumeEnd(turn: Turn, executor: ExecutorRecord): void {
    const { deadline = turn.now } = progressOf(executor)
    this.#parts.timers.clear(timer("executor", executor))
    if (deadline <= turn.now) return this.#kill(turn, executor)
    const at = Math.min(deadline, turn.now + this.#graceOf(executor))
    this.#parts.timers.set(timer("executorKill", executor), at)
  }

  #kill(turn: Turn, executor: ExecutorRecord): void {
    const { containerId } = executor.launch
    if (this.#held.has(containerId)) return void this.exited(turn, containerId, {})
    turn.out.push({ kind: "kill", containerId, force: true })
    this.#parts.timers.set(timer("executorKill", executor), turn.now + KILL_RETRY_MS)
  }

  #ended(turn: Turn, executor: ExecutorRecord, status: number, found: ExecutorVerdict): void {
    const { framework, launch } = executor
    const { containerId } = launch
    const { phase, verdict = found } = progressOf(executor)
    if (phase === "ended") return
    this.#parts.counters.executorsTerminated++
    say(turn, "info", "an executor ended", { ...named(executor), status })
    for (const kind of ["executor", "executorKill"] as const)
      this.#parts.timers.clear(timer(kind, executor))
    for (const noted of [this.#held, this.#recovering, this.#returning]) noted.delete(containerId)
    this.#sizes.forget(containerId)
    const connection = this.#connections.get(containerId)
    this.#connections.delete(containerId)
    if (connection !== undefined) turn.out.push({ kind: "closeExecutor", connection })
    this.#set(turn, executor, { phase: "ended" })
    turn.out.push({ kind: "forget", spec: processOf(executor).spec })
    this.#tasks.endAll(turn, executor, verdict)
    if (framework.terminating) {
      for (const task of executor.tasks.values()) this.#parts.workload.completeTask(turn, task)
      this.#parts.workload.completeExecutor(turn, executor)
      return sayEnded(turn, framework)
    }
    const { executorId } = launch.info
    const { id: frameworkId } = framework
    this.#parts.tell(turn, { kind: "executorExited", frameworkId, executorId, status })
    this.#parts.workload.completeExecutor(turn, executor)
  }

  #send(turn: Turn, connection: ExecutorConnection, event: v1.Event): void {
    turn.out.push({ kind: "executorEvent", connection, event })
  }

  #set(turn: Turn, executor: ExecutorRecord, change: Partial<ExecutorProgress>): void {
    this.#parts.workload.setProcess(turn, executor, { ...progressOf(executor), ...change })
  }
}

const gone = ({ framework }: ExecutorRecord): "TASK_GONE" | "TASK_LOST" =>
  hasCapability(framework.info, "PARTITION_AWARE") ? "TASK_GONE" : "TASK_LOST"

const claimsOf = ({ launch: { frameworkId, info, containerId } }: ExecutorRecord) => ({
  frameworkId,
  executorId: info.executorId,
  containerId,
})

const processOf = ({ launch }: ExecutorRecord): ExecutorProcess =>
  must(launch.process, "a custom executor has a process")

const volumesOf = (executor: ExecutorRecord): Resources =>
  processOf(executor).spec.task.resources ?? []

const progressOf = ({ process }: ExecutorRecord): ExecutorProgress =>
  must(process, "a custom executor has a process")

const verdictOf = ({ reason, message, resources }: Limitation): ExecutorVerdict => ({
  state: "TASK_FAILED",
  reason,
  message,
  limitation: { resources },
})

const named = ({ launch }: ExecutorRecord) => ({
  executor: launch.info.executorId,
  framework: launch.frameworkId,
  container: launch.containerId,
})

const timer = (kind: "executor" | "executorKill", { launch }: ExecutorRecord): TimerKey =>
  `${kind} ${launch.containerId}`
