import { lstat, readdir } from "node:fs/promises"
import type { DiskMeter } from "#lib/ports/index.ts"
import { ifExists } from "#lib/io/host/files.ts"

/** What lstat(2) calls a block, whatever blocks the file system has. */
const BLOCK_BYTES = 512

/** Trees with more entries are left to du(1): starting it costs as much as looking at some hundred. */
const ENTRIES_MAX = 1000

/** What was counted of a tree so far. */
type Count = {
  readonly device: number
  /** Files with several names that were seen. */
  readonly linked: Set<number>
  entries: number
  blocks: number
}

/** Measures small trees by itself and leaves large ones to du(1), which is not in the way then. */
export class TreeMeter implements DiskMeter {
  readonly #entriesMax: number

  constructor(entriesMax = ENTRIES_MAX) {
    this.#entriesMax = entriesMax
  }

  async usedBytes(path: string, signal: AbortSignal): Promise<number> {
    const root = await ifExists(lstat(path))
    if (root === undefined) return 0
    const count: Count = { device: root.dev, linked: new Set(), entries: 0, blocks: root.blocks }
    await this.#walk(path, count, signal)
    if (count.entries <= this.#entriesMax) return count.blocks * BLOCK_BYTES
    return await askDu(path, signal)
  }

  async #walk(directory: string, count: Count, signal: AbortSignal): Promise<void> {
    // What goes away while it is looked at takes nothing.
    for (const name of (await ifExists(readdir(directory))) ?? []) {
      signal.throwIfAborted()
      if (++count.entries > this.#entriesMax) return
      const path = `${directory}/${name}`
      const stats = await ifExists(lstat(path))
      if (stats === undefined || stats.dev !== count.device) continue
      if (stats.nlink > 1 && !stats.isDirectory()) {
        if (count.linked.has(stats.ino)) continue
        count.linked.add(stats.ino)
      }
      count.blocks += stats.blocks
      if (stats.isDirectory()) await this.#walk(path, count, signal)
    }
  }
}

async function askDu(path: string, signal: AbortSignal): Promise<number> {
  const child = Bun.spawn(["du", "-k", "-s", "-x", "--", path], {
    env: { PATH: process.env["PATH"] ?? "", LC_ALL: "C" },
    stdio: ["ignore", "pipe", "ignore"],
    signal,
  })
  // It complains, with exit code 1, about files that go away meanwhile, and counts the rest.
  const kibibytes = /^(\d+)/.exec(await new Response(child.stdout).text())?.[1]
  await child.exited
  signal.throwIfAborted()
  if (kibibytes === undefined) throw new Error(`du cannot measure ${path}`)
  return Number(kibibytes) * 1024
}
