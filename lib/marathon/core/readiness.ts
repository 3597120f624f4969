import type { ProbeOutcome, ProbeTarget } from "#lib/ports/index.ts"
import type { Core } from "./core.ts"
import { PROBE_LOST_MS } from "./health.ts"
import { probeKey } from "./probe-key.ts"
import { readinessTarget } from "./probe-target.ts"
import type { Instance, ReadinessResponse } from "./records.ts"

/** What is kept of an answer's body where the app wants its last response preserved. */
const BODY_BYTES = 4096

/** Asks a running instance under deployment whether it is ready, until it is. Source: section 5.4. */
export function watchReadiness(core: Core, instance: Instance): void {
  const { task } = instance
  if (task === undefined || task.ready) return
  const key = probeKey("readiness", 0, task.id)
  if (!isWanted(core, instance)) core.probeAlarms.clear(key)
  else if (!core.probeAlarms.has(key)) core.probeAlarms.set(key, core.now)
}

/** Asks the readiness check now. */
export function probeReadiness(core: Core, instance: Instance, key: string): void {
  const app = core.state.definition(instance)
  const [check] = app.readinessChecks
  if (check === undefined || !isWanted(core, instance)) return
  const target = readinessTarget(app, check, instance)
  const timeoutMs = check.timeoutSeconds * 1000
  const lostAfter = target === undefined ? 0 : timeoutMs + PROBE_LOST_MS
  core.probeAlarms.set(key, core.now + Math.max(check.intervalSeconds * 1000, lostAfter))
  const bodyBytes = check.preserveLastResponse ? BODY_BYTES : 0
  if (target !== undefined)
    core.out.push({ kind: "probe", probe: { id: key, target, timeoutMs, bodyBytes } })
}

/** Takes the outcome of a readiness probe. Once ready, a task stays so. */
export function takeReadiness(core: Core, instance: Instance, outcome: ProbeOutcome): void {
  const { task } = instance
  const app = core.state.definition(instance)
  const [check] = app.readinessChecks
  if (task === undefined || check === undefined || task.ready) return
  const target = readinessTarget(app, check, instance)
  const readiness = responseOf(outcome, target)
  if (outcome.kind !== "http" || !check.httpStatusCodesForReady.includes(outcome.statusCode))
    return core.noteInstance({ ...instance, task: { ...task, readiness } })
  core.probeAlarms.clear(probeKey("readiness", 0, task.id))
  core.setInstance({ ...instance, task: { ...task, readiness, ready: true } })
}

const isWanted = (core: Core, instance: Instance): boolean =>
  instance.condition === "Running" &&
  instance.goal === "Running" &&
  core.state.locks.has(instance.appId)

function responseOf(outcome: ProbeOutcome, target: ProbeTarget | undefined): ReadinessResponse {
  if (outcome.kind === "http")
    return {
      status: outcome.statusCode,
      contentType: outcome.contentType ?? "text/plain",
      body: outcome.body ?? "",
    }
  const where = target === undefined ? "the task" : `${target.host}:${target.port}`
  const reason = outcome.kind === "failed" ? outcome.message : "no HTTP answer"
  return {
    status: 504,
    contentType: "text/plain",
    body: `Marathon could not query ${where} due to: ${reason}`,
  }
}
