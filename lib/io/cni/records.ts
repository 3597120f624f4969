import { existsSync } from "node:fs"
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises"
import type { ContainerId } from "#lib/ports/index.ts"
import { writeDurably } from "#lib/io/host/durable-file.ts"
import { ifExists } from "#lib/io/host/files.ts"
import type { Membership } from "./chain.ts"

/** What is kept of the networks of a container, so that it can leave them whatever happens. */
export type NetworkRecord = {
  readonly hostname: string
  readonly memberships: readonly Membership[]
}

/**
 * The files behind containers in networks of their own. `<directory>/<container>/` holds `ns`, where the
 * namespace is mounted, `network.json`, the files of its /etc, and in `holders/` a file for each
 * container that uses it: itself, or the members of a task group. It goes with the last of them.
 */
export class NetworkRecords {
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
  }

  /** Where everything of a container's networks lies. */
  place(owner: ContainerId): string {
    return `${this.#directory}/${owner}`
  }

  /** Where its network namespace is mounted. */
  namespace(owner: ContainerId): string {
    return `${this.place(owner)}/ns`
  }

  /** Whether anything is kept of the networks of a container. */
  has(owner: ContainerId): boolean {
    return existsSync(this.place(owner))
  }

  /** Notes that a container uses the networks of `owner`, before they are joined. */
  async hold(owner: ContainerId, holder: ContainerId): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 })
    await mkdir(`${this.place(owner)}/holders`, { recursive: true, mode: 0o711 })
    await writeFile(`${this.place(owner)}/holders/${holder}`, "")
  }

  /** Takes it back; false while others use them. */
  async release(owner: ContainerId, holder: ContainerId): Promise<boolean> {
    await rm(`${this.place(owner)}/holders/${holder}`, { force: true })
    return (await this.holders(owner)).length === 0
  }

  /** The containers that use the networks of `owner`. */
  async holders(owner: ContainerId): Promise<readonly ContainerId[]> {
    const names = await ifExists(readdir(`${this.place(owner)}/holders`))
    return (names ?? []) as ContainerId[]
  }

  /** What is known of the networks of a container; undefined before the first is joined. */
  async read(owner: ContainerId): Promise<NetworkRecord | undefined> {
    const text = await ifExists(readFile(`${this.place(owner)}/network.json`, "utf8"))
    return text === undefined ? undefined : (JSON.parse(text) as NetworkRecord)
  }

  /** Keeps what is known, so that it survives the machine too: addresses are taken on disk. */
  async write(owner: ContainerId, record: NetworkRecord): Promise<void> {
    await writeDurably(`${this.place(owner)}/network.json`, JSON.stringify(record))
  }

  /** Removes everything that is kept. */
  async remove(owner: ContainerId): Promise<void> {
    await rm(this.place(owner), { recursive: true, force: true })
  }

  /** All containers of which something is kept. */
  async list(): Promise<readonly ContainerId[]> {
    return ((await ifExists(readdir(this.#directory))) ?? []) as ContainerId[]
  }
}
