import type {
  ContainerInfo,
  ExecutorInfo,
  TaskGroupInfo,
  TaskInfo,
  TaskStatus,
} from "#lib/mesos/index.ts"
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

/** What the agent has to run tasks with. */
export type RuntimeOffer = {
  readonly runtimes: ReadonlySet<ContainerSpec["runtime"]>
  /** "linux": tasks without an image run in containers of runc too, where there is runc. */
  readonly launcher?: "linux" | "posix" | undefined
}

/**
 * The runtime for a task: Docker for DOCKER containers; runc for MESOS containers with an image, or
 * Docker where there is no runc; processes for the rest, unless the operator or the task wants it
 * isolated. Refused, naming what is missing, when the task needs something that this agent lacks.
 */
export function chooseRuntime(
  { container }: Pick<TaskInfo, "container">,
  { runtimes, launcher }: RuntimeOffer,
): Result<RuntimeChoice, Refusal> {
  const docker = container?.type === "DOCKER"
  const image = docker || container?.mesos?.image !== undefined
  if (container?.mesos?.image?.type === "APPC")
    return err(launchFailed("Images of type APPC are not supported: use a Docker image"))
  if (image && !docker && runtimes.has("runc")) return ok({ runtime: "runc", image })
  if (image && runtimes.has("docker")) return ok({ runtime: "docker", image })
  if (image)
    return err(
      launchFailed(
        docker
          ? "The task needs Docker, and this agent has found none: start the Docker daemon, then restart the agent"
          : "The task needs a container image, and this agent has found nothing to run it with: install runc and conmon, or start the Docker daemon, then restart the agent",
      ),
    )
  const isolation = isolationOf(container)
  if (runtimes.has("runc") && (launcher === "linux" || isolation !== undefined))
    return ok({ runtime: "runc", image })
  if (isolation !== undefined && container?.linuxInfo !== undefined)
    return err(
      launchFailed(
        `The task asks for ${isolation}, which needs runc, and this agent has found none: install runc and conmon, then restart the agent`,
      ),
    )
  return ok({ runtime: "process", image })
}

/** What of a container without an image only namespaces can give, in words. */
function isolationOf(container: ContainerInfo | undefined): string | undefined {
  const { linuxInfo = {}, volumes = [] } = container ?? {}
  const { boundingCapabilities, capabilityInfo, effectiveCapabilities } = linuxInfo
  if ((boundingCapabilities ?? capabilityInfo ?? effectiveCapabilities) !== undefined)
    return "capabilities of its own"
  if (linuxInfo.seccomp !== undefined) return "a filter of system calls"
  if (linuxInfo.ipcMode === "PRIVATE") return "shared memory of its own"
  if (linuxInfo.sharePidNamespace === false) return "a pid namespace of its own"
  return volumes.some(({ containerPath }) => containerPath.startsWith("/"))
    ? "volumes outside of its sandbox"
    : undefined
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
