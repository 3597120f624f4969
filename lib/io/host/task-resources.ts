import type { Resource, TaskInfo } from "#lib/mesos/index.ts"
import type { ContainerSpec } from "#lib/ports/index.ts"

/** The sum of a scalar resource of a task, in its own unit; undefined when it has none. */
export function scalar(task: TaskInfo, name: string): number | undefined {
  const amounts = resourcesOf(task, name).flatMap(({ value }) =>
    value.kind === "scalar" ? [value.milli] : [],
  )
  return amounts.length === 0 ? undefined : amounts.reduce((sum, each) => sum + each, 0) / 1000
}

/**
 * What the members of a container's task group may use of a resource beside what they ask for; nothing
 * for a container with limits of its own.
 */
export function sharedAmount({ shared = [], task }: ContainerSpec, name: string): number {
  if (task.container?.linuxInfo?.shareCgroups === false) return 0
  return scalar({ ...task, resources: shared }, name) ?? 0
}

/** The resources of a task that have that name. */
export const resourcesOf = (task: TaskInfo, name: string): readonly Resource[] =>
  (task.resources ?? []).filter((resource) => resource.name === name)
