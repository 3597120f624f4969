import type { ContainerInfo } from "#lib/mesos/index.ts"
import type { ContainerSpec } from "#lib/ports/index.ts"
import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import { resourceLimits } from "#lib/io/host/rlimits.ts"
import { taskLimits } from "#lib/io/host/task-limits.ts"
import { capabilitiesOf } from "./capabilities.ts"
import { argumentsOf, environmentOf } from "./command.ts"
import { deviceNodes, deviceRules } from "./devices.ts"
import type { DeviceAccess } from "./devices.ts"
import { versionOneLimits } from "./limits.ts"
import { MASKED_PATHS, mountsOf, READONLY_PATHS, sandboxPath } from "./mounts.ts"
import type { BoundFile, ContainerRoot } from "./mounts.ts"
import type { OciNamespace, OciProcess, OciSeccomp, OciSpec, OciUser } from "./oci.ts"
import type { RuncSettings } from "./settings.ts"
import { hasOwnMemory } from "./shared-memory.ts"
import type { SharedMemory } from "./shared-memory.ts"

/** Stands for a resource limit that is none. */
export const UNLIMITED = Number.MAX_SAFE_INTEGER

/** Everything that a container's configuration follows from. */
export type SpecInput = {
  readonly spec: ContainerSpec
  readonly settings: RuncSettings
  readonly root: ContainerRoot
  readonly user: OciUser
  /** The cgroup that runc makes, from the top of the hierarchies. */
  readonly cgroupsPath: string
  /** In version 2 the agent sets the limits itself. */
  readonly cgroupVersion: 1 | 2
  /** First process of the container that this one lives in, whose namespaces it may share. */
  readonly parentPid?: number | undefined
  /** The network that it is in, where that is not its host's. */
  readonly network?: SpecNetwork | undefined
  /** The shared memory of others, where it has none of its own and that is not the machine's. */
  readonly memory?: SharedMemory | undefined
  /** Devices of this container alone, such as GPUs. */
  readonly devices: readonly DeviceAccess[]
  /** The filter for a set of capabilities ("CAP_CHOWN"); undefined for none. */
  readonly seccomp: (capabilities: ReadonlySet<string>) => OciSeccomp | undefined
  /** Files of the machine that an image on its network needs, such as /etc/resolv.conf. */
  readonly hostFiles: readonly BoundFile[]
  /** What packets of the container are told by, with version 1. */
  readonly netClsId?: number | undefined
  /** Memory of the machine in bytes. */
  readonly machineBytes: number
}

/** A network that is not the machine's. */
export type SpecNetwork = {
  /** Path of its namespace. */
  readonly namespace: string
  /** The container's own address in it. */
  readonly address?: string | undefined
  /** What the container calls itself; absent where that is shared with its parent. */
  readonly hostname?: string | undefined
  /** Files of the container's /etc that tell of the network. */
  readonly files: readonly BoundFile[]
}

/** Makes a container's configuration; refuses what this runtime cannot do, saying why. */
export function ociSpec(input: SpecInput): Result<OciSpec, string> {
  const { spec, settings, root } = input
  const { container } = spec.task
  const problem = unsupported(input)
  if (problem !== undefined) return err(problem)
  const process = processOf(input)
  if (!process.ok) return process
  const { linuxInfo = {} } = container ?? {}
  const hostname = hostnameOf(input)
  const devices = [...settings.allowedDevices, ...input.devices]
  const capabilities = new Set(process.value.capabilities.effective)
  const seccomp = linuxInfo.seccomp?.unconfined === true ? undefined : input.seccomp(capabilities)
  return ok({
    ociVersion: "1.0.2",
    process: process.value,
    root: { path: "rootfs", readonly: root.kind === "image" && settings.readOnlyRoots },
    ...(hostname === undefined ? {} : { hostname }),
    mounts: mountsOf({
      root,
      sandbox: spec.sandbox,
      sandboxDirectory: settings.sandboxDirectory,
      mounts: spec.mounts ?? [],
      shmSizeMib: linuxInfo.shmSize ?? settings.defaultShmSizeMib,
      ownPids: linuxInfo.sharePidNamespace !== true || input.parentPid !== undefined,
      shm: sharesAgentIpc(input) ? "/dev/shm" : input.memory?.shm,
      ownNetwork: input.network !== undefined,
      files: input.network?.files ?? (root.kind === "image" ? input.hostFiles : []),
    }),
    linux: {
      // Mounts that a volume shares both ways would not reach the machine through a slave root.
      rootfsPropagation: spec.mounts?.some(({ propagation }) => propagation === "bidirectional")
        ? "rshared"
        : "rslave",
      cgroupsPath: input.cgroupsPath,
      namespaces: namespacesOf(input),
      resources: {
        devices: deviceRules(devices),
        ...(input.cgroupVersion === 1
          ? versionOneLimits(ownLimits(input), settings.pidsLimit)
          : {}),
        ...(input.netClsId === undefined ? {} : { network: { classID: input.netClsId } }),
      },
      devices: deviceNodes(devices),
      ...(seccomp === undefined ? {} : { seccomp }),
      maskedPaths: MASKED_PATHS,
      readonlyPaths: READONLY_PATHS,
    },
  })
}

const ownLimits = ({ spec: { task }, settings: { enableCfs, limitSwap } }: SpecInput) =>
  taskLimits(task, { enableCfs, limitSwap })

/** What runs in the container first, and as whom. */
export function processOf(input: SpecInput): Result<OciProcess, string> {
  const { spec, settings, root, user } = input
  const { command = {}, container } = spec.task
  const image = root.kind === "image" ? root.config : undefined
  const sandbox = sandboxPath(root, spec.sandbox, settings.sandboxDirectory)
  const args = argumentsOf(command, image)
  if (!args.ok) return args
  const capabilities = capabilitiesOf(container, settings, user.uid)
  if (!capabilities.ok) return capabilities
  const limits = resourceLimits(container?.rlimitInfo)
  if (!limits.ok) return limits
  const env = environmentOf({ given: spec.environment, command, image, sandbox })
  const nul = [...args.value, ...env].find((text) => text.includes("\0"))
  if (nul !== undefined) return err(`a NUL character in ${JSON.stringify(nul.slice(0, 80))}`)
  const size = container?.ttyInfo?.windowSize
  const { oomScoreAdj } = taskLimits(spec.task, { machineBytes: input.machineBytes })
  return ok({
    terminal: container?.ttyInfo !== undefined,
    ...(size === undefined ? {} : { consoleSize: { height: size.rows, width: size.columns } }),
    user,
    args: args.value,
    env,
    cwd: image?.workingDirectory ?? sandbox,
    capabilities: capabilities.value,
    rlimits: limits.value.map(({ name, soft, hard }) => ({
      type: `RLIMIT_${name.toUpperCase()}`,
      soft: soft ?? UNLIMITED,
      hard: hard ?? UNLIMITED,
    })),
    noNewPrivileges: settings.noNewPrivileges,
    ...(oomScoreAdj === undefined ? {} : { oomScoreAdj }),
  })
}

function namespacesOf(input: SpecInput): readonly OciNamespace[] {
  const { spec, parentPid, network } = input
  const { linuxInfo = {} } = spec.task.container ?? {}
  const ofParent = (name: string): OciNamespace["path"] => `/proc/${parentPid}/ns/${name}`
  const join = (type: OciNamespace["type"], name: string): readonly OciNamespace[] =>
    parentPid === undefined ? [] : [{ type, path: ofParent(name) ?? "" }]
  return [
    { type: "mount" },
    { type: "cgroup" },
    ...(linuxInfo.sharePidNamespace === true ? join("pid", "pid") : [{ type: "pid" } as const]),
    ...ipcNamespace(input, join("ipc", "ipc")),
    ...(network !== undefined
      ? [{ type: "network", path: network.namespace } as const]
      : join("network", "net")),
    ...(hostnameOf(input) !== undefined ? [{ type: "uts" } as const] : join("uts", "uts")),
  ]
}

const hostnameOf = ({ network, spec }: SpecInput): string | undefined =>
  network === undefined ? spec.task.container?.hostname : network.hostname

function ipcNamespace(
  { spec, memory }: SpecInput,
  ofParent: readonly OciNamespace[],
): readonly OciNamespace[] {
  if (hasOwnMemory(spec)) return [{ type: "ipc" }]
  return memory?.ipc === undefined ? ofParent : [{ type: "ipc", path: memory.ipc }]
}

const sharesAgentIpc = ({ spec, memory }: SpecInput): boolean =>
  !hasOwnMemory(spec) && memory === undefined && spec.parent === undefined

/** What a task asks for that this runtime does not have, or that the operator forbids. */
function unsupported(input: SpecInput): string | undefined {
  const { spec, settings } = input
  const container: ContainerInfo = spec.task.container ?? { type: "MESOS" }
  const { linuxInfo = {} } = container
  if (spec.parent === undefined) {
    if (linuxInfo.sharePidNamespace === true && settings.disallowSharingAgentPid)
      return "sharing the agent's pid namespace is forbidden by --disallow_sharing_agent_pid_namespace"
    if (sharesAgentIpc(input) && settings.disallowSharingAgentIpc)
      return "sharing the agent's IPC namespace is forbidden by --disallow_sharing_agent_ipc_namespace"
  }
  for (const { shmSize, ipcMode } of [linuxInfo, spec.groupContainer?.linuxInfo ?? {}])
    if (shmSize !== undefined && ipcMode !== "PRIVATE")
      return "linux_info.shm_size needs ipc_mode PRIVATE"
  return undefined
}
