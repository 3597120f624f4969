import type { DiscoveryInfo, Resource, Resources, Task, TaskStatus } from "#lib/mesos/index.ts"
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
    resources: task.resources.map((resource) => shared.intern(resource, keyOf(resource))),
    labels: share(task.labels),
    discovery: compactDiscovery(shared, task.discovery),
    container: share(task.container),
    healthCheck: share(task.healthCheck),
    killPolicy: share(task.killPolicy),
    limits: share(task.limits),
    statuses: compactStatuses(task),
  }
}

/** Instances differ in their ports: the whole would be shared with none, and only crowd the others out. */
function compactDiscovery(
  shared: Interner,
  discovery: DiscoveryInfo | undefined,
): DiscoveryInfo | undefined {
  const ports = discovery?.ports?.ports
  if (discovery === undefined || ports === undefined) return discovery
  return {
    ...discovery,
    name: discovery.name === undefined ? undefined : shared.intern(discovery.name),
    ports: { ports: ports.map((port) => shared.intern(port)) },
  }
}

/** What tells a plain amount from all others; undefined leaves that to its JSON, which takes longer. */
function keyOf(resource: Resource): string | undefined {
  const { name, value, reservations, allocationRole = "" } = resource
  const { providerId, disk, revocable, shared } = resource
  if (reservations.length > 0 || providerId !== undefined || disk !== undefined) return undefined
  if (revocable !== undefined || shared !== undefined) return undefined
  if (value.kind === "scalar") return `${name} ${value.milli} ${allocationRole}`
  const [range] = value.kind === "ranges" && value.ranges.length === 1 ? value.ranges : []
  return range && `${name} ${range.begin}-${range.end} ${allocationRole}`
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
