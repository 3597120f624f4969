import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises"
import type { ContainerId } from "#lib/ports/index.ts"
import { ifExists } from "#lib/io/host/files.ts"
import { parseStat } from "#lib/io/host/proc.ts"
import type { ProcessIdentity } from "#lib/io/host/proc.ts"

/**
 * The debug containers of a runtime, on disk: a file for each, named after it, which holds what the
 * kernel says of its first process. The next life of the agent ends what it finds there.
 */
export class SessionRecords {
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
  }

  /** Writes down that a container is about to be started; fails with EEXIST when it was before. */
  async create(containerId: ContainerId): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 })
    await writeFile(this.#file(containerId), "", { flag: "wx", mode: 0o600 })
  }

  /** Writes down its first process. */
  async setLeader(containerId: ContainerId, pid: number): Promise<void> {
    const stat = await ifExists(readFile(`/proc/${pid}/stat`, "latin1"))
    if (stat !== undefined) await writeFile(this.#file(containerId), stat)
  }

  /** The first process of a container; undefined when it was not written down. */
  async leader(containerId: ContainerId): Promise<ProcessIdentity | undefined> {
    const text = (await ifExists(readFile(this.#file(containerId), "latin1"))) ?? ""
    const stat = parseStat(text.trimEnd())
    return stat === undefined ? undefined : { pid: stat.pid, startTime: stat.startTime }
  }

  async list(): Promise<readonly ContainerId[]> {
    return ((await ifExists(readdir(this.#directory))) ?? []) as ContainerId[]
  }

  async remove(containerId: ContainerId): Promise<void> {
    await rm(this.#file(containerId), { force: true })
  }

  #file(containerId: ContainerId): string {
    return `${this.#directory}/${containerId}`
  }
}
