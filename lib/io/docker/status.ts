import type { ContainerInspectInfo } from "dockerode"
import type { ContainerStatus, NetworkInfo } from "#lib/mesos/index.ts"
import type { ContainerExit, ContainerSpec, ContainerStarted } from "#lib/ports/index.ts"
import { ipAddress, mesosContainerId } from "#lib/io/host/container-status.ts"
import { resourcesOf } from "#lib/io/host/task-resources.ts"
import { bootedAt, bootId } from "#lib/io/host/proc.ts"
import { exitedStatus } from "#lib/io/host/wait-status.ts"
import { BOOT_LABEL } from "./create-options.ts"

/** Exit code of a container that was ended by SIGKILL: by somebody, or by the kernel for its memory. */
export const KILLED_EXIT = 137

/** A container that runs, as the API shows it; `data` is what `docker inspect` prints. */
export function startedOf(
  spec: ContainerSpec,
  inspected: ContainerInspectInfo,
  agentAddress: string,
): ContainerStarted {
  const status: ContainerStatus = {
    containerId: mesosContainerId(spec.containerId),
    networkInfos: networksOf(inspected, agentAddress),
    executorPid: inspected.State.Pid,
  }
  return { status, data: JSON.stringify([withoutSecrets(spec, inspected)]) }
}

/** What the daemon says without the values of variables that are secrets: others read it. */
function withoutSecrets(
  { task }: ContainerSpec,
  inspected: ContainerInspectInfo,
): ContainerInspectInfo {
  const variables = task.command?.environment?.variables ?? []
  const secret = new Set(variables.flatMap((it) => (it.secret === undefined ? [] : [it.name])))
  if (secret.size === 0) return inspected
  const { Config: config } = inspected
  const shown = config.Env.map((entry) => {
    const name = entry.slice(0, entry.indexOf("="))
    return secret.has(name) ? `${name}=***` : entry
  })
  return { ...inspected, Config: { ...config, Env: shown } }
}

/** The container's networks; its host's address where it shares the network of its host. */
function networksOf(inspected: ContainerInspectInfo, agentAddress: string): readonly NetworkInfo[] {
  if (inspected.HostConfig.NetworkMode === "host")
    return [{ ipAddresses: [ipAddress(agentAddress)] }]
  return Object.entries(inspected.NetworkSettings.Networks ?? {}).flatMap(([name, network]) => {
    const addresses = [network.IPAddress, network.GlobalIPv6Address].filter(
      (address) => typeof address === "string" && address !== "",
    )
    if (addresses.length === 0) return []
    const info = { ipAddresses: addresses.map(ipAddress) }
    return [name === "bridge" ? info : { name, ...info }]
  })
}

/** The address at which the container's ports answer from this machine. */
export function reachableAddress(inspected: ContainerInspectInfo): string {
  for (const network of Object.values(inspected.NetworkSettings.Networks ?? {}))
    if (network.IPAddress) return network.IPAddress
  return "127.0.0.1"
}

/** The signal that asks the container to end: its image's, or SIGTERM. */
export function stopSignal(inspected: ContainerInspectInfo): string {
  const { Config: config } = inspected
  const signal = "StopSignal" in config ? config.StopSignal : undefined
  return typeof signal === "string" && signal !== "" ? signal : "SIGTERM"
}

/** How a container ended that is known not to run, if the daemon knows it at all. */
export function endOf(
  spec: ContainerSpec,
  inspected: ContainerInspectInfo | undefined,
): ContainerExit {
  if (inspected === undefined)
    return { message: "the exit status is lost: the container was removed from Docker" }
  return wasStarted(inspected)
    ? exitOf(spec, inspected)
    : { message: "the container was made and never started: its agent ended before that" }
}

/**
 * Whether a container was ever started. One that was not has no end either, though the daemon shows an
 * exit code of 0 for it, also while it is being removed.
 */
export const wasStarted = ({ State }: ContainerInspectInfo): boolean =>
  Date.parse(State.StartedAt) > 0

/**
 * How a container that does not run any more ended. Of one that was running as the machine lost power
 * the daemon found out when it came back, and made its exit code up.
 */
export function exitOf(spec: ContainerSpec, inspected: ContainerInspectInfo): ContainerExit {
  const boot = inspected.Config.Labels[BOOT_LABEL] ?? bootId()
  if (boot !== bootId() && Date.parse(inspected.State.FinishedAt) >= bootedAt())
    return { message: "the machine was restarted" }
  const { ExitCode, OOMKilled, Error: problem } = inspected.State
  const status = exitedStatus(ExitCode)
  const exit = problem === "" ? { status } : { status, message: problem }
  // The daemon says that of any process of the container, which may have gone on without it.
  if (!OOMKilled || ExitCode === 0) return exit
  if (ExitCode !== KILLED_EXIT)
    return { status, message: problem || "a process of it was killed because memory ran out" }
  const limit = Math.round((inspected.HostConfig.Memory ?? 0) / 1024 / 1024)
  return {
    ...exit,
    limitation: {
      reason: "REASON_CONTAINER_LIMITATION_MEMORY",
      message: `Memory limit exceeded: the container may use ${limit} MB`,
      resources: resourcesOf(spec.task, "mem"),
    },
  }
}
