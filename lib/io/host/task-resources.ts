import type { Resource, TaskInfo } from "#lib/mesos/index.ts"

/** The sum of a scalar resource of a task, in its own unit; undefined when it has none. */
export function scalar(task: TaskInfo, name: string): number | undefined {
  const amounts = resourcesOf(task, name).flatMap(({ value }) =>
    value.kind === "scalar" ? [value.milli] : [],
  )
  return amounts.length === 0 ? undefined : amounts.reduce((sum, each) => sum + each, 0) / 1000
}

/** The resources of a task that have that name. */
export const resourcesOf = (task: TaskInfo, name: string): readonly Resource[] =>
  (task.resources ?? []).filter((resource) => resource.name === name)
