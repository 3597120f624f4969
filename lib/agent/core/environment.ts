import type { AgentId, ExecutorInfo, TaskInfo } from "#lib/mesos/index.ts"
import type { ContainerId, ContainerSpec, Gpu } from "#lib/ports/index.ts"
import { gpuVariables } from "./gpus.ts"
import type { ExecutorLaunch } from "./records.ts"
import { namedNetwork } from "./task-support.ts"
import { formatDuration } from "#lib/std/duration.ts"
import type { AgentLimits, AgentOptions } from "./types.ts"

/** What a task finds when it looks for programs and the host says nothing else. */
export const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/** Where an image sees its sandbox. Source: apache/mesos: src/slave/flags.cpp (sandbox_directory). */
export const SANDBOX_IN_IMAGE = "/mnt/mesos/sandbox"

/** Beyond the task's own grace, the time an executor gets: one reap interval and a second. */
const EXECUTOR_GRACE_EXTRA_MS = 2_000

/** Everything a task's variables are made of. */
export type EnvironmentSource = {
  readonly options: AgentOptions
  readonly limits: AgentLimits
  readonly agentId: AgentId
  readonly task: TaskInfo
  readonly executor: ExecutorInfo
  readonly executorKind: ExecutorLaunch["kind"]
  readonly containerId: ContainerId
  readonly runtime: ContainerSpec["runtime"]
  /** Whether the container sees an image instead of the host's files. */
  readonly image: boolean
  readonly sandbox: string
  /** Those of the container. */
  readonly gpus: readonly Gpu[]
  readonly killGraceMs: number
  readonly checkpoint: boolean
}

/**
 * The whole environment of a task: the operator's variables, what the agent tells it, and those of
 * its command, later ones winning. Those that are secrets come with the launch only.
 * Source: apache/mesos: src/slave/slave.cpp (executorEnvironment), docs/executor-http-api.md.
 */
export function taskEnvironment(source: EnvironmentSource): Readonly<Record<string, string>> {
  const environment: Record<string, string> = {
    // An image knows its own path.
    ...(source.runtime === "process" ? { PATH: DEFAULT_PATH } : {}),
    ...source.options.taskEnvironment,
    ...agentVariables(source),
    ...gpuVariables(source.options.gpus ?? [], source.gpus),
  }
  for (const { name, value } of source.task.command?.environment?.variables ?? [])
    if (value !== undefined) environment[name] = value
  return environment
}

/** Whether a container is on the network of its host, where its agent's address is its own. */
const isOnHost = ({ runtime, task, executor, executorKind }: EnvironmentSource): boolean =>
  runtime !== "runc" ||
  (namedNetwork(task.container) === undefined &&
    (executorKind !== "default" || namedNetwork(executor.container) === undefined))

function agentVariables(source: EnvironmentSource): Record<string, string> {
  const { options, limits, task, executor } = source
  const port = options.info.port ?? 5051
  const shutdownGraceMs =
    source.executorKind === "command"
      ? source.killGraceMs + EXECUTOR_GRACE_EXTRA_MS
      : executor.shutdownGracePeriod === undefined
        ? limits.shutdownGraceMs
        : executor.shutdownGracePeriod.nanoseconds / 1e6
  const role = task.resources?.find(({ allocationRole }) => allocationRole)?.allocationRole
  return {
    DCOS_EXECUTABLE: options.executable,
    // Source: apache/mesos: src/slave/containerizer/mesos/isolators/network/cni/cni.cpp (prepare).
    LIBPROCESS_IP: isOnHost(source) ? options.ip : "0.0.0.0",
    LIBPROCESS_PORT: "0",
    MESOS_AGENT_ENDPOINT: `${options.ip}:${port}`,
    ...(role === undefined ? {} : { MESOS_ALLOCATION_ROLE: role }),
    MESOS_CHECKPOINT: source.checkpoint ? "1" : "0",
    ...(source.executorKind === "default" ? { MESOS_CONTAINER_IP: options.ip } : {}),
    ...(source.runtime === "docker" ? { MESOS_CONTAINER_NAME: `mesos-${source.containerId}` } : {}),
    MESOS_DIRECTORY: source.sandbox,
    // What has an image, and containers of Docker, see no files of the machine.
    ...(options.domainSocket === undefined || source.image || source.runtime === "docker"
      ? {}
      : { MESOS_DOMAIN_SOCKET: options.domainSocket }),
    MESOS_EXECUTOR_ID: executor.executorId,
    MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD: formatDuration(shutdownGraceMs),
    MESOS_FRAMEWORK_ID: executor.frameworkId ?? "",
    MESOS_HTTP_COMMAND_EXECUTOR: "0",
    ...(source.checkpoint
      ? {
          MESOS_RECOVERY_TIMEOUT: formatDuration(limits.recoveryTimeoutMs),
          MESOS_SUBSCRIPTION_BACKOFF_MAX: formatDuration(limits.executorReturnMs),
        }
      : {}),
    MESOS_SANDBOX: source.image ? SANDBOX_IN_IMAGE : source.sandbox,
    MESOS_SLAVE_ID: source.agentId,
    MESOS_SLAVE_PID: `slave(1)@${options.ip}:${port}`,
  }
}
