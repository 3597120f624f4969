import { access, mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises"
import { errorCode, ifExists } from "#lib/io/host/files.ts"
import { isRecord, parseJson } from "#lib/io/images/core/manifest.ts"
import { isDigest } from "#lib/io/images/core/reference.ts"
import type { ImageLayer } from "#lib/ports/index.ts"

/** A layer of the store. */
export type StoredLayer = ImageLayer & {
  /** Bytes on the disk. */
  readonly bytes: number
}

/** A place where a layer is made: what is in it goes unless it is adopted. */
export type Staging = {
  readonly path: string
  /** The directory, made and empty, that is to become the layer. */
  readonly root: string
}

/**
 * The layers on the disk:
 *
 *     layers/<short name>/fs          the layer
 *     layers/<short name>/layer.json  its digest, size, and the boot in which it was written
 *     layers/<short name>/durable     says that the disk has all of it
 *     staging/<name>/                 what is being made, or being removed
 *
 * A layer comes into `layers` by one rename and leaves it by one, so none is ever there in part.
 */
export class LayerStore {
  readonly #directory: string
  readonly #bootId: string
  readonly #layers = new Map<string, StoredLayer & { readonly name: string }>()
  readonly #holders = new Map<string, ReadonlySet<string>>()

  constructor(options: {
    readonly directory: string
    /** Names this run of the kernel. */
    readonly bootId: string
  }) {
    this.#directory = options.directory
    this.#bootId = options.bootId
  }

  /** Finds what is there, and clears away what was not finished. */
  async open(): Promise<void> {
    // Nobody but root comes in: layers hold programs that are setuid root, and devices.
    await mkdir(this.#directory, { recursive: true, mode: 0o711 })
    await mkdir(`${this.#directory}/layers`, { recursive: true, mode: 0o700 })
    await rm(this.staging, { recursive: true, force: true })
    await mkdir(this.staging, { recursive: true, mode: 0o700 })
    for (const name of await readdir(`${this.#directory}/layers`)) {
      const layer = await this.#read(name)
      if (layer === undefined || this.#layers.has(layer.id)) await this.#discard(name)
      else this.#layers.set(layer.id, { ...layer, name })
    }
  }

  /** A layer by the digest of its tar, if it is there. */
  async find(id: string): Promise<StoredLayer | undefined> {
    const layer = this.#layers.get(id)
    if (layer === undefined) return undefined
    try {
      await access(layer.path)
      return layer
    } catch {
      // Somebody has cleaned up by hand.
      if (this.#layers.get(id) === layer) this.#layers.delete(id)
      return undefined
    }
  }

  /** All layers. */
  all(): readonly StoredLayer[] {
    return [...this.#layers.values()]
  }

  /** Where things are made and removed; all of it goes when the store is opened. */
  get staging(): string {
    return `${this.#directory}/staging`
  }

  /** A new place to make a layer in. */
  async stage(): Promise<Staging> {
    const path = `${this.staging}/${crypto.randomUUID()}`
    await mkdir(path, { mode: 0o700 })
    await mkdir(`${path}/fs`, { mode: 0o755 })
    return { path, root: `${path}/fs` }
  }

  /** Removes a staging place and all in it. */
  async clear({ path }: Staging): Promise<void> {
    await rm(path, { recursive: true, force: true })
  }

  /** Makes what was staged a layer; another that has become the same layer meanwhile goes first. */
  async adopt(
    staging: Staging,
    facts: { readonly id: string; readonly bytes: number },
  ): Promise<void> {
    if (this.#layers.has(facts.id)) return
    const record = { version: 1, ...facts, boot: this.#bootId }
    await writeFile(`${staging.path}/layer.json`, JSON.stringify(record), { mode: 0o600 })
    for (;;) {
      // Short, as the options of a mount have room for 4 KiB; a name that is taken is not taken again.
      const name = crypto.randomUUID().slice(0, 8)
      try {
        await rename(staging.path, this.#place(name))
      } catch (cause) {
        const code = errorCode(cause)
        if (code === "ENOTEMPTY" || code === "EEXIST") continue
        throw cause
      }
      this.#layers.set(facts.id, { ...facts, name, path: `${this.#place(name)}/fs` })
      return
    }
  }

  /** Notes that the disk has these layers as a whole, whatever happens to the machine. */
  async markDurable(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      const layer = this.#layers.get(id)
      if (layer !== undefined) await ifExists(writeFile(`${this.#place(layer.name)}/durable`, ""))
    }
  }

  /** Adds layers to what a holder uses. */
  hold(holder: string, ids: readonly string[]): void {
    this.#holders.set(holder, new Set([...(this.#holders.get(holder) ?? []), ...ids]))
  }

  /** Forgets a holder. */
  release(holder: string): void {
    this.#holders.delete(holder)
  }

  /** The layers that each holder uses. */
  held(): readonly ReadonlySet<string>[] {
    return [...this.#holders.values()]
  }

  /** Removes layers that nobody holds; returns how many bytes became free. */
  async remove(ids: readonly string[]): Promise<number> {
    const gone = ids.flatMap((id) => {
      const layer = this.#layers.get(id)
      const isHeld = this.held().some((layers) => layers.has(id))
      if (layer === undefined || isHeld) return []
      this.#layers.delete(id)
      return [layer]
    })
    for (const { name } of gone) await this.#discard(name)
    return gone.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  async #discard(name: string): Promise<void> {
    const grave = `${this.staging}/${crypto.randomUUID()}`
    await rename(this.#place(name), grave)
    await rm(grave, { recursive: true, force: true })
  }

  /** A layer of an earlier life; undefined when the machine may have stopped before the disk had it. */
  async #read(name: string): Promise<StoredLayer | undefined> {
    const place = this.#place(name)
    const record = parseJson((await ifExists(readFile(`${place}/layer.json`, "utf8"))) ?? "")
    if (!isRecord(record)) return undefined
    const { id, bytes, boot } = record
    if (typeof id !== "string" || !isDigest(id) || typeof bytes !== "number") return undefined
    const isDurable =
      boot === this.#bootId || (await ifExists(access(`${place}/durable`))) !== undefined
    return isDurable ? { id, bytes, path: `${place}/fs` } : undefined
  }

  #place(name: string): string {
    return `${this.#directory}/layers/${name}`
  }
}
