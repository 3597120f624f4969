import type { Resources, Task, TaskStatus } from "#lib/mesos/index.ts"
import { equal } from "#lib/std/equal.ts"
import type { Interner } from "#lib/std/interner.ts"

/** A task as it is kept: with its resources and their role. */
type KeptTask = Task & { readonly resources: Resources; readonly role: string }

/** The same task, with what instances of one service have in common shared between them. */
export function compactTask(shared: Interner, task: KeptTask): KeptTask {
  const share = <T extends object>(value: T | undefined): T | undefined =>
    value === undefined ? undefined : shared.intern(value)
  return {
    ...task,
    name: shared.intern(task.name),
    role: shared.intern(task.role),
    user: task.user === undefined ? undefined : shared.intern(task.user),
    resources: task.resources.map((resource) => shared.intern(resource)),
    labels: share(task.labels),
    discovery: share(task.discovery),
    container: share(task.container),
    healthCheck: share(task.healthCheck),
    killPolicy: share(task.killPolicy),
    limits: share(task.limits),
    statuses: compactStatuses(task),
  }
}

function compactStatuses(task: Task): readonly TaskStatus[] {
  const kept: TaskStatus[] = []
  for (const status of task.statuses ?? []) kept.push(compactStatus(task, status, kept.at(-1)))
  return kept
}

/**
 * A status as it is kept beside an earlier one of its task: without the framework's own data, which
 * may be large and nobody asks the master for, and without second copies of ids and facts.
 */
export function compactStatus(
  task: Pick<Task, "taskId" | "agentId" | "executorId">,
  full: TaskStatus,
  before: TaskStatus | undefined,
): TaskStatus {
  const { data: _, ...status } = full
  const { executorId, containerStatus } = status
  const known = [task.executorId, before?.executorId, task.taskId]
  return {
    ...status,
    taskId: task.taskId,
    agentId: task.agentId,
    ...(executorId === undefined
      ? {}
      : { executorId: (known.find((id) => id === executorId) ?? executorId) as typeof executorId }),
    ...(containerStatus === undefined
      ? {}
      : {
          containerStatus: equal(containerStatus, before?.containerStatus)
            ? before?.containerStatus
            : containerStatus,
        }),
  }
}
