import { limitOf, type Resources, type TaskInfo, type ValueScalar } from "#lib/mesos/index.ts"

/** What a task or an executor may use at most, by the resource's name; Infinity is no limit. */
export type Limits = Readonly<Record<string, ValueScalar>>

/** A task, as far as its share in an executor's limits goes. */
export type LimitedTask = Pick<TaskInfo, "resources" | "limits">

/**
 * The limits of an executor's container by those of its tasks, so that all may use what each may:
 * where any task names one, the sum of what tasks name, of what the others ask for, and of what the
 * executor has itself. Cpus have none where a task without one is to use what others leave, which is
 * when `enableCfs` is not set. Undefined where no task names a limit that counts.
 * Source: apache/mesos: src/slave/slave.cpp (computeExecutorLimits).
 */
export function executorLimits(
  executor: Resources,
  tasks: readonly LimitedTask[],
  enableCfs: boolean,
): Limits | undefined {
  const free = tasks.some(
    (task) => limitOf(task.limits, "cpus") === undefined && requested(task, "cpus"),
  )
  const cpus = free && !enableCfs ? undefined : total("cpus", executor, tasks)
  const mem = total("mem", executor, tasks)
  if (cpus === undefined && mem === undefined) return undefined
  return { ...(cpus === undefined ? {} : { cpus }), ...(mem === undefined ? {} : { mem }) }
}

/** Undefined where no task names a limit. */
function total(
  name: string,
  executor: Resources,
  tasks: readonly LimitedTask[],
): ValueScalar | undefined {
  if (tasks.every((task) => limitOf(task.limits, name) === undefined)) return undefined
  let value = amount(executor, name)
  for (const task of tasks) value += limitOf(task.limits, name) ?? requested(task, name)
  // Sums of thousandths, without what binary fractions add.
  return { value: Math.round(value * 1000) / 1000 }
}

const requested = ({ resources = [] }: LimitedTask, name: string): number => amount(resources, name)

function amount(resources: Resources, name: string): number {
  let milli = 0
  for (const { name: own, value } of resources)
    if (own === name && value.kind === "scalar") milli += value.milli
  return milli / 1000
}
