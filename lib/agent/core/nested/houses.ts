import type { ContainerInfo, Resources } from "#lib/mesos/index.ts"
import type { ContainerId, ContainerSpec } from "#lib/ports/index.ts"
import {
  containerOf,
  isTerminal,
  type ExecutorRecord,
  type TaskRecord,
} from "#lib/agent/core/records.ts"
import type { Workload } from "#lib/agent/core/workload.ts"
import { rootOf } from "./container-id.ts"
import type { CalledContainer, ContainerOwner } from "./records.ts"

/** A place that containers can be nested in. */
export type House = {
  /** Nobody may move in unless it runs. */
  readonly state: "starting" | "running" | "ending"
  readonly sandbox: string
  /** The account that runs there, or undefined for the agent's own. */
  readonly user: string | undefined
  readonly owner: ContainerOwner | undefined
  /** What it has: its persistent volumes lie in its sandbox. */
  readonly resources: Resources | undefined
  /** The container itself; absent for an executor of the agent's own, which is books only. */
  readonly spec: ContainerSpec | undefined
  /** What such an executor asks for that is shared by whoever lives in it. */
  readonly groupContainer?: ContainerInfo | undefined
}

/** The executor whose container this is; only those that run. */
export function executorOf(workload: Books, containerId: ContainerId): ExecutorRecord | undefined {
  for (const { executors } of workload.frameworks)
    for (const executor of executors.values())
      if (executor.launch.containerId === containerId) return executor
  return undefined
}

type Books = Pick<Workload, "frameworks" | "taskOf">

/** The task of a container whose executor runs; the task itself may have ended. */
export function taskOf(workload: Books, containerId: ContainerId): TaskRecord | undefined {
  const live = workload.taskOf(containerId)
  if (live !== undefined) return live
  const executor = executorOf(workload, rootOf(containerId))
  return executor?.completedTasks.find(({ launch }) => launch.spec?.containerId === containerId)
}

/** A task of an executor that is history, by its container. */
export function formerTaskOf(workload: Books, containerId: ContainerId): TaskRecord | undefined {
  for (const { completedExecutors } of workload.frameworks)
    for (const { completedTasks } of completedExecutors)
      for (const task of completedTasks)
        if (task.launch.spec?.containerId === containerId) return task
  return undefined
}

/** The executor that a container lives in, or is. */
export function ownerOf(workload: Books, containerId: ContainerId): ContainerOwner | undefined {
  const executor = executorOf(workload, rootOf(containerId))
  if (executor === undefined) return undefined
  const { frameworkId, info } = executor.launch
  return { frameworkId, executorId: info.executorId }
}

/** The place of that name, while it runs; undefined when there is none. */
export function houseOf(
  workload: Books,
  called: ReadonlyMap<ContainerId, CalledContainer>,
  containerId: ContainerId,
): House | undefined {
  const container = called.get(containerId)
  if (container !== undefined) {
    if (container.state === "ended") return undefined
    const { spec, owner } = container
    const running = container.state === "running" ? "running" : "starting"
    const state = container.doomed ? "ending" : running
    return {
      state,
      sandbox: spec.sandbox,
      user: spec.user,
      owner,
      resources: spec.task.resources,
      spec,
    }
  }
  const owner = ownerOf(workload, containerId)
  if (owner === undefined) return undefined
  const task = workload.taskOf(containerId)
  if (task !== undefined) return houseOfTask(task, owner)
  const executor = executorOf(workload, containerId)
  return executor === undefined ? undefined : houseOfExecutor(executor, owner)
}

function houseOfTask(task: TaskRecord, owner: ContainerOwner): House | undefined {
  const { startedAt, kill, state: taskState } = task.progress
  if (isTerminal(taskState)) return undefined
  const spec = containerOf(task)
  // A task that was told to end may still need who helps it to.
  const running = kill?.graceMs === 0 ? "ending" : "running"
  const state = startedAt === undefined ? "starting" : running
  return {
    state,
    sandbox: spec.sandbox,
    user: spec.user,
    owner,
    resources: spec.task.resources,
    spec,
  }
}

function houseOfExecutor(executor: ExecutorRecord, owner: ContainerOwner): House | undefined {
  const { launch, framework, tasks, process } = executor
  if (process?.phase === "ended") return undefined
  const live = [...tasks.values()].filter(({ progress }) => !isTerminal(progress.state))
  const bookOnly = framework.terminating || live.length === 0 ? "ending" : "running"
  return {
    state: process?.phase ?? bookOnly,
    sandbox: launch.directory,
    user: launch.process?.spec.user ?? live[0]?.launch.spec?.user,
    owner,
    resources: launch.info.resources,
    spec: launch.process?.spec,
    groupContainer: launch.kind === "default" ? launch.info.container : undefined,
  }
}
