import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from "node:fs"
import type { ContainerId } from "#lib/ports/index.ts"
import { errorCode } from "#lib/io/host/files.ts"
import type { CgroupFiles } from "./limits.ts"

/** Rounds of killing; each kills all there are, so only a container that forks faster needs many. */
const KILL_ROUNDS = 50

/** Controllers that containers are limited by in version 2. */
const CONTROLLERS = "+cpu +memory +pids"

/**
 * The cgroups of containers, in all hierarchies of version 1 or in the one of version 2. A nested
 * container's lie below its parent's: "/mesos/<root>/mesos/<child>", and in version 2, where a group
 * with children holds no processes, those of each are in a group "leaf" below its own.
 * Source: apache/mesos: src/slave/containerizer/mesos/isolators/cgroups.
 */
export class CgroupTree {
  readonly version: 1 | 2
  readonly #mount: string
  readonly #name: string
  /** How many containers of each family may have groups below the family's own. */
  readonly #families = new Map<string, Set<ContainerId>>()

  constructor(name: string, mount = "/sys/fs/cgroup") {
    this.#mount = mount
    this.#name = name
    this.version = existsSync(`${mount}/cgroup.controllers`) ? 2 : 1
  }

  /** Whether containers can be limited; a text that says what is missing where they cannot. */
  problem(): string | undefined {
    try {
      if (this.version === 1)
        return this.#hierarchies().some((each) => each.endsWith("/memory"))
          ? undefined
          : `no cgroups are mounted at ${this.#mount}: mount them`
      this.#delegate(this.#mount, `${this.#mount}/${this.#name}`)
      return undefined
    } catch (cause) {
      return `cgroups cannot be used: ${String(cause)}`
    }
  }

  /**
   * Says that a container has groups, or will have: those that it shares with its family, the containers
   * that it is nested in or beside, stay until all of them are removed.
   */
  claim(containerId: ContainerId): void {
    const family = familyOf(containerId)
    const members = this.#families.get(family)
    if (members === undefined) this.#families.set(family, new Set([containerId]))
    else members.add(containerId)
  }

  /** The group of a container's processes as runc is told it: from the top of the hierarchies. */
  processesPath(containerId: ContainerId): string {
    return this.version === 2 ? `${this.#path(containerId)}/leaf` : this.#path(containerId)
  }

  /** Makes the groups above that of the processes, with limits; needed in version 2 only. */
  prepare(containerId: ContainerId, files: CgroupFiles): void {
    if (this.version === 1) return
    let parent = this.#mount
    for (const name of this.#path(containerId).split("/").filter(Boolean)) {
      this.#delegate(parent, `${parent}/${name}`)
      parent = `${parent}/${name}`
    }
    for (const [file, value] of files)
      if (existsSync(`${parent}/${file}`)) writeFileSync(`${parent}/${file}`, value)
    writeFileSync(`${parent}/cgroup.subtree_control`, CONTROLLERS)
  }

  /** Makes the groups that the containers of a family share, where there is no container of its own. */
  prepareFamily(family: ContainerId): void {
    if (this.version === 2) return this.prepare(family, [])
    for (const hierarchy of ["memory", "cpu"])
      if (existsSync(`${this.#mount}/${hierarchy}`))
        mkdirSync(`${this.#mount}/${hierarchy}${this.#path(family)}`, { recursive: true })
  }

  /** Whether a process belongs to the container: nobody else's could be in its group. */
  holds(containerId: ContainerId, pid: number): boolean {
    const path = this.processesPath(containerId)
    return (read(`/proc/${pid}/cgroup`) ?? "")
      .split("\n")
      .some((line) => line.slice(line.indexOf(":", line.indexOf(":") + 1) + 1) === path)
  }

  /** The processes of a container, and of all that are nested in it unless `own` is set. */
  members(containerId: ContainerId, own = false): readonly number[] {
    const root = `${this.#main()}${this.#path(containerId)}`
    const groups = own ? [`${this.#main()}${this.processesPath(containerId)}`] : descend(root)
    return groups.flatMap((group) =>
      (read(`${group}/cgroup.procs`) ?? "").split("\n").filter(Boolean).map(Number),
    )
  }

  /** Kills every process of a container and of all nested in it; true when none is left. */
  async killAll(containerId: ContainerId): Promise<boolean> {
    for (let round = 0; round < KILL_ROUNDS; round++) {
      const members = this.members(containerId)
      if (members.length === 0) return true
      if (!this.#killAtOnce(containerId)) for (const pid of members) send(pid, "SIGKILL")
      await Bun.sleep(Math.min(2 ** round, 50))
    }
    return false
  }

  /** How often the kernel has killed a process of the container because its memory was used up. */
  memoryKills(containerId: ContainerId): number {
    const path = `${this.#main()}${this.#path(containerId)}`
    const text = read(`${path}/${this.version === 2 ? "memory.events" : "memory.oom_control"}`)
    return Number(/^oom_kill (\d+)$/m.exec(text ?? "")?.[1] ?? 0)
  }

  /** Values of a container's group, as the kernel has them; undefined where it has no such file. */
  readFile(containerId: ContainerId, hierarchy: string, file: string): string | undefined {
    const top = this.version === 2 ? this.#mount : `${this.#mount}/${hierarchy}`
    return read(`${top}${this.#path(containerId)}/${file}`)
  }

  /** Writes a value of a container's group; nothing happens where the kernel has no such file. */
  writeFile(containerId: ContainerId, hierarchy: string, [file, value]: CgroupFiles[number]): void {
    const top = this.version === 2 ? this.#mount : `${this.#mount}/${hierarchy}`
    const path = `${top}${this.#path(containerId)}/${file}`
    if (existsSync(path)) writeFileSync(path, value)
  }

  /**
   * Removes a container's groups with those nested in it, and those of its family after the last of it;
   * false while processes are left.
   */
  remove(containerId: ContainerId): boolean {
    if (!this.#removeGroups(containerId)) return false
    const family = familyOf(containerId)
    const members = this.#families.get(family)
    members?.delete(containerId)
    if (members !== undefined && members.size > 0) return true
    this.#families.delete(family)
    // Whoever of the family has processes keeps its groups.
    this.#removeGroups(family)
    return true
  }

  #removeGroups(containerId: ContainerId): boolean {
    let gone = true
    for (const hierarchy of this.#hierarchies())
      gone = removeTree(`${hierarchy}${this.#path(containerId)}`) && gone
    return gone
  }

  #path(containerId: ContainerId): string {
    return `/${this.#name}/${containerId.split(".").join(`/${this.#name}/`)}`
  }

  #main(): string {
    return this.version === 2 ? this.#mount : `${this.#mount}/memory`
  }

  /** Every mounted hierarchy; names that lead to another one are not counted twice. */
  #hierarchies(): readonly string[] {
    if (this.version === 2) return [this.#mount]
    return directories(this.#mount)
      .map((name) => `${this.#mount}/${name}`)
      .filter((path) => existsSync(`${path}/cgroup.procs`))
  }

  #delegate(parent: string, path: string): void {
    writeFileSync(`${parent}/cgroup.subtree_control`, CONTROLLERS)
    mkdirSync(path, { recursive: true })
  }

  #killAtOnce(containerId: ContainerId): boolean {
    const file = `${this.#main()}${this.#path(containerId)}/cgroup.kill`
    if (!existsSync(file)) return false
    writeFileSync(file, "1")
    return true
  }
}

/** The outermost container that this one is nested in, if only by name. */
export const familyOf = (containerId: ContainerId): ContainerId =>
  (containerId.split(".")[0] ?? containerId) as ContainerId

/** Sends a signal to a process that may have ended. */
export function send(pid: number, signal: number | NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It ended meanwhile.
  }
}

const directories = (path: string): readonly string[] => {
  try {
    return readdirSync(path).filter((name) => lstatSync(`${path}/${name}`).isDirectory())
  } catch {
    return []
  }
}

const descend = (path: string): readonly string[] => [
  path,
  ...directories(path).flatMap((name) => descend(`${path}/${name}`)),
]

function removeTree(path: string): boolean {
  let gone = true
  for (const name of directories(path)) gone = removeTree(`${path}/${name}`) && gone
  try {
    if (gone) rmdirSync(path)
    return gone
  } catch (cause) {
    if (errorCode(cause) === "ENOENT") return true
    if (errorCode(cause) === "EBUSY" || errorCode(cause) === "ENOTEMPTY") return false
    throw cause
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return undefined
  }
}
