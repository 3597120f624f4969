import { agentCgroup, cgroupProblem, type ProcessRuntimeOptions } from "#lib/io/index.ts"
import type { AgentSettings } from "./agent-options.ts"

/** What an isolator of Mesos stands for here. */
type Meaning = "cgroups cpu" | "cgroups memory" | "disk quota" | "always" | "nothing to do"

/**
 * The isolators of Mesos, and what becomes of them. Most are not a choice: what a container asks for is
 * done wherever its runtime can. Source: apache/mesos: src/slave/containerizer/mesos/containerizer.cpp.
 */
const ISOLATORS: Readonly<Record<string, readonly Meaning[]>> = {
  process: ["nothing to do"],
  "posix/cpu": ["nothing to do"],
  "posix/mem": ["nothing to do"],
  cgroups: ["cgroups cpu", "cgroups memory"],
  "cgroups/all": ["cgroups cpu", "cgroups memory"],
  "cgroups/cpu": ["cgroups cpu"],
  "cgroups/mem": ["cgroups memory"],
  "cgroups/blkio": ["nothing to do"],
  "cgroups/cpuset": ["nothing to do"],
  "cgroups/devices": ["always"],
  "cgroups/hugetlb": ["nothing to do"],
  "cgroups/net_cls": ["nothing to do"],
  "cgroups/net_prio": ["nothing to do"],
  "cgroups/perf_event": ["nothing to do"],
  "cgroups/pids": ["always"],
  "disk/du": ["disk quota"],
  "posix/disk": ["disk quota"],
  "docker/runtime": ["always"],
  "docker/volume": ["always"],
  environment_secret: ["always"],
  "filesystem/linux": ["always"],
  "filesystem/posix": ["always"],
  "filesystem/shared": ["nothing to do"],
  "gpu/nvidia": ["always"],
  "linux/capabilities": ["always"],
  "linux/devices": ["always"],
  "linux/nnp": ["always"],
  "linux/seccomp": ["always"],
  "namespaces/ipc": ["always"],
  "namespaces/pid": ["always"],
  "network/cni": ["always"],
  "posix/rlimits": ["always"],
  "volume/csi": ["always"],
  "volume/host_path": ["always"],
  "volume/image": ["always"],
  "volume/sandbox_path": ["always"],
  "volume/secret": ["always"],
}

/** How tasks without a container are kept within their limits. */
export type Isolation = {
  /** The isolators that take effect, for those who ask for the flags. */
  readonly names: string
  readonly processes: Pick<ProcessRuntimeOptions, "cgroups" | "measureMemory">
  /** Whether what containers keep on disk counts. */
  readonly disk: boolean
}

/**
 * What `--isolation` asks for; without it, the limits that this machine can keep: cgroups for an agent
 * that runs as root where the kernel has them, measuring elsewhere. Throws a `SettingError` for a name
 * that is no isolator, and for cgroups that cannot be used.
 */
export function isolationOf(settings: AgentSettings, workDir: string): Isolation {
  const name = agentCgroup(workDir)
  const given = settings.list("isolation")
  const enableCfs = settings.on("cgroupsEnableCfs")
  const measureMemory = settings.on("enforceContainerMemory")
  const disk = settings.on("enforceContainerDiskQuota")
  if (given === undefined) {
    const able = cgroupProblem(name) === undefined
    const names = able ? "cgroups/cpu,cgroups/mem,disk/du" : "posix/cpu,posix/mem,disk/du"
    const cgroups = able ? { name, cpu: true, memory: true, enableCfs } : undefined
    return { names, processes: { cgroups, measureMemory }, disk }
  }
  const unknown = given.find((isolator) => ISOLATORS[isolator] === undefined)
  if (unknown !== undefined)
    settings.refuse("isolation", `Unknown or unsupported isolator: ${unknown}`)
  const meanings = new Set(given.flatMap((isolator) => ISOLATORS[isolator] ?? []))
  const cpu = meanings.has("cgroups cpu")
  const memory = meanings.has("cgroups memory")
  const problem = cpu || memory ? cgroupProblem(name) : undefined
  if (problem !== undefined) settings.refuse("isolation", `cgroups cannot be used: ${problem}`)
  return {
    names: given.join(","),
    processes: {
      cgroups: cpu || memory ? { name, cpu, memory, enableCfs } : undefined,
      measureMemory,
    },
    disk: disk && meanings.has("disk quota"),
  }
}
