import type { Instance, TaskRecord } from "./records.ts"

/** Whether a task is healthy: all checks alive, one dead, or undefined while that is not known. */
export function taskHealth(task: TaskRecord | undefined): boolean | undefined {
  if (task === undefined || task.health.length === 0) return undefined
  if (task.health.some((result) => result?.alive === false)) return false
  return task.health.every((result) => result?.alive === true) ? true : undefined
}

/** The health of an instance: known only while its task runs. */
export const healthOf = (instance: Instance): boolean | undefined =>
  instance.condition === "Running" ? taskHealth(instance.task) : undefined

/** Whether a deployment may count on the instance: running, and healthy where health is checked. */
export const isServing = (instance: Instance): boolean =>
  instance.goal === "Running" &&
  instance.condition === "Running" &&
  instance.task?.killRequestedAt === undefined &&
  (instance.task?.health.length === 0 || taskHealth(instance.task) === true)
