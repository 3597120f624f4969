import { parseResources } from "#lib/mesos/index.ts"
import type { ContainerExit } from "#lib/ports/index.ts"

const UNITS = [
  ["TB", 2 ** 40],
  ["GB", 2 ** 30],
  ["MB", 2 ** 20],
  ["KB", 2 ** 10],
] as const

/** A number of bytes in the largest unit of which it is a whole number: "64MB". */
export function bytesText(bytes: number): string {
  const unit = UNITS.find(([, size]) => bytes >= size && bytes % size === 0)
  return unit === undefined ? `${bytes}B` : `${bytes / unit[1]}${unit[0]}`
}

/** What is known of the memory of a container that used it up. */
export type MemoryUse = {
  readonly limitBytes: number
  readonly usedBytes: number
  /** Lines of the kernel's own statistics. */
  readonly statistics: string
}

/**
 * The end of a container that used up its memory.
 * Source: apache/mesos: src/slave/containerizer/mesos/isolators/cgroups/subsystems/memory.cpp.
 */
export function memoryLimitation(use: MemoryUse): NonNullable<ContainerExit["limitation"]> {
  const { limitBytes, usedBytes, statistics } = use
  const resources = parseResources(`mem:${Math.max(1, Math.floor(usedBytes / 2 ** 20))}`)
  return {
    reason: "REASON_CONTAINER_LIMITATION_MEMORY",
    message: `Memory limit exceeded: Requested: ${bytesText(limitBytes)} Maximum Used: ${bytesText(usedBytes)}\n\nMEMORY STATISTICS: \n${statistics}`,
    resources: resources.ok ? resources.value : [],
  }
}
