import { mkdir, readFile, rm } from "node:fs/promises"
import { writeDurably } from "#lib/io/host/durable-file.ts"
import { ifExists } from "#lib/io/host/files.ts"

const SCHEMA = 1

/** What is known of a volume's mount. */
export type PluginMount =
  /** The plugin said where. */
  | { readonly kind: "mounted"; readonly path: string }
  /** It was asked to mount or unmount the volume, and nobody heard what came of it. */
  | { readonly kind: "unsure" }
  /** It was mounted before the machine was restarted. */
  | { readonly kind: "past" }

/**
 * What the plugins of this machine have mounted for its agent, a file for each volume: written before a
 * plugin is asked and after it answered. Plugins themselves cannot be asked: many tell of a path for
 * volumes that are not mounted.
 */
export class PluginMounts {
  readonly #directory: string
  readonly #bootId: string

  constructor(directory: string, bootId: string) {
    this.#directory = directory
    this.#bootId = bootId
  }

  /** What is known of a volume; undefined where it is not mounted. */
  async find(volume: string): Promise<PluginMount | undefined> {
    const text = await ifExists(readFile(this.#path(volume), "utf8"))
    if (text === undefined) return undefined
    const { schema, boot, mount } = JSON.parse(text) as {
      readonly schema: unknown
      readonly boot: string
      readonly mount: PluginMount
    }
    if (schema !== SCHEMA)
      throw new Error(
        `${this.#path(volume)} is of version ${String(schema)}; this agent reads version ${SCHEMA}`,
      )
    return boot === this.#bootId ? mount : { kind: "past" }
  }

  async put(volume: string, mount: Exclude<PluginMount, { kind: "past" }>): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 })
    const text = JSON.stringify({ schema: SCHEMA, volume, boot: this.#bootId, mount })
    await writeDurably(this.#path(volume), text)
  }

  /** The volume is not mounted any more. */
  async remove(volume: string): Promise<void> {
    await rm(this.#path(volume), { force: true })
  }

  #path(volume: string): string {
    const name = new Bun.CryptoHasher("sha256").update(volume).digest("hex")
    return `${this.#directory}/${name}.json`
  }
}
