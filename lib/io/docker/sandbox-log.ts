import { open, rename, rm } from "node:fs/promises"
import type { FileHandle } from "node:fs/promises"
import { ifExists } from "#lib/io/host/files.ts"
import { LOG_FLAGS, LOG_MODE } from "#lib/io/host/open-log.ts"

/**
 * A log of a sandbox that only the agent writes, so that it can be rotated by renaming: full ones
 * become `.1`, `.2` and so on, and nothing is lost.
 */
export class SandboxLog {
  readonly #path: string
  readonly #maxBytes: number
  readonly #keep: number
  #file: FileHandle | undefined
  #size = 0

  constructor(path: string, limits: { readonly maxBytes: number; readonly keep: number }) {
    this.#path = path
    this.#maxBytes = limits.maxBytes
    this.#keep = limits.keep
  }

  /** Bytes in the log now. */
  get size(): number {
    return this.#size
  }

  /** Whether the next write should go to a fresh file. */
  get isFull(): boolean {
    return this.#size >= this.#maxBytes
  }

  /** Opens the log. What an earlier life of the agent wrote beyond `size` without recording it goes. */
  async open(size: number | undefined): Promise<void> {
    this.#file = await open(this.#path, LOG_FLAGS, LOG_MODE)
    const found = (await this.#file.stat()).size
    if (size !== undefined && found > size) await this.#file.truncate(size)
    this.#size = size === undefined ? found : Math.min(found, size)
  }

  /** Writes all of it, or, where the disk is full, nothing. */
  async write(bytes: Uint8Array): Promise<void> {
    const file = this.#file
    if (bytes.length === 0 || file === undefined) return
    try {
      for (let written = 0; written < bytes.length;)
        written += (await file.write(bytes, written, bytes.length - written)).bytesWritten
    } catch (cause) {
      await file.truncate(this.#size)
      throw cause
    }
    this.#size += bytes.length
  }

  /** Moves the log aside and begins an empty one. */
  async rotate(): Promise<void> {
    await this.close()
    await rm(`${this.#path}.${Math.max(1, this.#keep)}`, { force: true })
    for (let age = this.#keep - 1; age >= 1; age--)
      await ifExists(rename(`${this.#path}.${age}`, `${this.#path}.${age + 1}`))
    if (this.#keep > 0) await ifExists(rename(this.#path, `${this.#path}.1`))
    else await rm(this.#path, { force: true })
    await this.open(undefined)
  }

  async close(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    await file?.close()
  }
}
