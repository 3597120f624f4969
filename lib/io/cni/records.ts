import { readFile } from "node:fs/promises"
import type { ContainerId } from "#lib/ports/index.ts"
import { writeDurably } from "#lib/io/host/durable-file.ts"
import { ifExists } from "#lib/io/host/files.ts"
import { Holders } from "#lib/io/host/holders.ts"
import type { Membership } from "./chain.ts"

/** What is kept of the networks of a container, so that it can leave them whatever happens. */
export type NetworkRecord = {
  readonly hostname: string
  readonly memberships: readonly Membership[]
}

/**
 * The files behind containers in networks of their own. `<directory>/<container>/` holds `ns`, where the
 * namespace is mounted, `network.json`, the files of its /etc, and who uses them: the container itself,
 * or the members of a task group.
 */
export class NetworkRecords {
  readonly holders: Holders

  constructor(directory: string) {
    this.holders = new Holders(directory)
  }

  /** Where everything of a container's networks lies. */
  place(owner: ContainerId): string {
    return this.holders.place(owner)
  }

  /** Where its network namespace is mounted. */
  namespace(owner: ContainerId): string {
    return `${this.place(owner)}/ns`
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
}
