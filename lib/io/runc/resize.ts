import type { ContainerId } from "#lib/ports/index.ts"
import { CPU_PERIOD_US, NO_LIMIT, raisesLimit, unlimitedMemory } from "#lib/io/host/task-limits.ts"
import type { TaskLimits } from "#lib/io/host/task-limits.ts"
import type { CgroupTree } from "./cgroup-tree.ts"
import { versionTwoLimits } from "./limits.ts"
import type { CgroupFiles } from "./limits.ts"

/** Beyond these a container ends, so they only grow. */
const HARD_LIMITS: ReadonlySet<string> = new Set([
  "memory.max",
  "memory.limit_in_bytes",
  "memory.memsw.limit_in_bytes",
])

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
  const files = cgroups.version === 2 ? versionTwo(limits, pidsLimit) : versionOne(limits, first)
  for (const setting of files) {
    const [file, value] = setting
    const hierarchy = file.split(".", 1).join("")
    const before = cgroups.readFile(containerId, hierarchy, file)
    const lowers = !first && HARD_LIMITS.has(file) && !raisesLimit(value, before ?? "0")
    if (!lowers) cgroups.writeFile(containerId, hierarchy, setting)
  }
}

function versionTwo(limits: TaskLimits, pidsLimit: number): CgroupFiles {
  const none = NO_LIMIT[2]
  return [
    ...versionTwoLimits(limits, pidsLimit),
    ...(limits.cpuQuotaUs === undefined ? [["cpu.max", `${none} ${CPU_PERIOD_US}`] as const] : []),
    ...(unlimitedMemory(limits) ? [["memory.max", none] as const] : []),
  ]
}

function versionOne(limits: TaskLimits, first: boolean): CgroupFiles {
  const { cpuShares, cpuQuotaUs = NO_LIMIT[1], memorySoftBytes, memoryHardBytes } = limits
  const hard = unlimitedMemory(limits) ? NO_LIMIT[1] : memoryHardBytes
  const swap = unlimitedMemory(limits) ? NO_LIMIT[1] : limits.memorySwapBytes
  const settings: readonly (readonly [string, number | string | undefined])[] = [
    ["cpu.shares", cpuShares],
    ["cpu.cfs_period_us", CPU_PERIOD_US],
    ["cpu.cfs_quota_us", cpuQuotaUs],
    // Memory is never more than memory and swap: what grows gets room for both first.
    ["memory.memsw.limit_in_bytes", first ? undefined : swap],
    ["memory.limit_in_bytes", hard],
    ["memory.memsw.limit_in_bytes", first ? swap : undefined],
    ["memory.soft_limit_in_bytes", memorySoftBytes],
  ]
  return settings.flatMap(([file, value]) => (value === undefined ? [] : [[file, `${value}`]]))
}
