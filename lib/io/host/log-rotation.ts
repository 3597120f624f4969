import { constants, lstatSync } from "node:fs"
import type { FileHandle } from "node:fs/promises"
import { open, rename, rm } from "node:fs/promises"
import { ifExists } from "./files.ts"

/** Limits on the logs of a sandbox. */
export type LogRotationOptions = {
  /** Size from which a log is rotated, in bytes. */
  readonly maxBytes?: number | undefined
  /** Older logs kept beside it: `stdout.1` is the newest of them. 0 throws the content away. */
  readonly keep?: number | undefined
  /** Milliseconds between looks at the logs. */
  readonly intervalMs?: number | undefined
}

/** Large enough for a day of an ordinary service, small enough that a thousand tasks fit a disk. */
export const DEFAULT_MAX_BYTES = 10 * 1024 * 1024

/** Older logs kept of each stream. */
export const DEFAULT_KEEP = 5
const DEFAULT_INTERVAL_MS = 1000

/** The next look at a log that had grown past this many times its limit comes much sooner. */
const FLOOD_FACTOR = 2
const FLOOD_INTERVAL_MS = 200

/** Sandboxes looked at in one turn of the event loop. */
const TURN_LIMIT = 64

const COPY_BYTES = 1024 * 1024

/** The logs of a sandbox. */
const LOGS = ["stdout", "stderr"] as const

/**
 * Keeps `stdout` and `stderr` of running containers bounded. Tasks hold these files open for
 * appending and write to them whether or not the agent runs, so a full one is copied to `stdout.1`
 * and cut to nothing. What a task writes between the end of the copy and the cut, some microseconds
 * apart, is lost. No copy is larger than `maxBytes * keep`: of a log that grew faster, or while no agent
 * ran, its last part is kept.
 */
export class LogRotation {
  readonly #maxBytes: number
  readonly #keep: number
  readonly #intervalMs: number
  readonly #sandboxes = new Set<string>()
  #flooded = false
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(options: LogRotationOptions = {}) {
    this.#maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES
    this.#keep = options.keep ?? DEFAULT_KEEP
    this.#intervalMs = options.intervalMs ?? DEFAULT_INTERVAL_MS
  }

  /** Begins to look after a sandbox. */
  add(sandbox: string): void {
    this.#sandboxes.add(sandbox)
    this.#arm()
  }

  /** Stops looking after a sandbox: nothing writes to it any more. */
  remove(sandbox: string): void {
    this.#sandboxes.delete(sandbox)
  }

  /** Stops looking after all of them. */
  stop(): void {
    this.#sandboxes.clear()
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #arm(): void {
    if (this.#timer !== undefined || this.#sandboxes.size === 0) return
    const wait = this.#flooded ? Math.min(FLOOD_INTERVAL_MS, this.#intervalMs) : this.#intervalMs
    this.#timer = setTimeout(() => {
      void this.#look().finally(() => {
        this.#timer = undefined
        this.#arm()
      })
    }, wait).unref()
  }

  async #look(): Promise<void> {
    let looked = 0
    this.#flooded = false
    for (const sandbox of this.#sandboxes) {
      for (const log of LOGS) {
        const path = `${sandbox}/${log}`
        const size = sizeOf(path)
        if (size < this.#maxBytes) continue
        this.#flooded ||= size > this.#maxBytes * FLOOD_FACTOR
        // A log that cannot be rotated (its disk is full) is tried again at the next look.
        await this.rotate(path).catch(() => {})
      }
      if (++looked % TURN_LIMIT === 0) await Bun.sleep(0)
    }
  }

  /** Rotates one log if it is too large. Links are not followed: a task could make one. */
  async rotate(path: string): Promise<void> {
    const file = await ifExists(open(path, constants.O_RDWR | constants.O_NOFOLLOW))
    if (file === undefined) return
    try {
      const { size, mode, uid, gid } = await file.stat()
      if (size < this.#maxBytes) return
      if (this.#keep > 0) {
        await this.#shift(path)
        const copy = await open(`${path}.1`, "wx", mode & 0o777)
        try {
          if (process.getuid?.() === 0) await copy.chown(uid, gid)
          const limit = this.#maxBytes * this.#keep
          await copyTail(file, copy, { position: Math.max(0, size - limit), limit })
        } finally {
          await copy.close()
        }
      }
      await file.truncate(0)
    } finally {
      await file.close()
    }
  }

  async #shift(path: string): Promise<void> {
    await rm(`${path}.${this.#keep}`, { force: true })
    for (let age = this.#keep - 1; age >= 1; age--)
      await ifExists(rename(`${path}.${age}`, `${path}.${age + 1}`))
  }
}

/** Bytes in a file, 0 when it is not there: two microseconds, where opening it takes a hundred. */
const sizeOf = (path: string): number => lstatSync(path, { throwIfNoEntry: false })?.size ?? 0

/** Copies from `position` to the end, which may move meanwhile, at most `limit` bytes. */
async function copyTail(
  from: FileHandle,
  to: FileHandle,
  { position, limit }: { readonly position: number; readonly limit: number },
): Promise<void> {
  const buffer = new Uint8Array(COPY_BYTES)
  for (let at = position; at < position + limit;) {
    const wanted = Math.min(buffer.length, position + limit - at)
    const { bytesRead } = await from.read(buffer, 0, wanted, at)
    if (bytesRead === 0) return
    await to.write(buffer, 0, bytesRead)
    at += bytesRead
  }
}
