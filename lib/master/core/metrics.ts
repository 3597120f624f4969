import type { TaskState } from "#lib/mesos/index.ts"
import type { Context } from "./context.ts"
import { frameworkMetrics, principalMetrics } from "./framework-metrics.ts"
import { operationMetrics } from "./operations/metrics.ts"

/** Scalars that have gauges of their own. */
const RESOURCES = ["cpus", "gpus", "mem", "disk"] as const

/** States of live tasks with a gauge. */
const GAUGED = [
  ["tasks_staging", "TASK_STAGING"],
  ["tasks_starting", "TASK_STARTING"],
  ["tasks_running", "TASK_RUNNING"],
  ["tasks_killing", "TASK_KILLING"],
] as const satisfies readonly (readonly [string, TaskState])[]

/** Counters shown from the start, though nothing was counted yet. */
const COUNTERS = [
  ..."finished failed killed lost error dropped gone gone_by_operator"
    .split(" ")
    .map((state) => `tasks_${state}`),
  ..."registrations reregistrations removals removals/reason_registered removals/reason_unhealthy removals/reason_unregistered unreachable_scheduled unreachable_completed unreachable_canceled shutdowns_scheduled shutdowns_completed shutdowns_canceled"
    .split(" ")
    .map((name) => `slave_${name}`),
  ..."register_framework reregister_framework unregister_framework deactivate_framework kill_task status_update_acknowledgement operation_status_update_acknowledgement resource_request launch_tasks decline_offers revive_offers suppress_offers reconcile_tasks reconcile_operations framework_to_executor executor_to_framework register_slave reregister_slave unregister_slave status_update operation_status_update exited_executor update_slave authenticate"
    .split(" ")
    .map((name) => `messages_${name}`),
  ..."framework_to_executor_messages executor_to_framework_messages status_updates status_update_acknowledgements operation_status_updates operation_status_update_acknowledgements"
    .split(" ")
    .flatMap((name) => [`valid_${name}`, `invalid_${name}`]),
  "recovery_slave_removals",
  "dropped_messages",
  "http_cache_hits",
]

/**
 * Every metric of the master by its Mesos name. Costs a pass over agents, frameworks and roles.
 * Source: apache/mesos: src/master/metrics.cpp, src/master/allocator/mesos/metrics.cpp.
 */
export function masterMetrics(ctx: Context, now: number): Readonly<Record<string, number>> {
  const metrics: Record<string, number> = {
    "master/elected": 1,
    "master/uptime_secs": (now - ctx.startedAt) / 1000,
    "master/outstanding_offers": ctx.offers.size,
  }
  for (const name of COUNTERS) metrics[`master/${name}`] = 0
  for (const [name, value] of ctx.counters) metrics[`master/${name}`] = value
  agentMetrics(ctx, metrics)
  frameworksMetrics(ctx, metrics)
  principalMetrics(ctx, metrics)
  taskMetrics(ctx, metrics)
  operationMetrics(ctx, metrics)
  resourceMetrics(ctx, metrics)
  allocatorMetrics(ctx, metrics)
  return metrics
}

function agentMetrics(ctx: Context, metrics: Record<string, number>): void {
  let connected = 0
  let active = 0
  for (const agent of ctx.agents.values()) {
    if (agent.connected) connected++
    if (agent.active) active++
  }
  metrics["master/slaves_connected"] = connected
  metrics["master/slaves_disconnected"] = ctx.agents.size - connected
  metrics["master/slaves_active"] = active
  metrics["master/slaves_inactive"] = ctx.agents.size - active
  metrics["master/slaves_unreachable"] = ctx.unreachable.size
}

function frameworksMetrics(ctx: Context, metrics: Record<string, number>): void {
  let connected = 0
  for (const framework of ctx.frameworks.values()) {
    if (framework.connected) connected++
    frameworkMetrics(framework, metrics)
  }
  metrics["master/frameworks_connected"] = connected
  metrics["master/frameworks_disconnected"] = ctx.frameworks.size - connected
  metrics["master/frameworks_active"] = connected
  metrics["master/frameworks_inactive"] = ctx.frameworks.size - connected
}

function taskMetrics(ctx: Context, metrics: Record<string, number>): void {
  for (const [name, state] of GAUGED) metrics[`master/${name}`] = ctx.taskStates.get(state) ?? 0
  let unreachable = 0
  for (const { unreachableTasks } of ctx.frameworks.values()) unreachable += unreachableTasks.size
  metrics["master/tasks_unreachable"] = unreachable
}

function resourceMetrics(ctx: Context, metrics: Record<string, number>): void {
  const { totalMilli } = ctx.allocator.stats()
  const usedMilli = new Map<string, number>()
  for (const framework of ctx.frameworks.values())
    for (const [name, milli] of framework.usedMilli)
      usedMilli.set(name, (usedMilli.get(name) ?? 0) + milli)
  for (const name of RESOURCES) {
    const total = (totalMilli.get(name) ?? 0) / 1000
    const used = (usedMilli.get(name) ?? 0) / 1000
    metrics[`master/${name}_total`] = total
    metrics[`master/${name}_used`] = used
    metrics[`master/${name}_percent`] = total === 0 ? 0 : used / total
    for (const kind of ["total", "used", "percent"]) metrics[`master/${name}_revocable_${kind}`] = 0
  }
}

function allocatorMetrics(ctx: Context, metrics: Record<string, number>): void {
  const stats = ctx.allocator.stats()
  metrics["allocator/mesos/allocation_runs"] = ctx.allocator.runs
  metrics["allocator/mesos/event_queue_dispatches"] = Number(ctx.allocator.pending)
  for (const [name, milli] of stats.totalMilli) {
    metrics[`allocator/mesos/resources/${name}/total`] = milli / 1000
    metrics[`allocator/mesos/resources/${name}/offered_or_allocated`] =
      (stats.allocatedMilli.get(name) ?? 0) / 1000
  }
  for (const [role, count] of stats.filtersByRole)
    metrics[`allocator/mesos/offer_filters/roles/${role}/active`] = count
  for (const [role, share] of stats.shareByRole)
    metrics[`allocator/mesos/roles/${role}/shares/dominant`] = share
  for (const [role, { guarantees, limits }] of ctx.quotas) {
    const allocated = ctx.allocator.allocated(role)
    for (const name of new Set([...guarantees.keys(), ...limits.keys()])) {
      const prefix = `allocator/mesos/quota/roles/${role}/resources/${name}`
      const guarantee = guarantees.get(name)
      const limit = limits.get(name)
      if (guarantee !== undefined) metrics[`${prefix}/guarantee`] = guarantee / 1000
      if (limit !== undefined) metrics[`${prefix}/limit`] = limit / 1000
      metrics[`${prefix}/offered_or_allocated`] = (allocated.get(name) ?? 0) / 1000
    }
  }
}
