import type { Instance } from "#lib/marathon/core/records.ts"
import type { MarathonView } from "#lib/marathon/core/view.ts"
import type { Encoded } from "#lib/marathon/model/index.ts"
import { withTasks } from "./task.ts"

/** How many tasks of an app are where. Tasks that wait for an offer count nowhere. */
export function taskCounts(instances: readonly Instance[], view: MarathonView): Encoded {
  const tasks = withTasks(instances)
  const count = (matches: (instance: Instance) => boolean): number => tasks.filter(matches).length
  return {
    tasksStaged: count(isStaged),
    tasksRunning: count(isRunning),
    tasksHealthy: count((instance) => view.health(instance) === true),
    tasksUnhealthy: count((instance) => view.health(instance) === false),
  }
}

/** Whether the task is launched but has not got further than TASK_STAGING. */
export const isStaged = ({ condition }: Instance): boolean =>
  condition === "Provisioned" || condition === "Staging"

/** Whether the task is in TASK_RUNNING. */
export const isRunning = ({ condition }: Instance): boolean => condition === "Running"
