import { mkdir, rm } from "node:fs/promises"
import { abortable } from "#lib/io/host/abortable.ts"

/** A file of the cache, held until `release` is called. */
export type CachedFile = { readonly path: string; readonly release: () => void }

/** What a file needs to come into the cache. */
export type CacheLoad = {
  /** A file that does not exist yet. */
  readonly path: string
  /** Aborts when nobody waits for the file any more. */
  readonly signal: AbortSignal
  /** Makes room for a file of so many bytes; throws `TooLarge` when there is none to be made. */
  readonly claim: (bytes: number) => void
}

type Entry = {
  readonly path: string
  readonly given: AbortController
  /** Set right after the entry is made. */
  loaded: Promise<void>
  done: boolean
  bytes: number
  uses: number
}

/** The file does not fit into the cache, as far as its other files are in use. */
export class TooLarge extends Error {
  override readonly name = "TooLarge"
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
    // What an earlier agent left takes room whether or not anybody fetches into the cache again.
    void this.#prepare()
  }

  /**
   * The file of that key, fetched by `load` unless it is there or on its way. A failed load is not
   * remembered; all who wait for it hear of it. The signal ends the wait, and the load with the last
   * who waits for it.
   */
  async get(
    key: string,
    signal: AbortSignal,
    load: (load: CacheLoad) => Promise<void>,
  ): Promise<CachedFile> {
    await this.#prepare()
    const entry = this.#entries.get(key) ?? this.#load(key, load)
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    entry.uses++
    const release = (): void => {
      entry.uses--
      if (entry.uses === 0 && !entry.done) this.#abandon(key, entry)
    }
    try {
      await abortable(entry.loaded, signal)
    } catch (cause) {
      release()
      throw cause
    }
    return { path: entry.path, release }
  }

  #abandon(key: string, entry: Entry): void {
    if (this.#entries.get(key) === entry) this.#entries.delete(key)
    entry.given.abort(new Error("nobody waits for the file any more"))
  }

  #prepare(): Promise<unknown> {
    this.#ready ??= rm(this.#directory, { recursive: true, force: true }).then(() =>
      mkdir(this.#directory, { recursive: true, mode: 0o700 }),
    )
    // A directory that could not be made (disk full) may be possible later.
    this.#ready.catch(() => (this.#ready = undefined))
    return this.#ready
  }

  #load(key: string, load: (load: CacheLoad) => Promise<void>): Entry {
    const given = new AbortController()
    const path = `${this.#directory}/${this.#names++}`
    const entry: Entry = { path, given, loaded: Promise.resolve(), done: false, bytes: 0, uses: 0 }
    const claim = (bytes: number): void => this.#claim(entry, bytes)
    entry.loaded = load({ path, signal: given.signal, claim }).then(
      () => void (entry.done = true),
      async (cause: unknown) => {
        entry.done = true
        if (this.#entries.get(key) === entry) this.#entries.delete(key)
        await rm(path, { force: true })
        throw cause
      },
    )
    entry.loaded.catch(() => {})
    return entry
  }

  /** Room is made before it is used, so that the cache never takes more than its limit. */
  #claim(entry: Entry, bytes: number): void {
    if (bytes <= entry.bytes) return
    let total = bytes - entry.bytes
    for (const { bytes: taken } of this.#entries.values()) total += taken
    for (const [key, other] of this.#entries) {
      if (total <= this.#limitBytes) break
      if (other === entry || other.uses > 0) continue
      total -= other.bytes
      this.#entries.delete(key)
      void rm(other.path, { force: true })
    }
    if (total > this.#limitBytes) throw new TooLarge(`${bytes} bytes do not fit into the cache`)
    entry.bytes = bytes
  }
}
