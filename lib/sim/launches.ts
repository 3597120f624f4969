import type {
  ExecutorId,
  ExecutorInfo,
  FrameworkId,
  OfferOperation,
  TaskInfo,
} from "#lib/mesos/index.ts"
import type { Random } from "#lib/std/random.ts"
import { EXECUTOR_COMMAND, EXECUTOR_RESOURCES, forExecutor } from "./executor-info.ts"
import type { World } from "./world.ts"

/** Custom executors of one framework on one agent: tasks often meet one that runs already. */
const CUSTOM_EXECUTORS = 2

/** Who launches. */
export type Launcher = {
  readonly name: string
  readonly frameworkId: FrameworkId
  readonly random: Random
}

/**
 * How tasks of one offer are launched: each on its own, now and then as a group that lives and dies as
 * one, or by a custom executor. Returns that executor's id, too, if there is one.
 */
export function launchOf(
  world: World,
  { name, frameworkId, random }: Launcher,
  tasks: readonly TaskInfo[],
): { readonly operation: OfferOperation; readonly executorId?: ExecutorId } {
  const isCustom = world.swarm.customExecutors && random.chance(0.3)
  const isGroup = random.chance(0.25)
  if (isGroup) {
    world.marks.hit("task.group")
    for (const { taskId } of tasks) world.monitor.inGroup(frameworkId, taskId)
  }
  if (isCustom) {
    const executorId = `${name}.x${random.below(CUSTOM_EXECUTORS)}` as ExecutorId
    const executor: ExecutorInfo = {
      type: "CUSTOM",
      executorId,
      frameworkId,
      resources: EXECUTOR_RESOURCES,
      command: { value: EXECUTOR_COMMAND },
    }
    const theirs = tasks.map(forExecutor)
    const operation: OfferOperation = isGroup
      ? { kind: "launchGroup", executor, taskGroup: { tasks: theirs } }
      : { kind: "launch", taskInfos: theirs.map((task) => ({ ...task, executor })) }
    return { operation, executorId }
  }
  if (!isGroup) return { operation: { kind: "launch", taskInfos: tasks } }
  const executor: ExecutorInfo = {
    type: "DEFAULT",
    executorId: `${tasks[0]?.taskId}.pod` as ExecutorId,
    frameworkId,
    resources: EXECUTOR_RESOURCES,
  }
  return { operation: { kind: "launchGroup", executor, taskGroup: { tasks } } }
}
