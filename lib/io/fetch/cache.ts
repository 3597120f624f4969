import { mkdir, rm } from "node:fs/promises"

/** A file of the cache, held until `release` is called. */
export type CachedFile = { readonly path: string; readonly release: () => void }

type Entry = {
  readonly path: string
  readonly size: Promise<number>
  bytes: number
  uses: number
}

/**
 * Downloads that several tasks share, the least recently used given up first when there is no more
 * room. It is emptied when the agent starts, and never asks a server whether a file has changed.
 */
export class FetchCache {
  readonly #directory: string
  readonly #limitBytes: number
  /** In order of last use, the oldest first. */
  readonly #entries = new Map<string, Entry>()
  #ready: Promise<unknown> | undefined
  #names = 0

  constructor(directory: string, limitBytes: number) {
    this.#directory = directory
    this.#limitBytes = limitBytes
  }

  /** Bytes that one file may have. */
  get limitBytes(): number {
    return this.#limitBytes
  }

  /**
   * The file of that key, fetched by `load` unless it is there or on its way; `load` writes it to
   * the path it is given and resolves with its size. A failed load is not remembered.
   */
  async get(key: string, load: (path: string) => Promise<number>): Promise<CachedFile> {
    this.#ready ??= rm(this.#directory, { recursive: true, force: true }).then(() =>
      mkdir(this.#directory, { recursive: true, mode: 0o700 }),
    )
    await this.#ready
    const entry = this.#entries.get(key) ?? this.#load(load)
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    entry.uses++
    const release = (): void => {
      entry.uses--
      this.#evict()
    }
    try {
      entry.bytes = await entry.size
    } catch (cause) {
      if (this.#entries.get(key) === entry) this.#entries.delete(key)
      release()
      await rm(entry.path, { force: true })
      throw cause
    }
    this.#evict()
    return { path: entry.path, release }
  }

  #load(load: (path: string) => Promise<number>): Entry {
    const path = `${this.#directory}/${this.#names++}`
    return { path, size: load(path), bytes: 0, uses: 0 }
  }

  #evict(): void {
    let total = 0
    for (const { bytes } of this.#entries.values()) total += bytes
    for (const [key, entry] of this.#entries) {
      if (total <= this.#limitBytes) return
      if (entry.uses > 0) continue
      total -= entry.bytes
      this.#entries.delete(key)
      void rm(entry.path, { force: true })
    }
  }
}
