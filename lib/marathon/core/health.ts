import type { ProbeOutcome } from "#lib/ports/index.ts"
import { isAgentRun } from "../model/index.ts"
import type { HealthCheck } from "../model/index.ts"
import type { Core } from "./core.ts"
import { afterFailure, afterSuccess, publishAlive, withResult } from "./health-results.ts"
import { killTask } from "./instances.ts"
import { probeKey } from "./probe-key.ts"
import { healthTarget } from "./probe-target.ts"
import type { HealthResult, Instance } from "./records.ts"

/** The first check comes soon after the start, however long the interval. Source: section 6.10. */
const FIRST_CHECK_MS = 5000

/** How long after its time-out a probe without an answer is taken for lost, and asked again. */
export const PROBE_LOST_MS = 5000

/** Sees to it that an instance is checked while it runs, and only then. */
export function watchHealth(core: Core, instance: Instance): void {
  const { task } = instance
  if (task === undefined) return
  core.state.definition(instance).healthChecks.forEach((check, index) => {
    if (isAgentRun(check)) return
    const key = probeKey("health", index, task.id)
    if (!isChecked(instance)) core.probeAlarms.clear(key)
    else if (!core.probeAlarms.has(key))
      core.probeAlarms.set(key, core.now + Math.min(FIRST_CHECK_MS, check.intervalSeconds * 1000))
  })
}

const isChecked = (instance: Instance): boolean =>
  instance.condition === "Running" && instance.task?.killRequestedAt === undefined

/** Asks one check of an instance now. */
export function probeHealth(core: Core, instance: Instance, index: number, key: string): void {
  const app = core.state.definition(instance)
  const check = app.healthChecks[index]
  if (check === undefined || !isChecked(instance)) return
  const target = healthTarget(app, check, instance)
  const [intervalMs, timeoutMs] = [check.intervalSeconds * 1000, check.timeoutSeconds * 1000]
  const lostAfter = target === undefined ? 0 : timeoutMs + PROBE_LOST_MS
  core.probeAlarms.set(key, core.now + Math.max(intervalMs, lostAfter))
  if (target !== undefined)
    core.out.push({ kind: "probe", probe: { id: key, target, timeoutMs, bodyBytes: 0 } })
}

/** Takes the outcome of a health probe; a task that failed too often is killed. */
export function takeHealth(
  core: Core,
  instance: Instance,
  index: number,
  outcome: ProbeOutcome,
): void {
  const { task } = instance
  const check = core.state.definition(instance).healthChecks[index]
  if (task === undefined || check === undefined || !isChecked(instance)) return
  const old = task.health[index] ?? null
  const verdict = verdictOf(outcome, check)
  if (verdict === undefined) return
  if (verdict.healthy) return noteResult(core, instance, index, afterSuccess(old, core.now))
  const inGrace = core.now < (task.startedAt ?? task.stagedAt) + check.gracePeriodSeconds * 1000
  if (inGrace && old?.firstSuccess === undefined) return
  core.publish("failed_health_check_event", {
    appId: instance.appId,
    taskId: instance.id,
    healthCheck: check,
  })
  const result = afterFailure(old, core.now, verdict.cause)
  noteResult(core, instance, index, result)
  const limit = check.maxConsecutiveFailures
  if (limit > 0 && result.consecutiveFailures >= limit) killUnhealthy(core, instance.id, result)
}

type Verdict = { readonly healthy: boolean; readonly cause: string }

// Undefined for an informational answer that the check ignores.
function verdictOf(outcome: ProbeOutcome, check: HealthCheck): Verdict | undefined {
  switch (outcome.kind) {
    case "tcp":
      return { healthy: true, cause: "" }
    case "failed":
      return { healthy: false, cause: outcome.message }
    case "http": {
      const { statusCode } = outcome
      if (statusCode < 200 && check.ignoreHttp1xx) return undefined
      return { healthy: statusCode >= 200 && statusCode < 400, cause: `${statusCode}` }
    }
    default:
      return outcome satisfies never
  }
}

// Written only when something changed that a new leader must know; a success repeated is not.
function noteResult(core: Core, instance: Instance, index: number, result: HealthResult): void {
  const old = instance.task?.health[index] ?? null
  const next = withResult(instance, index, result)
  if (old?.alive === result.alive && old.consecutiveFailures === result.consecutiveFailures)
    return core.noteInstance(next)
  core.setInstance(next)
  if (old?.alive !== result.alive) publishAlive(core, next, result.alive)
}

function killUnhealthy(core: Core, id: string, result: HealthResult): void {
  const instance = core.state.instances.get(id)
  const { task, placement } = instance ?? {}
  if (instance === undefined || task === undefined || task.killRequestedAt !== undefined) return
  const cause = result.lastFailureCause ?? ""
  core.publish("unhealthy_instance_kill_event", {
    appId: instance.appId,
    taskId: task.id,
    instanceId: instance.id,
    version: instance.version,
    reason: cause,
    host: placement?.host ?? "",
    slaveId: placement?.agentId,
  })
  core.setFailure({
    appId: instance.appId,
    host: placement?.host ?? "",
    message: `Task was killed since health check failed. Reason: ${cause}`,
    state: "TASK_KILLED",
    taskId: task.id,
    timestamp: core.now,
    version: instance.version,
    agentId: placement?.agentId,
  })
  killTask(core, instance)
}
