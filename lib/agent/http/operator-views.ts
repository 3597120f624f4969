import { brandId, type agent as v1, type AgentId, type Task } from "#lib/mesos/index.ts"
import type { Agent } from "#lib/agent/core/agent.ts"
import {
  isQueued,
  isTerminal,
  type ExecutorRecord,
  type FrameworkRecord,
  type TaskRecord,
} from "#lib/agent/core/records.ts"
import { describeTask, nestedContainerId } from "#lib/agent/core/statuses.ts"
import type { ContainerUsage, MeasuredContainer } from "./container-statistics.ts"

/** GET_FRAMEWORKS: those that have executors here, and those that had. */
export function listFrameworks(agent: Agent): v1.ResponseGetFrameworks {
  const shown = (frameworks: readonly FrameworkRecord[]) =>
    frameworks.map(({ info }) => ({ frameworkInfo: info }))
  const all = [...agent.workload.frameworks]
  return {
    frameworks: shown(all.filter(({ executors }) => executors.size > 0)),
    completedFrameworks: shown(all.filter(({ executors }) => executors.size === 0)),
  }
}

/** GET_EXECUTORS. */
export function listExecutors(agent: Agent): v1.ResponseGetExecutors {
  const shown = (executors: readonly ExecutorRecord[]) =>
    executors.map(({ launch }) => ({ executorInfo: launch.info }))
  const frameworks = [...agent.workload.frameworks]
  return {
    executors: shown(frameworks.flatMap(({ executors }) => [...executors.values()])),
    completedExecutors: shown(frameworks.flatMap(({ completedExecutors }) => completedExecutors)),
  }
}

/**
 * GET_TASKS. Nothing is pending, as the agent decides on a task in the moment it arrives; it is queued
 * until its container is reported, or its executor was sent it, and terminated until its end is acknowledged.
 * Source: apache/mesos: src/slave/http.cpp (getTasks).
 */
export function listTasks(agent: Agent): v1.ResponseGetTasks {
  const agentId = agent.agentId ?? brandId<AgentId>("")
  const queuedTasks: Task[] = []
  const launchedTasks: Task[] = []
  const terminatedTasks: Task[] = []
  const completedTasks: Task[] = []
  const describe = (task: TaskRecord): Task => {
    const { frameworkId, info } = task.launch
    return describeTask(task, agentId, agent.streams.pending(frameworkId, info.taskId))
  }
  for (const { executors, completedExecutors } of agent.workload.frameworks)
    for (const executor of [...completedExecutors, ...executors.values()]) {
      for (const task of executor.completedTasks)
        completedTasks.push(describeTask(task, agentId, []))
      for (const task of executor.tasks.values()) {
        if (isTerminal(task.progress.state)) terminatedTasks.push(describe(task))
        else if (isQueued(task)) queuedTasks.push(describe(task))
        else launchedTasks.push(describe(task))
      }
    }
  return { pendingTasks: [], queuedTasks, launchedTasks, terminatedTasks, completedTasks }
}

/** GET_CONTAINERS: of executors, and those nested in them where they are asked for. */
export const listContainers = (
  usages: readonly ContainerUsage[],
  { showNested = false }: v1.CallGetContainers,
): readonly v1.ResponseGetContainersContainer[] =>
  usages.flatMap((usage) =>
    [usage, ...(showNested ? usage.nested : [])].map((each) => showContainer(usage, each)),
  )

function showContainer(
  { executor: { launch } }: ContainerUsage,
  { containerId, status, statistics }: MeasuredContainer,
): v1.ResponseGetContainersContainer {
  return {
    frameworkId: launch.frameworkId,
    executorId: launch.info.executorId,
    executorName: launch.info.name ?? "",
    containerId: nestedContainerId(containerId),
    containerStatus: status,
    ...(statistics === undefined ? {} : { resourceStatistics: statistics }),
  }
}

/** GET_AGENT: what the agent told the master of itself, and how it is being drained. */
export function showAgent({ agentId, options, drain }: Agent): v1.ResponseGetAgent {
  const { current } = drain
  return {
    agentInfo: { ...options.info, ...(agentId === undefined ? {} : { id: agentId }) },
    ...(current && {
      drainConfig: current.config,
      estimatedDrainStartTime: { nanoseconds: Math.round(current.since * 1_000_000) },
    }),
  }
}
