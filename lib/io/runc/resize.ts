import type { ContainerId } from "#lib/ports/index.ts"
import { CPU_PERIOD_US } from "#lib/io/host/task-limits.ts"
import type { TaskLimits } from "#lib/io/host/task-limits.ts"
import type { CgroupTree } from "./cgroup-tree.ts"
import { versionTwoLimits } from "./limits.ts"
import type { CgroupFiles } from "./limits.ts"

/** Beyond these a container ends, so they only grow. */
const HARD_LIMITS: ReadonlySet<string> = new Set(["memory.max", "memory.limit_in_bytes"])

/**
 * Sets the limits of a container that runs anew; memory that it may use is not taken from it. Throws
 * where the kernel refuses.
 */
export function resizeContainer(
  cgroups: CgroupTree,
  containerId: ContainerId,
  {
    limits,
    pidsLimit,
    first = false,
  }: {
    readonly limits: TaskLimits
    readonly pidsLimit: number
    /** Whether nothing runs in it yet, so that nothing can be taken. */
    readonly first?: boolean
  },
): void {
  const files = cgroups.version === 2 ? versionTwoLimits(limits, pidsLimit) : versionOne(limits)
  for (const setting of files) {
    const [file, value] = setting
    const hierarchy = file.split(".", 1).join("")
    const before = cgroups.readFile(containerId, hierarchy, file)
    const lowers = !first && HARD_LIMITS.has(file) && !(Number(value) > Number(before))
    if (!lowers) cgroups.writeFile(containerId, hierarchy, setting)
  }
}

function versionOne(limits: TaskLimits): CgroupFiles {
  const { cpuShares, cpuQuotaUs, memorySoftBytes, memoryHardBytes } = limits
  const quota =
    cpuQuotaUs === undefined
      ? []
      : [["cpu.cfs_period_us", CPU_PERIOD_US] as const, ["cpu.cfs_quota_us", cpuQuotaUs] as const]
  const settings: readonly (readonly [string, number | undefined])[] = [
    ["cpu.shares", cpuShares],
    ...quota,
    ["memory.limit_in_bytes", memoryHardBytes],
    ["memory.soft_limit_in_bytes", memorySoftBytes],
  ]
  return settings.flatMap(([file, value]) => (value === undefined ? [] : [[file, `${value}`]]))
}
