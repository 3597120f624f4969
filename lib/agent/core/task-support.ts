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
  /** "linux": tasks without a container run in one of runc too, where there is runc. */
  readonly launcher?: "linux" | "posix" | undefined
}

/**
 * The runtime for a task: Docker for DOCKER containers; runc for MESOS containers, where there is none
 * Docker for those with an image and processes for those without; processes for tasks without a
 * container, unless the operator wants them isolated. Refused, naming what is missing, when the task
 * needs something that this agent lacks.
 */
export function chooseRuntime(
  { container }: Pick<TaskInfo, "container">,
  { runtimes, launcher }: RuntimeOffer,
): Result<RuntimeChoice, Refusal> {
  const docker = container?.type === "DOCKER"
  const image = docker || container?.mesos?.image !== undefined
  if (container?.mesos?.image?.type === "APPC")
    return err(launchFailed("Images of type APPC are not supported: use a Docker image"))
  // Where Docker is missing its runtime says why, and what to do about it.
  if (docker) return ok({ runtime: "docker", image })
  if (image && runtimes.has("runc")) return ok({ runtime: "runc", image })
  if (image && runtimes.has("docker")) return ok({ runtime: "docker", image })
  if (image)
    return err(
      launchFailed(
        "The task needs a container image, and this agent has found nothing to run it with: install runc and conmon, or start the Docker daemon, then restart the agent",
      ),
    )
  if (runtimes.has("runc") && (launcher === "linux" || container !== undefined))
    return ok({ runtime: "runc", image })
  const isolation = isolationOf(container)
  if (isolation !== undefined) return err(needsRunc(isolation))
  return ok({ runtime: "process", image })
}

/** The name of a network that a container wants to be in, the first of them; undefined for its host's. */
export const namedNetwork = (container: ContainerInfo | undefined): string | undefined =>
  container?.networkInfos?.find(({ name }) => name !== undefined && name !== "")?.name

/**
 * The runtime for a member of a group, whose executor's container may ask for a network that all members
 * share.
 */
export function chooseMemberRuntime(
  { container }: Pick<TaskInfo, "container">,
  executor: Pick<ExecutorInfo, "container">,
  offer: RuntimeOffer,
): Result<RuntimeChoice, Refusal> {
  const network = namedNetwork(executor.container)
  if (network === undefined) return chooseRuntime({ container }, offer)
  const choice = chooseRuntime({ container: container ?? { type: "MESOS" } }, offer)
  return choice.ok && choice.value.runtime !== "runc"
    ? err(needsRunc(networkText(network)))
    : choice
}

const networkText = (name: string): string => `container network '${name}'`

/** What of a container's settings only namespaces can give, in words. */
function isolationOf(container: ContainerInfo | undefined): string | undefined {
  const network = namedNetwork(container)
  if (network !== undefined) return networkText(network)
  const { boundingCapabilities, capabilityInfo, effectiveCapabilities, ...linux } =
    container?.linuxInfo ?? {}
  if ((boundingCapabilities ?? capabilityInfo ?? effectiveCapabilities) !== undefined)
    return "capabilities of its own"
  if (linux.seccomp !== undefined) return "a filter of system calls"
  if (linux.ipcMode === "PRIVATE") return "shared memory of its own"
  return linux.sharePidNamespace === false ? "a pid namespace of its own" : undefined
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

const needsRunc = (what: string): Refusal =>
  launchFailed(
    `The task asks for ${what}, which needs runc, and this agent has found none: install runc and conmon, then restart the agent`,
  )

const launchFailed = (message: string): Refusal => ({
  state: "TASK_FAILED",
  reason: "REASON_CONTAINER_LAUNCH_FAILED",
  message,
})
