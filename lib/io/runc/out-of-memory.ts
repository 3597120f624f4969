import type { ContainerExit, ContainerId } from "#lib/ports/index.ts"
import { memoryLimitation } from "#lib/io/host/memory-limitation.ts"
import { familyOf } from "./cgroup-tree.ts"
import type { CgroupTree } from "./cgroup-tree.ts"

/** From here on the kernel means that there is no limit. */
const UNLIMITED_BYTES = 2 ** 60

/** The limit that a container died of, when the kernel has killed in it for want of memory. */
export function outOfMemory(
  cgroups: CgroupTree,
  containerId: ContainerId,
): ContainerExit["limitation"] {
  if (cgroups.memoryKills(containerId) === 0) return undefined
  const file = cgroups.version === 2 ? "memory.max" : "memory.limit_in_bytes"
  const own = Number(cgroups.readFile(containerId, "memory", file))
  // A member of a task group died of the limit that it shares.
  const bound = own < UNLIMITED_BYTES ? containerId : familyOf(containerId)
  const read = (name: string): string => cgroups.readFile(bound, "memory", name) ?? ""
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
