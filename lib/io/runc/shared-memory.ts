import { existsSync } from "node:fs"
import { mkdir, readdir, readFile, rm, statfs, writeFile } from "node:fs/promises"
import type { LinuxInfo } from "#lib/mesos/index.ts"
import type { ContainerId, ContainerSpec } from "#lib/ports/index.ts"
import { ifExists } from "#lib/io/host/files.ts"
import { Holders } from "#lib/io/host/holders.ts"
import { KeyedLock } from "#lib/io/host/keyed-lock.ts"
import { isNamespace, removeNamespace } from "#lib/io/host/namespace.ts"
import { runTool } from "#lib/io/host/run-tool.ts"
import { familyOf } from "./cgroup-tree.ts"
import type { OciSpec } from "./oci.ts"

/** Memory that containers share with others. */
export type SharedMemory = {
  /** Path of the IPC namespace; that of the parent where it is absent. */
  readonly ipc?: string | undefined
  /** The directory that they see as /dev/shm. */
  readonly shm: string
}

/** The type of file systems in memory. Source: linux/magic.h (TMPFS_MAGIC). */
const TMPFS = 0x01021994

/** Makes an IPC namespace at "$1", and a file system in memory with options "$3" at "$2". */
const MAKE = `unshare --ipc="$1" true && mount --make-unbindable "$1" && mount -t tmpfs -o "$3" shm "$2"`

const isUnset = (mode: LinuxInfo["ipcMode"]): boolean => mode === undefined || mode === "UNKNOWN"

/**
 * Whether a container has shared memory of its own: unless it is nested, or says otherwise.
 * Source: apache/mesos: docs/isolators/namespaces-ipc.md.
 */
export function hasOwnMemory({ containerId, task }: ContainerSpec): boolean {
  const mode = task.container?.linuxInfo?.ipcMode
  return isUnset(mode) ? !containerId.includes(".") : mode === "PRIVATE"
}

/**
 * The shared memory of task groups. Their executors are books only, so that it is not theirs: it is made
 * with the first member and goes with the last.
 */
export class GroupMemory {
  readonly #holders: Holders
  readonly #lock = new KeyedLock()
  readonly #defaultMib: number | undefined

  /** `defaultMib`: the size where a group names none. */
  constructor(directory: string, defaultMib?: number) {
    this.#holders = new Holders(directory)
    this.#defaultMib = defaultMib
  }

  /**
   * The memory that a container shares with its group, or with what it lives in, whose `bundle` is given;
   * undefined for one with its own, or with that of the machine.
   */
  async of(
    spec: ContainerSpec,
    bundle: (id: ContainerId) => string,
  ): Promise<SharedMemory | undefined> {
    if (hasOwnMemory(spec)) return undefined
    if (spec.parent !== undefined) return memoryOfParent(bundle(spec.parent))
    const { containerId, groupContainer } = spec
    const { ipcMode, shmSize = this.#defaultMib } = groupContainer?.linuxInfo ?? {}
    if (!containerId.includes(".") || ipcMode === "SHARE_PARENT") return undefined
    const group = familyOf(containerId)
    await this.#lock.run(group, () => this.#make(group, containerId, shmSize))
    return this.#paths(group)
  }

  /** A container is gone. Harmless when repeated. */
  async leave(containerId: ContainerId): Promise<void> {
    const group = familyOf(containerId)
    if (!this.#holders.has(group)) return
    await this.#lock.run(group, async () => {
      if (await this.#holders.release(group, containerId)) await this.#remove(group)
    })
  }

  /** Removes the memory of groups without a member that is known. */
  async removeOrphans(known: ReadonlySet<ContainerId>): Promise<void> {
    for (const { holder } of await this.#holders.unknown(known)) await this.leave(holder)
  }

  async #make(group: ContainerId, holder: ContainerId, sizeMib: number | undefined): Promise<void> {
    await this.#holders.hold(group, holder)
    const { ipc, shm } = this.#paths(group)
    if (isNamespace(ipc) && (await isMounted(shm))) return
    // An earlier attempt was cut short.
    await this.#unmount(group)
    await mkdir(shm, { recursive: true })
    await writeFile(ipc, "", { mode: 0o444 })
    const size = sizeMib === undefined ? "" : `,size=${sizeMib}m`
    const options = `nosuid,noexec,nodev,mode=1777${size}`
    await runTool(["sh", "-c", MAKE, "sh", ipc, shm, options])
  }

  async #remove(group: ContainerId): Promise<void> {
    await this.#unmount(group)
    await this.#holders.remove(group)
  }

  async #unmount(group: ContainerId): Promise<void> {
    const { ipc, shm } = this.#paths(group)
    if (await isMounted(shm)) {
      // Containers that began meanwhile may hold the mount, and would hold what is in it.
      for (const name of await readdir(shm)) await rm(`${shm}/${name}`, { recursive: true })
      await runTool(["umount", "-l", shm])
    }
    await removeNamespace(ipc)
  }

  #paths(group: ContainerId): { readonly ipc: string; readonly shm: string } {
    const place = this.#holders.place(group)
    return { ipc: `${place}/ipc`, shm: `${place}/shm` }
  }
}

const isMounted = async (path: string): Promise<boolean> =>
  existsSync(path) && (await statfs(path)).type === TMPFS

/** What the container that one lives in sees as its own is in its own mounts only. */
async function memoryOfParent(bundle: string): Promise<SharedMemory | undefined> {
  const text = await ifExists(readFile(`${bundle}/config.json`, "utf8"))
  if (text === undefined) return undefined
  const { mounts } = JSON.parse(text) as OciSpec
  const shm = mounts.findLast(({ destination }) => destination === "/dev/shm")
  return shm?.type === "bind" ? { shm: shm.source } : undefined
}
