import type { HealthCheck } from "#lib/mesos/index.ts"
import type { ContainerId } from "#lib/ports/index.ts"
import { containerOf, type HealthRecord, type TaskRecord } from "./records.ts"
import type { TimerKey, Timers, Turn } from "./turn.ts"
import type { ProbeRequest } from "./types.ts"

/** Seconds where a check says nothing. Source: apache/mesos: include/mesos/v1/mesos.proto. */
const DEFAULTS = { delay: 15, interval: 10, gracePeriod: 10, consecutiveFailures: 3 } as const

/** The two kinds of checks that a task may have, one of each. */
export type CheckKind = ProbeRequest["kind"]

/** What one health result means for its task. */
export type HealthVerdict = {
  readonly record: HealthRecord
  /** Whether the framework hears of it. */
  readonly report: boolean
  /** Whether the task has failed too often and must be killed. */
  readonly kill: boolean
}

/**
 * Weighs one result of a health check: every failure that counts and the first success after none or
 * after failures are reported; failures within the grace period count only after a first success.
 * Source: apache/mesos: src/checks/health_checker.cpp (success, failure).
 */
export function weighHealth(
  check: HealthCheck,
  before: HealthRecord,
  result: { readonly healthy: boolean; readonly ageMs: number },
): HealthVerdict {
  if (result.healthy) {
    const report = !before.succeeded || before.consecutiveFailures > 0
    const record = { healthy: true, succeeded: true, consecutiveFailures: 0 }
    return { record, report, kill: false }
  }
  const graceMs = (check.gracePeriodSeconds ?? DEFAULTS.gracePeriod) * 1000
  if (!before.succeeded && graceMs > 0 && result.ageMs <= graceMs)
    return { record: before, report: false, kill: false }
  const consecutiveFailures = before.consecutiveFailures + 1
  const allowed = check.consecutiveFailures ?? DEFAULTS.consecutiveFailures
  return {
    record: { healthy: false, succeeded: before.succeeded, consecutiveFailures },
    report: true,
    kill: consecutiveFailures >= allowed,
  }
}

/** A container whose checks run. */
type Running = { readonly task: TaskRecord; readonly inFlight: Map<CheckKind, number> }

/**
 * Runs the checks of tasks: the first after a delay, each next one an interval after the result of
 * the one before, so that never two of a kind are under way.
 */
export class Checks {
  readonly #timers: Timers
  readonly #running = new Map<ContainerId, Running>()
  #sequence = 0

  constructor(timers: Timers) {
    this.#timers = timers
  }

  /** The task's container runs: its checks begin, if it has any. */
  start(turn: Turn, task: TaskRecord): void {
    const { info } = task.launch
    if (info.healthCheck === undefined && info.check === undefined) return
    const spec = containerOf(task)
    this.#running.set(spec.containerId, { task, inFlight: new Map() })
    for (const kind of ["health", "check"] as const) {
      const check = kind === "health" ? info.healthCheck : info.check
      if (check === undefined) continue
      const delayMs = (check.delaySeconds ?? DEFAULTS.delay) * 1000
      this.#timers.set(timerOf(kind, spec.containerId), turn.now + delayMs)
    }
  }

  /** The task is being killed or has ended: nothing more is asked or heard of it. */
  stop(turn: Turn, containerId: ContainerId): void {
    const running = this.#running.get(containerId)
    if (running === undefined) return
    this.#running.delete(containerId)
    this.#timers.clear(timerOf("health", containerId))
    this.#timers.clear(timerOf("check", containerId))
    if (running.inFlight.size > 0) turn.out.push({ kind: "stopProbes", containerId })
  }

  /** Time for the next probe. */
  due(turn: Turn, kind: CheckKind, containerId: ContainerId): void {
    const running = this.#running.get(containerId)
    if (running === undefined || running.inFlight.has(kind)) return
    const request = requestOf(running.task, kind)
    if (request === undefined) return
    const sequence = ++this.#sequence
    running.inFlight.set(kind, sequence)
    const spec = containerOf(running.task)
    turn.out.push({ kind: "probe", containerId, spec, sequence, request })
  }

  /**
   * A probe has ended: returns its task and arms the next probe; undefined when the result is late,
   * repeated or of a container whose checks have stopped.
   */
  ended(
    turn: Turn,
    kind: CheckKind,
    result: { readonly containerId: ContainerId; readonly sequence: number },
  ): TaskRecord | undefined {
    const running = this.#running.get(result.containerId)
    if (running?.inFlight.get(kind) !== result.sequence) return undefined
    running.inFlight.delete(kind)
    const check = requestOf(running.task, kind)?.check
    const intervalMs = (check?.intervalSeconds ?? DEFAULTS.interval) * 1000
    this.#timers.set(timerOf(kind, result.containerId), turn.now + intervalMs)
    return running.task
  }
}

/** What a health check knows before its first result. */
export const NO_HEALTH: HealthRecord = { succeeded: false, consecutiveFailures: 0 }

function requestOf(task: TaskRecord, kind: CheckKind): ProbeRequest | undefined {
  const { healthCheck, check } = task.launch.info
  if (kind === "health") return healthCheck === undefined ? undefined : { kind, check: healthCheck }
  return check === undefined ? undefined : { kind, check }
}

const timerOf = (kind: CheckKind, containerId: ContainerId): TimerKey => `${kind} ${containerId}`
