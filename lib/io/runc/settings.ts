import { SANDBOX_DIRECTORY } from "./mounts.ts"
import type { NetClsRange } from "./net-cls.ts"
import type { DeviceAccess } from "./devices.ts"

/** What the agent's operator decides about all containers. */
export type RuncSettings = {
  /** Name of the cgroup above all containers' (`--cgroups_root`). */
  readonly cgroupsRoot: string
  /** Limit cpus to what a task asked for, even where it names no limit (`--cgroups_enable_cfs`). */
  readonly enableCfs: boolean
  /** The limit of memory is one of memory and swap together (`--cgroups_limit_swap`). */
  readonly limitSwap: boolean
  /** Class ids of version 1's controller net_cls, one for each container (`--cgroups_net_cls_…`). */
  readonly netCls?: NetClsRange | undefined
  /** Where images see their sandboxes (`--sandbox_directory`). */
  readonly sandboxDirectory: string
  /** Size of /dev/shm of containers that say none and have their own (`--default_container_shm_size`). */
  readonly defaultShmSizeMib?: number | undefined
  /** Images cannot be written to (`--image_provisioner_backend=bind`). */
  readonly readOnlyRoots: boolean
  /** Where profiles of system calls lie (`--seccomp_config_dir`). */
  readonly seccompConfigDir?: string | undefined
  /** The profile of tasks that name none (`--seccomp_profile_name`); the built-in one where it is absent. */
  readonly seccompProfileName?: string | undefined
  /** Capabilities of tasks that name none (`--effective_capabilities`), without "CAP_". */
  readonly effectiveCapabilities: readonly string[]
  /** The most that tasks can ask for (`--bounding_capabilities`); undefined means all. */
  readonly boundingCapabilities?: readonly string[] | undefined
  /** Devices of every container beyond the usual ones (`--allowed_devices`). */
  readonly allowedDevices: readonly DeviceAccess[]
  /** No program of a container gains rights by setuid bits or file capabilities. */
  readonly noNewPrivileges: boolean
  /** Refuse tasks that want the process numbers, or the shared memory, of the agent. */
  readonly disallowSharingAgentPid: boolean
  readonly disallowSharingAgentIpc: boolean
  /** Most processes and threads of one container, against fork bombs. */
  readonly pidsLimit: number
}

/** Enough for large Java services; the kernel's own limit is 32,768 for all of the machine. */
export const DEFAULT_PIDS_LIMIT = 8192

/**
 * What Docker gives containers. Mesos gives a task of root everything, which seccomp's default filter
 * and own namespaces would be of little use against.
 */
export const DEFAULT_CAPABILITIES = [
  "AUDIT_WRITE",
  "CHOWN",
  "DAC_OVERRIDE",
  "FOWNER",
  "FSETID",
  "KILL",
  "MKNOD",
  "NET_BIND_SERVICE",
  "NET_RAW",
  "SETFCAP",
  "SETGID",
  "SETPCAP",
  "SETUID",
  "SYS_CHROOT",
] as const

/** The settings of an agent whose operator says nothing. */
export const DEFAULT_RUNC_SETTINGS: RuncSettings = {
  cgroupsRoot: "mesos",
  enableCfs: false,
  limitSwap: false,
  sandboxDirectory: SANDBOX_DIRECTORY,
  readOnlyRoots: false,
  effectiveCapabilities: DEFAULT_CAPABILITIES,
  allowedDevices: [],
  noNewPrivileges: false,
  disallowSharingAgentPid: false,
  disallowSharingAgentIpc: false,
  pidsLimit: DEFAULT_PIDS_LIMIT,
}
