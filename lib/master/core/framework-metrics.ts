import type { TaskState, scheduler } from "#lib/mesos/index.ts"
import type { Context } from "./context.ts"
import { operationMetric } from "./operations/metrics.ts"
import type { FrameworkRecord } from "./records.ts"
import type { OtherCall } from "./types.ts"

/*
 * What is counted of one framework. Names are spelled once, so that hot paths build no strings, and all
 * of them are shown from the start, as who reads them expects.
 * Source: apache/mesos: src/master/metrics.cpp (FrameworkMetrics).
 */

const CALL_METRICS: Readonly<Record<OtherCall["kind"] | "subscribe", string>> = {
  subscribe: "calls/subscribe",
  teardown: "calls/teardown",
  accept: "calls/accept",
  decline: "calls/decline",
  acceptInverseOffers: "calls/accept_inverse_offers",
  declineInverseOffers: "calls/decline_inverse_offers",
  revive: "calls/revive",
  suppress: "calls/suppress",
  kill: "calls/kill",
  shutdown: "calls/shutdown",
  acknowledge: "calls/acknowledge",
  acknowledgeOperationStatus: "calls/acknowledge_operation_status",
  reconcile: "calls/reconcile",
  reconcileOperations: "calls/reconcile_operations",
  message: "calls/message",
  request: "calls/request",
  updateFramework: "calls/update_framework",
}

/** Counters of events, by the kind of event. */
export const EVENT_METRICS: Readonly<Record<scheduler.Event["kind"], string>> = {
  subscribed: "events/subscribed",
  offers: "events/offers",
  inverseOffers: "events/inverse_offers",
  rescind: "events/rescind",
  rescindInverseOffer: "events/rescind_inverse_offer",
  update: "events/update",
  updateOperationStatus: "events/update_operation_status",
  message: "events/message",
  failure: "events/failure",
  error: "events/error",
  heartbeat: "events/heartbeat",
}

/** Of a task's state: gauges of the tasks that have it now, or counters of those that came to it. */
const TASK_METRICS: Readonly<Record<TaskState, string>> = {
  TASK_STAGING: "tasks/active/task_staging",
  TASK_STARTING: "tasks/active/task_starting",
  TASK_RUNNING: "tasks/active/task_running",
  TASK_KILLING: "tasks/active/task_killing",
  TASK_UNREACHABLE: "tasks/active/task_unreachable",
  TASK_UNKNOWN: "tasks/active/task_unknown",
  TASK_FINISHED: "tasks/terminal/task_finished",
  TASK_FAILED: "tasks/terminal/task_failed",
  TASK_KILLED: "tasks/terminal/task_killed",
  TASK_ERROR: "tasks/terminal/task_error",
  TASK_LOST: "tasks/terminal/task_lost",
  TASK_DROPPED: "tasks/terminal/task_dropped",
  TASK_GONE: "tasks/terminal/task_gone",
  TASK_GONE_BY_OPERATOR: "tasks/terminal/task_gone_by_operator",
}

const OPERATION_METRICS = [
  "launch",
  "launch_group",
  ...(
    [
      "reserve",
      "unreserve",
      "create",
      "destroy",
      "growVolume",
      "shrinkVolume",
      "createDisk",
      "destroyDisk",
    ] as const
  ).map(operationMetric),
].map((type) => `operations/${type}`)

const FROM_THE_START = [
  "calls",
  ...Object.values(CALL_METRICS),
  "events",
  ...Object.values(EVENT_METRICS),
  "offers/sent",
  "offers/accepted",
  "offers/declined",
  "offers/rescinded",
  "operations",
  ...OPERATION_METRICS,
  ...Object.values(TASK_METRICS),
]

/** Characters of a framework's or principal's own text in the names of metrics, each of which has it. */
const TEXT_MAX = 255

/** What somebody calls himself, as a part of a name; it may be no text at all that can be encoded. */
const encoded = (text: string): string => encodeURIComponent(text.slice(0, TEXT_MAX).toWellFormed())

type Counted = Pick<Context, "callsByPrincipal" | "frameworks">

/** A call of the framework was let in. */
export function countCall(
  { callsByPrincipal }: Counted,
  framework: FrameworkRecord,
  kind: keyof typeof CALL_METRICS,
): void {
  framework.count("calls")
  framework.count(CALL_METRICS[kind])
  const { principal } = framework.info
  if (principal !== undefined)
    callsByPrincipal.set(principal, (callsByPrincipal.get(principal) ?? 0) + 1)
}

/** The framework is not among the live ones any more: the last of a principal ends what is counted of it. */
export function forgetPrincipal(
  { callsByPrincipal, frameworks }: Counted,
  principal?: string,
): void {
  if (principal === undefined) return
  for (const { info } of frameworks.values()) if (info.principal === principal) return
  callsByPrincipal.delete(principal)
}

/** What the frameworks of each principal asked for, into `metrics`: all of it is worked off at once. */
export function principalMetrics(
  { callsByPrincipal }: Counted,
  metrics: Record<string, number>,
): void {
  for (const [principal, calls] of callsByPrincipal)
    for (const name of ["received", "processed"])
      metrics[`frameworks/${encoded(principal)}/messages_${name}`] = calls
}

/** A live task of the framework has left a state (-1) or come to it (1); ended ones are not taken back. */
export function countTaskState(framework: FrameworkRecord, state: TaskState, by: 1 | -1): void {
  const name = TASK_METRICS[state]
  if (by === 1 || name.startsWith("tasks/active/")) framework.count(name, by)
}

/** All metrics of one framework, into `metrics`. */
export function frameworkMetrics(
  framework: FrameworkRecord,
  metrics: Record<string, number>,
): void {
  const prefix = `master/frameworks/${encoded(framework.info.name)}/${framework.id}/`
  metrics[`${prefix}subscribed`] = Number(framework.connected)
  for (const role of framework.roles)
    metrics[`${prefix}roles/${role}/suppressed`] = Number(framework.suppressedRoles.has(role))
  for (const name of FROM_THE_START) metrics[prefix + name] = framework.counters.get(name) ?? 0
  metrics[prefix + TASK_METRICS.TASK_UNREACHABLE] = framework.unreachableTasks.size
}
