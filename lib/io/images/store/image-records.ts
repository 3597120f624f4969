import { mkdir, readFile, readdir, rename, rm, stat, utimes, writeFile } from "node:fs/promises"
import { ifExists } from "#lib/io/host/files.ts"
import { isRecord, parseJson } from "#lib/io/images/core/manifest.ts"
import type { ImageConfig } from "#lib/ports/index.ts"

/** What is remembered of an image that was brought here. */
export type ImageRecord = {
  /** Its whole name. */
  readonly reference: string
  readonly digest: string
  readonly config: ImageConfig
  /** The ids of its layers, the lowest first. */
  readonly layers: readonly string[]
  /** Changes when the file that it was made from does; empty for images of registries. */
  readonly stamp: string
}

type Entry = { readonly record: ImageRecord; usedAt: number }

/** The version of the files; those of another are not read, and pulled again. */
const VERSION = 1

/** The records of images, a file for each, and when they were used last: the time of the file. */
export class ImageRecords {
  readonly #directory: string
  readonly #entries = new Map<string, Entry>()

  constructor(directory: string) {
    this.#directory = directory
  }

  /** Reads all records; those that cannot be read are removed. */
  async open(): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 })
    for (const name of await readdir(this.#directory)) {
      const path = `${this.#directory}/${name}`
      const record = parseRecord(await readFile(path, "utf8"))
      if (record === undefined || this.#path(record.reference) !== path) {
        await rm(path, { recursive: true, force: true })
        continue
      }
      this.#entries.set(record.reference, { record, usedAt: (await stat(path)).mtimeMs })
    }
  }

  /** The record of an image, by its whole name. */
  find(reference: string): ImageRecord | undefined {
    return this.#entries.get(reference)?.record
  }

  /** All records, those used longest ago first. */
  byLastUse(): readonly ImageRecord[] {
    return [...this.#entries.values()]
      .toSorted((a, b) => a.usedAt - b.usedAt)
      .map(({ record }) => record)
  }

  /** Writes a record in place of an older one. */
  async save(record: ImageRecord): Promise<void> {
    const path = this.#path(record.reference)
    // Left over by a crash it is removed by `open`, as its name is that of no record.
    const part = `${path}.part`
    await writeFile(part, JSON.stringify({ version: VERSION, ...record }), { mode: 0o600 })
    await rename(part, path)
    this.#entries.set(record.reference, { record, usedAt: Date.now() })
  }

  /** Notes that an image is used now. */
  async touch(reference: string): Promise<void> {
    const entry = this.#entries.get(reference)
    if (entry === undefined) return
    const now = new Date()
    entry.usedAt = now.getTime()
    await ifExists(utimes(this.#path(reference), now, now))
  }

  /** Forgets an image; its layers stay. */
  async remove(reference: string): Promise<void> {
    this.#entries.delete(reference)
    await rm(this.#path(reference), { force: true })
  }

  #path(reference: string): string {
    return `${this.#directory}/${new Bun.CryptoHasher("sha256").update(reference).digest("hex")}.json`
  }
}

/** What `save` wrote; it was checked when it was made, so that a text of ours is taken at its word. */
function parseRecord(text: string): ImageRecord | undefined {
  const value = parseJson(text)
  if (!isRecord(value) || value["version"] !== VERSION) return undefined
  const { version: _, ...record } = value
  return record as ImageRecord
}
