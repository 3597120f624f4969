import type { ContainerStatus, NetworkInfo, Task, TaskStatus } from "#lib/mesos/index.ts"
import { equal } from "#lib/std/equal.ts"

/** Where a task runs: the tasks of an agent mostly share its address. Written by this file only. */
export type StatusHost = {
  /** As the status has them that was kept last. */
  networkInfos: readonly NetworkInfo[] | undefined
}

/** What a status is kept beside. */
type Place = {
  /** Its own ids, of which statuses have no second copies. */
  readonly task: Pick<Task, "taskId" | "agentId" | "executorId">
  readonly host: StatusHost
  readonly before: TaskStatus | undefined
}

/** The statuses that a registration tells of a task, as they are kept. */
export function compactStatuses(task: Task, host: StatusHost): readonly TaskStatus[] {
  const kept: TaskStatus[] = []
  for (const status of task.statuses ?? [])
    kept.push(compactStatus(status, { task, host, before: kept.at(-1) }))
  return kept
}

/**
 * A status as it is kept: without the framework's own data, which may be large and nobody asks the
 * master for, and without second copies of ids and facts.
 */
export function compactStatus(full: TaskStatus, { task, host, before }: Place): TaskStatus {
  const kept: { -readonly [Member in keyof TaskStatus]: TaskStatus[Member] } = {
    ...full,
    taskId: task.taskId,
    agentId: task.agentId,
  }
  if (full.data !== undefined) kept.data = undefined
  const { executorId, containerStatus } = full
  if (executorId !== undefined) {
    const known = [task.executorId, before?.executorId, task.taskId]
    kept.executorId = (known.find((id) => id === executorId) ?? executorId) as typeof executorId
  }
  if (containerStatus !== undefined)
    kept.containerStatus = equal(containerStatus, before?.containerStatus)
      ? before?.containerStatus
      : compactContainer(containerStatus, host)
  return kept
}

function compactContainer(container: ContainerStatus, host: StatusHost): ContainerStatus {
  const { networkInfos } = container
  if (networkInfos === undefined) return container
  if (!equal(networkInfos, host.networkInfos)) host.networkInfos = networkInfos
  return { ...container, networkInfos: host.networkInfos }
}
