import {
  quantityOf,
  revocable,
  nonRevocable,
  scalarQuantities,
  type Resources,
} from "#lib/mesos/index.ts"
import { countStates } from "#lib/agent/core/workload.ts"
import type { FrameworkRecord } from "#lib/agent/core/records.ts"
import type { AgentHttpOptions } from "./ports.ts"
import { usedResources } from "./render-state.ts"

const RESOURCES = ["cpus", "gpus", "mem", "disk"] as const

/**
 * The agent's metrics by name; parts that this agent does not have (oversubscription) count zero. Source: apache/mesos: src/slave/metrics.cpp, docs/monitoring.md.
 */
export function agentMetrics({
  driver,
  clock,
  ...options
}: AgentHttpOptions): Record<string, number> {
  const { agent } = driver
  const { counters, gc } = agent
  const states = countStates(agent.workload.tasks())
  const count = (...names: Parameters<typeof states.get>[0][]): number =>
    names.reduce((sum, name) => sum + (states.get(name) ?? 0), 0)
  const frameworks = [...agent.workload.frameworks].filter(({ executors }) => executors.size > 0)
  const executors = countExecutors(frameworks)
  return {
    "slave/uptime_secs": (clock.now() - options.startedAt) / 1000,
    "slave/registered": agent.registered ? 1 : 0,
    "slave/recovery_errors": 0,
    "slave/recovery_time_secs": driver.recoverySeconds,
    "slave/frameworks_active": frameworks.length,
    "slave/executors_registering": executors.starting,
    "slave/executors_running": executors.running,
    "slave/executors_terminating": executors.ending,
    "slave/executors_terminated": counters.executorsTerminated,
    "slave/executors_preempted": 0,
    "slave/container_launch_errors": counters.launchErrors,
    "slave/executor_directory_max_allowed_age_secs": gc.allowedAgeMs / 1000,
    ...resourceMetrics(agent.resources.total, usedResources(agent)),
    "slave/tasks_staging": count("TASK_STAGING"),
    "slave/tasks_starting": count("TASK_STARTING"),
    "slave/tasks_running": count("TASK_RUNNING"),
    "slave/tasks_killing": count("TASK_KILLING"),
    "slave/tasks_finished": counters.ended("TASK_FINISHED"),
    "slave/tasks_failed": counters.ended("TASK_FAILED"),
    "slave/tasks_killed": counters.ended("TASK_KILLED"),
    "slave/tasks_lost": counters.ended("TASK_LOST"),
    "slave/tasks_gone": counters.ended("TASK_GONE") + counters.ended("TASK_GONE_BY_OPERATOR"),
    "slave/valid_status_updates": counters.statusUpdates,
    "slave/invalid_status_updates": counters.invalidStatusUpdates,
    "slave/valid_framework_messages": counters.validFrameworkMessages,
    "slave/invalid_framework_messages": counters.invalidFrameworkMessages,
    "containerizer/mesos/container_destroy_errors": 0,
    "containerizer/fetcher/task_fetches_succeeded": driver.fetches.succeeded,
    "containerizer/fetcher/task_fetches_failed": driver.fetches.failed,
    "gc/path_removals_pending": gc.counts.pending,
    "gc/path_removals_succeeded": gc.counts.succeeded,
    "gc/path_removals_failed": gc.counts.failed,
    ...options.systemMetrics?.(),
  }
}

/** Executors that are not history; those built into the agent run as soon as they are there. */
function countExecutors(frameworks: readonly FrameworkRecord[]) {
  const counts = { starting: 0, running: 0, ending: 0, ended: 0 }
  for (const { executors } of frameworks)
    for (const { process } of executors.values()) counts[process?.phase ?? "running"]++
  return counts
}

function resourceMetrics(total: Resources, used: Resources): Record<string, number> {
  const metrics: Record<string, number> = {}
  for (const [suffix, pick] of [
    ["", nonRevocable],
    ["_revocable", revocable],
  ] as const) {
    const have = scalarQuantities(pick(total))
    const taken = scalarQuantities(pick(used))
    for (const name of RESOURCES) {
      const all = quantityOf(have, name) / 1000
      const some = quantityOf(taken, name) / 1000
      metrics[`slave/${name}${suffix}_total`] = all
      metrics[`slave/${name}${suffix}_used`] = some
      metrics[`slave/${name}${suffix}_percent`] = all > 0 ? some / all : 0
    }
  }
  return metrics
}
