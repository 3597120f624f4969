import { CPU_PERIOD_US } from "#lib/io/host/task-limits.ts"
import type { TaskLimits } from "#lib/io/host/task-limits.ts"
import type { OciResources } from "./oci.ts"

/** Values to write into files of a cgroup, in this order. */
export type CgroupFiles = readonly (readonly [file: string, value: string])[]

/** What runc writes for a container in version 1, where every cgroup may hold processes. */
export function versionOneLimits(
  limits: TaskLimits,
  pidsLimit: number,
): Omit<OciResources, "devices"> {
  const { cpuShares, cpuQuotaUs, memorySoftBytes, memoryHardBytes, memorySwapBytes } = limits
  return {
    pids: { limit: pidsLimit },
    cpu: {
      ...(cpuShares === undefined ? {} : { shares: cpuShares }),
      ...(cpuQuotaUs === undefined ? {} : { quota: cpuQuotaUs, period: CPU_PERIOD_US }),
    },
    memory: {
      ...(memoryHardBytes === undefined ? {} : { limit: memoryHardBytes }),
      ...(memorySoftBytes === undefined ? {} : { reservation: memorySoftBytes }),
      ...(memorySwapBytes === undefined ? {} : { swap: memorySwapBytes }),
    },
  }
}

/**
 * What the agent writes in version 2: there a cgroup with children holds no processes, so the limits
 * lie one level above the group that runc makes, and bound nested containers too.
 */
export function versionTwoLimits(limits: TaskLimits, pidsLimit: number): CgroupFiles {
  const { cpuWeight, cpuQuotaUs, memorySoftBytes, memoryHardBytes, memorySwapBytes } = limits
  return [
    ["pids.max", `${pidsLimit}`],
    ...(cpuWeight === undefined ? [] : [["cpu.weight", `${cpuWeight}`] as const]),
    ...(cpuQuotaUs === undefined ? [] : [["cpu.max", `${cpuQuotaUs} ${CPU_PERIOD_US}`] as const]),
    ...(memorySoftBytes === undefined ? [] : [["memory.low", `${memorySoftBytes}`] as const]),
    ...(memoryHardBytes === undefined ? [] : [["memory.max", `${memoryHardBytes}`] as const]),
    // Swap is counted by itself in version 2: whoever may not exceed his memory by it has none.
    ...(memorySwapBytes === undefined ? [] : [["memory.swap.max", "0"] as const]),
    // The whole container ends when its memory is used up, not whichever process asked last.
    ["memory.oom.group", "1"],
  ]
}
