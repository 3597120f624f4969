/** What asking for an isolator of Mesos comes to. */
export type Isolator = {
  /** Why it cannot be had; everything else is absent then. */
  readonly refused?: string
  /** What of it is a choice: limits kept by the kernel, disks that count, ports that are looked at. */
  readonly effects?: readonly ("cpu" | "memory" | "disk" | "ports" | "noNewPrivileges")[]
  /** Only containers of runc have it, so tasks that name no container must run in one too. */
  readonly contained?: true
  /** The controller of cgroups that it is about, which the machine must offer. */
  readonly controller?: string
}

/** What every container has, or gets when it asks for it: naming it changes nothing. */
const ALWAYS: Isolator = {}
const CONTAINED: Isolator = { contained: true }

const accounting = (controller: string): Isolator => ({ contained: true, controller })

/**
 * The isolators of Mesos. Source: apache/mesos: src/slave/containerizer/mesos/containerizer.cpp.
 */
export const ISOLATORS: Readonly<Record<string, Isolator>> = {
  "filesystem/posix": ALWAYS,
  "filesystem/linux": CONTAINED,
  "filesystem/shared": {
    refused:
      "Mesos deprecated it: filesystem/linux with volumes of type SANDBOX_PATH does its work",
  },
  "posix/cpu": ALWAYS,
  "posix/mem": ALWAYS,
  "posix/rlimits": ALWAYS,
  "cgroups/all": { ...CONTAINED, effects: ["cpu", "memory"] },
  "cgroups/blkio": accounting("blkio"),
  "cgroups/cpu": { effects: ["cpu"] },
  "cgroups/cpuset": accounting("cpuset"),
  "cgroups/devices": CONTAINED,
  "cgroups/hugetlb": accounting("hugetlb"),
  "cgroups/mem": { effects: ["memory"] },
  "cgroups/net_cls": accounting("net_cls"),
  "cgroups/net_prio": accounting("net_prio"),
  "cgroups/perf_event": {
    refused: "hardware counters are not sampled here: run perf on the node, by cgroup",
  },
  "cgroups/pids": CONTAINED,
  "appc/runtime": { refused: "images of type APPC are not supported: use Docker's or OCI's" },
  "docker/runtime": ALWAYS,
  "linux/capabilities": CONTAINED,
  "linux/devices": CONTAINED,
  "linux/nnp": { ...CONTAINED, effects: ["noNewPrivileges"] },
  "linux/seccomp": CONTAINED,
  "namespaces/ipc": CONTAINED,
  "namespaces/pid": CONTAINED,
  "volume/sandbox_path": ALWAYS,
  "volume/host_path": ALWAYS,
  "volume/image": ALWAYS,
  "volume/secret": ALWAYS,
  "volume/csi": ALWAYS,
  "docker/volume": ALWAYS,
  "disk/du": { effects: ["disk"] },
  "disk/xfs": {
    refused: "project quotas of XFS are not used: disk/du measures on any file system",
  },
  "gpu/nvidia": ALWAYS,
  "network/cni": ALWAYS,
  "network/port_mapping": {
    refused: "containers do not share an address by ranges of ports: use network/cni",
  },
  "network/ports": { effects: ["ports"] },
  environment_secret: ALWAYS,
}

/** Older names, and what Mesos replaces them with. */
export const ISOLATOR_ALIASES: Readonly<Record<string, readonly string[]>> = {
  process: ["posix/cpu", "posix/mem"],
  cgroups: ["cgroups/cpu", "cgroups/mem"],
  "posix/disk": ["disk/du"],
}
