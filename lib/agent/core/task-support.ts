import type { ExecutorInfo, TaskGroupInfo, TaskInfo, TaskStatus } from "#lib/mesos/index.ts"
import type { ContainerSpec } from "#lib/ports/index.ts"
import { err, ok, type Result } from "#lib/std/result.ts"

/** Why a task is not launched, as its terminal status says it. */
export type Refusal = Required<Pick<TaskStatus, "state" | "reason" | "message">>

/** How a task's container is run. */
export type RuntimeChoice = {
  readonly runtime: ContainerSpec["runtime"]
  /** Whether the container sees an image instead of the host's files. */
  readonly image: boolean
}

/**
 * The runtime for a task: Docker for DOCKER containers and, as long as it is the only one that knows
 * images, for MESOS containers with one; processes for the rest. Refused, naming what is missing,
 * when the task needs something that this agent does not have.
 */
export function chooseRuntime(
  task: TaskInfo,
  runtimes: ReadonlySet<ContainerSpec["runtime"]>,
): Result<RuntimeChoice, Refusal> {
  const docker = task.container?.type === "DOCKER"
  const image = docker || task.container?.mesos?.image !== undefined
  if (!image) return ok({ runtime: "process", image: false })
  if (task.container?.mesos?.image?.type === "APPC")
    return err(launchFailed("Images of type APPC are not supported: use a Docker image"))
  if (!docker && !runtimes.has("docker"))
    return err(
      launchFailed(
        "The task needs a container image, and this agent has found no Docker to run it with: start the Docker daemon, then restart the agent",
      ),
    )
  return ok({ runtime: "docker", image: true })
}

/** Why a single task cannot have the executor that it brings; undefined where it can, or brings none. */
export function executorRefusal(executor: ExecutorInfo | undefined): Refusal | undefined {
  if (executor?.type !== "DEFAULT") return undefined
  const message = "The default executor runs task groups: launch with LAUNCH_GROUP"
  return { state: "TASK_ERROR", reason: "REASON_TASK_INVALID", message }
}

/** Why a task group cannot run here, or undefined when it can. */
export function groupRefusal(group: TaskGroupInfo): Refusal | undefined {
  const ids = (group.tasks ?? []).map(({ taskId }) => taskId)
  if (new Set(ids).size < ids.length) return groupInvalid("The group names a task id twice")
  return undefined
}

/** The refusal of a group for a reason of its own. */
export const groupInvalid = (message: string): Refusal => ({
  state: "TASK_ERROR",
  reason: "REASON_TASK_GROUP_INVALID",
  message,
})

const launchFailed = (message: string): Refusal => ({
  state: "TASK_FAILED",
  reason: "REASON_CONTAINER_LAUNCH_FAILED",
  message,
})
