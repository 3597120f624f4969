import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises"
import type { ContainerId } from "#lib/ports/index.ts"
import { ifExists } from "#lib/io/host/files.ts"
import { parseStat } from "#lib/io/host/proc.ts"
import { exitedStatus, signaledStatus, terminalStatus } from "#lib/io/host/wait-status.ts"
import { SUPERVISOR_SCRIPT } from "#lib/io/process/supervisor.ts"

/** The exit code of a container that SIGKILL ended. */
const KILLED = 128 + 9

/** What the agent must know of a container beyond its specification. */
export type LaunchRecord = {
  /** Digests of the layers it uses, so that they are held after a restart. */
  readonly layers: readonly string[]
  /** The signal that asks it to end, as a number; SIGTERM unless its image says otherwise. */
  readonly stopSignal: number
  /** Whether its first process is the first of a pid namespace, which the kernel protects. */
  readonly protectedInit: boolean
}

/**
 * The files that tie a container to its processes, below the agent's runtime directory:
 * `containers/<id>/` is its bundle (`config.json`, `rootfs/`) with `boot_id`, `launch.json`,
 * `conmon.pid`, `pid`, `runc.log` and, for a container with an image, `upper/` and `work/`;
 * `ended/<id>`, written by conmon, holds the exit code; `state/<id>` is runc's own. A container with a
 * terminal has a supervisor of another kind, whose records are `containers/<id>/terminal/`.
 */
export class RuncRecords {
  readonly endedDir: string
  readonly stateDir: string
  /** The script of those who supervise terminals. */
  readonly supervisorScript: string
  readonly #containersDir: string

  constructor(runtimeDir: string) {
    this.#containersDir = `${runtimeDir}/containers`
    this.endedDir = `${runtimeDir}/ended`
    this.stateDir = `${runtimeDir}/state`
    this.supervisorScript = `${runtimeDir}/supervisor.sh`
  }

  /** Makes the directories that all containers share. */
  async prepare(): Promise<void> {
    for (const path of [this.#containersDir, this.endedDir, this.stateDir])
      await mkdir(path, { recursive: true, mode: 0o700 })
    // Renamed, because a shell of an older version may still read the old one.
    await writeFile(`${this.supervisorScript}.new`, SUPERVISOR_SCRIPT, { mode: 0o600 })
    await rename(`${this.supervisorScript}.new`, this.supervisorScript)
  }

  /** Where the bundles of all containers lie. */
  get bundlesDir(): string {
    return this.#containersDir
  }

  /** The directory of one container's records, which is its bundle. */
  bundle(containerId: ContainerId): string {
    return `${this.#containersDir}/${containerId}`
  }

  /** The directory of what supervises the terminal of a container. */
  terminal(containerId: ContainerId): string {
    return `${this.bundle(containerId)}/terminal`
  }

  /**
   * Makes the directory of a new container; fails with EEXIST when it was launched before. At once, for a
   * trip through the pool of threads takes ten times as long as what is done there.
   */
  create(containerId: ContainerId, boot: string): void {
    mkdirSync(this.bundle(containerId), { mode: 0o711 })
    writeFileSync(`${this.bundle(containerId)}/boot_id`, `${boot}\n`)
    mkdirSync(`${this.bundle(containerId)}/rootfs`, { mode: 0o755 })
  }

  /** Writes what `launch` found out; the container is not started before. */
  writeLaunch(containerId: ContainerId, record: LaunchRecord): void {
    writeFileSync(`${this.bundle(containerId)}/launch.json`, JSON.stringify(record))
  }

  /** What `launch` found out; undefined when it was cut short. */
  async launch(containerId: ContainerId): Promise<LaunchRecord | undefined> {
    const text = await this.#read(containerId, "launch.json")
    try {
      return text === undefined ? undefined : (JSON.parse(text) as LaunchRecord)
    } catch {
      return undefined
    }
  }

  /** Makes every later life of the agent take the container for one whose launch was cut short. */
  async removeLaunch(containerId: ContainerId): Promise<void> {
    await rm(`${this.bundle(containerId)}/launch.json`, { force: true })
  }

  /** Removes all records of a container, runc's with them. */
  async remove(containerId: ContainerId): Promise<void> {
    await rm(`${this.stateDir}/${containerId}`, { recursive: true, force: true })
    await rm(this.bundle(containerId), { recursive: true, force: true })
    await rm(this.endedFile(containerId), { force: true })
  }

  /** The containers that have records of any kind. */
  async list(): Promise<readonly ContainerId[]> {
    const found = new Set<string>()
    for (const path of [this.#containersDir, this.stateDir, this.endedDir])
      for (const name of (await ifExists(readdir(path))) ?? []) found.add(name)
    return [...found] as ContainerId[]
  }

  /** The boot in which the container was launched; undefined when it has no records, or half of them. */
  async boot(containerId: ContainerId): Promise<string | undefined> {
    const text = await this.#read(containerId, "boot_id")
    return text?.endsWith("\n") === true ? text.trimEnd() : undefined
  }

  /** The container's first process; undefined until runc has made it. */
  pid(containerId: ContainerId): Promise<number | undefined> {
    return this.#number(containerId, "pid")
  }

  /** The supervisor. */
  async conmon(containerId: ContainerId): Promise<number | undefined> {
    const conmon = await this.#number(containerId, "conmon.pid")
    return conmon ?? (await this.#pidOf(containerId, "terminal/supervisor"))
  }

  /** The process that holds the terminal of a container; undefined when it has none. */
  terminalHolder(containerId: ContainerId): Promise<number | undefined> {
    return this.#pidOf(containerId, "terminal/pid")
  }

  /** Writes down that the first process is about to be killed, because it would not hear a signal. */
  noteAsked(containerId: ContainerId, signal: number): void {
    writeFileSync(`${this.bundle(containerId)}/asked`, `${signal}`)
  }

  /** Takes it back: the container is killed because it did not end. */
  forgetAsked(containerId: ContainerId): void {
    rmSync(`${this.bundle(containerId)}/asked`, { force: true })
  }

  /** The wait status of the container; undefined while there is none. */
  async status(containerId: ContainerId): Promise<number | undefined> {
    const text =
      (await ifExists(readFile(`${this.bundle(containerId)}/exit`, "latin1"))) ||
      (await ifExists(readFile(this.endedFile(containerId), "latin1"))) ||
      (await this.#read(containerId, "terminal/status"))?.replace(/\n$/, "")
    if (text === undefined || !/^\d+$/.test(text)) return undefined
    const code = Number(text)
    const asked = await this.#number(containerId, "asked")
    if (asked !== undefined && code === KILLED) return signaledStatus(asked)
    return terminalStatus(exitedStatus(code))
  }

  /** The text that runc left when it could not make the container; empty when it left none. */
  async complaint(containerId: ContainerId): Promise<string> {
    const log = (await this.#read(containerId, "runc.log")) ?? ""
    return log
      .split("\n")
      .flatMap((line) => {
        const { level, msg } = parseLine(line)
        return level === "error" && msg !== undefined ? [msg] : []
      })
      .join("; ")
  }

  /** The file that appears when the container has ended. */
  endedFile(containerId: ContainerId): string {
    return `${this.endedDir}/${containerId}`
  }

  async #pidOf(containerId: ContainerId, name: string): Promise<number | undefined> {
    return parseStat(((await this.#read(containerId, name)) ?? "").trimEnd())?.pid
  }

  async #number(containerId: ContainerId, name: string): Promise<number | undefined> {
    const text = await this.#read(containerId, name)
    return text !== undefined && /^\d+\s*$/.test(text) ? Number(text) : undefined
  }

  #read(containerId: ContainerId, name: string): Promise<string | undefined> {
    return ifExists(readFile(`${this.bundle(containerId)}/${name}`, "utf8"))
  }
}

function parseLine(line: string): { readonly level?: string; readonly msg?: string } {
  try {
    return JSON.parse(line) as { readonly level?: string; readonly msg?: string }
  } catch {
    return {}
  }
}
