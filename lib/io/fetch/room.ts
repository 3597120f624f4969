import { statfsSync } from "node:fs"

/** What fetches leave of a disk, so that the agent can go on writing its books: this or that share. */
const RESERVE_BYTES = 16 * 1024 * 1024
const RESERVE_SHARE = 0.05

/** Programs tell of a full disk in many words, or only of a write that was cut short. */
const FULL_BYTES = 64 * 1024

/** The free and the whole space of a file system. */
export type DiskSpace = (directory: string) => {
  readonly freeBytes: number
  readonly totalBytes: number
}

/** There is not enough room; its code is that of a write that finds none. */
export class DiskFull extends Error {
  override readonly name = "DiskFull"
  readonly code = "ENOSPC"
}

/**
 * Watches the room below a directory while a file grows in it. What comes back is called with how many
 * bytes there are or will be, and throws `DiskFull` when they do not fit.
 */
export function roomFor(
  directory: string,
  diskSpace: DiskSpace = measure,
): (bytes: number) => void {
  let claimed = 0
  return (bytes) => {
    const { freeBytes, totalBytes } = diskSpace(directory)
    const reserve = Math.min(RESERVE_BYTES, totalBytes * RESERVE_SHARE)
    if (freeBytes < Math.max(0, bytes - claimed) + reserve)
      throw new DiskFull(`${bytes} bytes do not fit`)
    claimed = Math.max(claimed, bytes)
  }
}

/** Whether a directory's disk has no room left for what a program writes at once. */
export const isFull = (directory: string): boolean => measure(directory).freeBytes < FULL_BYTES

function measure(directory: string): ReturnType<DiskSpace> {
  const { bavail, blocks, bsize } = statfsSync(directory)
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize }
}
