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
const DEFAULT_INTERVAL_MS = 5000

/** Sandboxes looked at in one turn of the event loop. */
const TURN_LIMIT = 64

const COPY_BYTES = 1024 * 1024

/** The logs of a sandbox. */
const LOGS = ["stdout", "stderr"] as const

/**
 * Keeps `stdout` and `stderr` of running containers bounded. Tasks hold these files open for
 * appending and write to them whether or not the agent runs, so a full one is copied to `stdout.1`
 * and cut to nothing. What a task writes between the end of the copy and the cut, some microseconds
 * apart, is lost; while no agent runs, logs grow, and of what it finds the next one keeps the last
 * `maxBytes * keep`.
 */
export class LogRotation {
  readonly #maxBytes: number
  readonly #keep: number
  readonly #intervalMs: number
  readonly #sandboxes = new Set<string>()
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
    this.#timer = setTimeout(() => {
      void this.#look().finally(() => {
        this.#timer = undefined
        this.#arm()
      })
    }, this.#intervalMs).unref()
  }

  async #look(): Promise<void> {
    let looked = 0
    for (const sandbox of this.#sandboxes) {
      for (const log of LOGS) {
        const path = `${sandbox}/${log}`
        // A log that cannot be rotated (its disk is full) is tried again at the next look.
        if (sizeOf(path) >= this.#maxBytes) await this.rotate(path).catch(() => {})
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
          await copyTail(file, copy, Math.max(0, size - this.#maxBytes * this.#keep))
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

/** Copies from `position` to the end, however far the end moves meanwhile. */
async function copyTail(from: FileHandle, to: FileHandle, position: number): Promise<void> {
  const buffer = new Uint8Array(COPY_BYTES)
  for (let at = position; ;) {
    const { bytesRead } = await from.read(buffer, 0, buffer.length, at)
    if (bytesRead === 0) return
    await to.write(buffer, 0, bytesRead)
    at += bytesRead
  }
}
