import type { ContainerCreateOptions } from "dockerode"
import type { CommandInfo, ContainerInfo, ContainerInfoDockerInfo } from "#lib/mesos/index.ts"
import type { ContainerId, ContainerSpec } from "#lib/ports/index.ts"
import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import { dnsOf } from "#lib/io/host/container-dns.ts"
import type { ContainerDns } from "#lib/io/host/container-dns.ts"
import { CPU_PERIOD_US, taskLimits } from "#lib/io/host/task-limits.ts"
import type { Draft } from "./parameter-kinds.ts"
import { addPort, finished } from "./parameter-network.ts"
import { applyParameter } from "./parameters.ts"
import type { Parameter } from "./parameters.ts"
import { CONTAINER_SANDBOX, dockerVolumes } from "./volumes.ts"

/** The label that tells the containers of one agent from all others of a daemon. */
export const OWNER_LABEL = "dcos.agent"

/** The label that holds a container's id. */
export const CONTAINER_LABEL = "dcos.container"

/** The label that names the run of the kernel in which a container was made. */
export const BOOT_LABEL = "dcos.boot"

/**
 * What the daemon keeps of a container's output until the agent has copied it into the sandbox: a reader
 * that falls behind by more than one file misses what was in it, and gets a fifth less than a container
 * can write.
 */
const DAEMON_LOG = { Type: "json-file", Config: { "max-size": "500m", "max-file": "2" } }

/** The name of a container for Docker. */
export const containerName = (containerId: ContainerId): string => `mesos-${containerId}`

/** The request that makes a task's container. */
export type CreateOptionsInput = {
  readonly spec: ContainerSpec
  /** The agent's name among those that share the daemon. */
  readonly owner: string
  /** Names this run of the kernel. */
  readonly bootId: string
  /** Those of the task, with files read. */
  readonly parameters: readonly Parameter[]
  /** Bytes of memory of the machine. */
  readonly memoryBytes: number
  /** Whether cpus that a task asked for are a limit too, where it names none. */
  readonly enableCfs?: boolean | undefined
  /** Where the container sees its sandbox; as in Mesos by default. */
  readonly sandboxDirectory?: string | undefined
  /** How names are resolved where neither task nor network says (`--default_container_dns`). */
  readonly dns?: ContainerDns | undefined
  /** Device files for the container, at the same paths. */
  readonly devices?: readonly string[] | undefined
}

/** Turns a task into the request that makes its container; refuses what Docker cannot do, saying why. */
export function createOptions(input: CreateOptionsInput): Result<ContainerCreateOptions, string> {
  const { spec, owner, bootId, sandboxDirectory = CONTAINER_SANDBOX } = input
  const container = spec.task.container
  const docker = container?.docker
  if (container === undefined || docker === undefined)
    return err("the task has no ContainerInfo.docker, which a Docker container needs")
  const { sandbox, mounts = [] } = spec
  const volumes = dockerVolumes({
    sandbox,
    sandboxDirectory,
    volumes: container.volumes ?? [],
    mounts,
  })
  if (!volumes.ok) return volumes
  const name = containerName(spec.containerId)
  const draft: Draft = {
    name,
    Image: docker.image,
    Env: environment(spec, { name, sandboxDirectory }),
    Labels: {
      [OWNER_LABEL]: owner,
      [CONTAINER_LABEL]: spec.containerId,
      [BOOT_LABEL]: bootId,
    },
    HostConfig: {
      Binds: [...volumes.value.binds],
      ...(volumes.value.mounts.length === 0 ? {} : { Mounts: [...volumes.value.mounts] }),
      Privileged: docker.privileged ?? false,
      LogConfig: DAEMON_LOG,
      ...limits(input),
    },
  }
  // A terminal has a keyboard, for those who attach.
  if (container.ttyInfo !== undefined) Object.assign(draft, { Tty: true, OpenStdin: true })
  if (docker.volumeDriver !== undefined) draft.HostConfig.VolumeDriver = docker.volumeDriver
  draft.HostConfig.Devices = (input.devices ?? []).map((path) => ({
    PathOnHost: path,
    PathInContainer: path,
    CgroupPermissions: "mrw",
  }))
  for (const step of [
    () => applyCommand(draft, spec.task.command ?? {}),
    () => applyNetwork(draft, container, docker),
    () => applyPorts(draft, spec, docker),
  ]) {
    const problem = step()
    if (problem !== undefined) return err(problem)
  }
  for (const parameter of input.parameters) {
    const applied = applyParameter(draft, parameter)
    if (!applied.ok) return applied
  }
  applyDns(draft, input)
  return ok(finished(draft))
}

function environment(
  spec: ContainerSpec,
  { name, sandboxDirectory }: { readonly name: string; readonly sandboxDirectory: string },
): string[] {
  const given = Object.entries(spec.environment).filter(([key]) => key !== "MESOS_SANDBOX")
  return [
    ...given.map(([key, value]) => `${key}=${value}`),
    `MESOS_SANDBOX=${sandboxDirectory}`,
    `MESOS_CONTAINER_NAME=${name}`,
  ]
}

/** Shares for cpus, a hard limit for memory; a limit above the request makes the request a reservation. */
function limits(input: CreateOptionsInput): Draft["HostConfig"] {
  const { spec, memoryBytes, enableCfs } = input
  const { task } = spec
  const host: Draft["HostConfig"] = {}
  const limited = taskLimits(task, { machineBytes: memoryBytes, enableCfs })
  if (limited.cpuShares !== undefined) host.CpuShares = limited.cpuShares
  if (limited.cpuQuotaUs !== undefined) {
    host.CpuPeriod = CPU_PERIOD_US
    host.CpuQuota = limited.cpuQuotaUs
  }
  if (limited.memoryHardBytes !== undefined) host.Memory = limited.memoryHardBytes
  if (task.limits?.["mem"] === undefined) return host
  if (limited.memorySoftBytes !== undefined) host.MemoryReservation = limited.memorySoftBytes
  if (limited.oomScoreAdj !== undefined) host.OomScoreAdj = limited.oomScoreAdj
  return host
}

function applyCommand(draft: Draft, command: CommandInfo): string | undefined {
  const { value, arguments: given = [] } = command
  if (command.shell ?? true) {
    if (value === undefined) return "a shell command needs a value"
    draft.Entrypoint = ["/bin/sh"]
    draft.Cmd = ["-c", value]
    return undefined
  }
  const words = value === undefined ? given : [value, ...given]
  if (words.length > 0) draft.Cmd = [...words]
  return undefined
}

function applyNetwork(
  draft: Draft,
  container: ContainerInfo,
  docker: ContainerInfoDockerInfo,
): string | undefined {
  const network = docker.network ?? "HOST"
  const infos = container.networkInfos ?? []
  if (network === "USER") {
    const name = infos[0]?.name
    if (infos.length !== 1 || name === undefined)
      return "network USER needs exactly one network_infos entry, with a name"
    draft.HostConfig.NetworkMode = name
  } else draft.HostConfig.NetworkMode = network.toLowerCase()
  if (container.hostname === undefined) return undefined
  if (network === "HOST") return "a hostname cannot be set on the host network"
  draft.Hostname = container.hostname
  return undefined
}

/** Source: apache/mesos: src/docker/docker.cpp (RunOptions::create). */
function applyDns({ HostConfig: host }: Draft, { spec, dns = [] }: CreateOptionsInput): void {
  const { network: mode = "HOST" } = spec.task.container?.docker ?? {}
  const [network] = spec.task.container?.networkInfos ?? []
  const found = dnsOf(dns, { mode, network: mode === "USER" ? network?.name : undefined })
  if (found === undefined || [host.Dns, host.DnsSearch, host.DnsOptions].some(Boolean)) return
  host.Dns = [...found.nameservers]
  host.DnsSearch = [...found.search]
  host.DnsOptions = [...found.options]
}

function applyPorts(
  draft: Draft,
  spec: ContainerSpec,
  docker: ContainerInfoDockerInfo,
): string | undefined {
  const mappings = docker.portMappings ?? []
  if (mappings.length === 0) return undefined
  const network = docker.network ?? "HOST"
  if (network === "HOST" || network === "NONE")
    return `port mappings need network BRIDGE or USER, not ${network}`
  const ranges = (spec.task.resources ?? []).flatMap(({ name, value }) =>
    name === "ports" && value.kind === "ranges" ? value.ranges : [],
  )
  for (const { hostPort, containerPort, protocol = "tcp" } of mappings) {
    if (!ranges.some(({ begin, end }) => begin <= hostPort && hostPort <= end))
      return `host port ${hostPort} is not among the ports of the task's resources`
    addPort(draft, { hostPort: `${hostPort}`, port: `${containerPort}/${protocol}` })
  }
  return undefined
}
