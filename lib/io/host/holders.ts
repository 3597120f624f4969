import { existsSync } from "node:fs"
import { mkdir, readdir, rm, writeFile } from "node:fs/promises"
import type { ContainerId } from "#lib/ports/index.ts"
import { ifExists } from "./files.ts"

/**
 * Who uses what containers share, in files, so that any life of the agent knows: a directory for each
 * owner, `<directory>/<owner>/holders/<container>`. Whoever lets go last removes the rest.
 */
export class Holders {
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
  }

  /** Where everything of an owner lies. */
  place(owner: ContainerId): string {
    return `${this.#directory}/${owner}`
  }

  /** Whether there is anything of an owner. */
  has(owner: ContainerId): boolean {
    return existsSync(this.place(owner))
  }

  /** Notes that a container uses what is the owner's, before that is made. */
  async hold(owner: ContainerId, holder: ContainerId): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 })
    await mkdir(`${this.place(owner)}/holders`, { recursive: true, mode: 0o711 })
    await writeFile(`${this.place(owner)}/holders/${holder}`, "")
  }

  /** Takes it back; false while others use it. */
  async release(owner: ContainerId, holder: ContainerId): Promise<boolean> {
    await rm(`${this.place(owner)}/holders/${holder}`, { force: true })
    return (await this.#of(owner)).length === 0
  }

  /** Removes everything of an owner. */
  async remove(owner: ContainerId): Promise<void> {
    await rm(this.place(owner), { recursive: true, force: true })
  }

  /** Holders that are not known, with what they hold; an owner that nobody holds is one itself. */
  async unknown(
    known: ReadonlySet<ContainerId>,
  ): Promise<readonly { readonly owner: ContainerId; readonly holder: ContainerId }[]> {
    const owners = ((await ifExists(readdir(this.#directory))) ?? []) as ContainerId[]
    const found = await Promise.all(
      owners
        .filter((owner) => !known.has(owner))
        .map(async (owner) => {
          const holders = await this.#of(owner)
          const gone = holders.filter((holder) => !known.has(holder))
          return (holders.length === 0 ? [owner] : gone).map((holder) => ({ owner, holder }))
        }),
    )
    return found.flat()
  }

  async #of(owner: ContainerId): Promise<readonly ContainerId[]> {
    const names = await ifExists(readdir(`${this.place(owner)}/holders`))
    return (names ?? []) as ContainerId[]
  }
}
