import { existsSync, mkdirSync, writeFileSync } from "node:fs"
import { mkdir, open, readFile, readdir, rename, rm, writeFile } from "node:fs/promises"
import type { ContainerId } from "#lib/ports/index.ts"
import { errorCode, ifExists } from "#lib/io/host/files.ts"
import { parseStat } from "#lib/io/host/proc.ts"
import type { ProcessIdentity } from "#lib/io/host/proc.ts"
import { SUPERVISOR_SCRIPT, statusOfShellCode } from "./supervisor.ts"

/** What a recovering agent writes in place of the supervisor, so that a late one starts nothing. */
const CANCELLED = "cancelled\n"

/**
 * The files that tie a container to its processes, below the agent's runtime directory:
 * `containers/<id>/{boot_id,supervisor,pid,how,status}`, written by the supervisor except for the
 * first, and `ended/<id>`, whose appearance tells that `status` is there.
 */
export class ContainerRecords {
  readonly endedDir: string
  /** A file, so that the process list names it instead of showing all of it. */
  readonly supervisorScript: string
  readonly #containersDir: string

  constructor(runtimeDir: string) {
    this.#containersDir = `${runtimeDir}/containers`
    this.endedDir = `${runtimeDir}/ended`
    this.supervisorScript = `${runtimeDir}/supervisor.sh`
  }

  /** Makes the directories that all containers share, and the script of their supervisors. */
  async prepare(): Promise<void> {
    await mkdir(this.#containersDir, { recursive: true, mode: 0o700 })
    await mkdir(this.endedDir, { recursive: true, mode: 0o700 })
    // An agent may have died between the removal of a container's records and that of this file.
    for (const name of await readdir(this.endedDir))
      if (!existsSync(`${this.#containersDir}/${name}`)) await rm(`${this.endedDir}/${name}`)
    // Renamed, because a shell of an older version may still read the old one.
    await writeFile(`${this.supervisorScript}.new`, SUPERVISOR_SCRIPT, { mode: 0o600 })
    await rename(`${this.supervisorScript}.new`, this.supervisorScript)
  }

  /** The directory of one container's records. */
  directory(containerId: ContainerId): string {
    return `${this.#containersDir}/${containerId}`
  }

  /** The file that appears when the container has ended. */
  endedFile(containerId: ContainerId): string {
    return `${this.endedDir}/${containerId}`
  }

  /**
   * Makes the directory of a new container; fails with EEXIST when it was launched before. At once, for a
   * trip through the pool of threads takes ten times as long as what is done there.
   */
  create(containerId: ContainerId, boot: string): void {
    mkdirSync(this.directory(containerId), { mode: 0o700 })
    writeFileSync(`${this.directory(containerId)}/boot_id`, `${boot}\n`)
  }

  /** Removes all records of a container. */
  async remove(containerId: ContainerId): Promise<void> {
    // Its directory goes last: by that an agent which comes back knows that there is something left.
    await rm(this.endedFile(containerId), { force: true })
    await rm(this.directory(containerId), { recursive: true, force: true })
  }

  /** The containers that have records. */
  async list(): Promise<readonly ContainerId[]> {
    return ((await ifExists(readdir(this.#containersDir))) ?? []) as ContainerId[]
  }

  /** The boot in which the container was launched; undefined when it has no records, or half of them. */
  async boot(containerId: ContainerId): Promise<string | undefined> {
    const text = await this.#read(containerId, "boot_id")
    return text?.endsWith("\n") === true ? text.trimEnd() : undefined
  }

  /**
   * Makes sure that a supervisor which has not started its task yet never will. True when it had
   * not; false when it had, or is about to.
   */
  async cancel(containerId: ContainerId): Promise<boolean> {
    try {
      const file = await open(`${this.directory(containerId)}/supervisor`, "wx", 0o600)
      try {
        await file.writeFile(CANCELLED)
      } finally {
        await file.close()
      }
      return true
    } catch (cause) {
      if (errorCode(cause) !== "EEXIST") throw cause
      return (await this.#read(containerId, "supervisor")) === CANCELLED
    }
  }

  /** The supervisor, or undefined until it has written itself down. */
  supervisor(containerId: ContainerId): Promise<ProcessIdentity | undefined> {
    return this.#identity(containerId, "supervisor")
  }

  /** The task's first process, or undefined until the supervisor has written it down. */
  task(containerId: ContainerId): Promise<ProcessIdentity | undefined> {
    return this.#identity(containerId, "pid")
  }

  /** Makes the FIFO that is the keyboard of a task with a terminal. */
  async createInput(containerId: ContainerId): Promise<void> {
    const child = Bun.spawn(["mkfifo", "-m", "600", this.inputFile(containerId)], {
      stdio: ["ignore", "ignore", "ignore"],
    })
    if ((await child.exited) !== 0) throw new Error("its terminal's FIFO could not be made")
  }

  /** The FIFO that is the keyboard of a task with a terminal. */
  inputFile(containerId: ContainerId): string {
    return `${this.directory(containerId)}/input`
  }

  /** The wait status of the task; undefined while there is none. */
  async status(containerId: ContainerId): Promise<number | undefined> {
    const text = await this.#read(containerId, "status")
    if (text === undefined || !/^\d+\n$/.test(text)) return undefined
    return statusOfShellCode(Number(text), (await this.#read(containerId, "how")) ?? "")
  }

  async #identity(containerId: ContainerId, name: string): Promise<ProcessIdentity | undefined> {
    const text = await this.#read(containerId, name)
    if (text === undefined || !text.endsWith("\n")) return undefined
    const stat = parseStat(text.trimEnd())
    return stat === undefined ? undefined : { pid: stat.pid, startTime: stat.startTime }
  }

  #read(containerId: ContainerId, name: string): Promise<string | undefined> {
    return ifExists(readFile(`${this.directory(containerId)}/${name}`, "latin1"))
  }
}
