import type { ContainerExit, ContainerId } from "#lib/ports/index.ts"
import { memoryLimitation } from "#lib/io/host/memory-limitation.ts"
import type { CgroupTree } from "./cgroup-tree.ts"

/** The limit that a container died of, when the kernel has killed in it for want of memory. */
export function outOfMemory(
  cgroups: CgroupTree,
  containerId: ContainerId,
): ContainerExit["limitation"] {
  if (cgroups.memoryKills(containerId) === 0) return undefined
  const read = (file: string): string => cgroups.readFile(containerId, "memory", file) ?? ""
  const [limit, peak] =
    cgroups.version === 2
      ? [read("memory.max"), read("memory.peak") || read("memory.current")]
      : [read("memory.limit_in_bytes"), read("memory.max_usage_in_bytes")]
  return memoryLimitation({
    limitBytes: Number(limit) || 0,
    usedBytes: Number(peak) || 0,
    statistics: read("memory.stat"),
  })
}
