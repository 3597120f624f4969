import { constants } from "node:fs"
import { lstat, mkdir, open, readlink, realpath, rename, rm, stat, symlink } from "node:fs/promises"
import { basename, dirname } from "node:path"
import type { Account } from "#lib/io/host/accounts.ts"
import { openBelow, openDirectory, pathOf } from "#lib/io/host/directory.ts"
import { errorCode, ifExists } from "#lib/io/host/files.ts"
import { mountOf } from "#lib/io/host/mount-table.ts"
import type { Mount } from "#lib/io/host/mount-table.ts"

/** A file or directory of this machine that can be mounted. */
export type Place = { readonly path: string; readonly kind: "directory" | "file" }

/** A path of the operator's. `creatable` are the directories below which a missing one is made. */
export async function hostPlace(path: string, creatable: readonly string[]): Promise<Place> {
  const stats = await ifExists(stat(path))
  if (stats === undefined) {
    if (!creatable.some((prefix) => path === prefix || path.startsWith(`${prefix}/`)))
      throw new Error(
        `the host path '${path}' does not exist: create it on the agent, or name a directory above it with --host_path_volume_force_creation`,
      )
    await mkdir(path, { recursive: true })
  }
  return { path: await realpath(path), kind: stats?.isDirectory() === false ? "file" : "directory" }
}

/**
 * Refuses a place from whose mounts this machine would not hear. Source: apache/mesos:
 * src/slave/containerizer/mesos/isolators/volume/host_path.cpp.
 */
export function refusePrivate(path: string, mounts: readonly Mount[]): void {
  if (mountOf(path, mounts)?.shared !== true)
    throw new Error(
      `Cannot setup bidirectional mount propagation for host path '${path}' because it is not under a shared mount: make it one on the agent (mount --make-shared)`,
    )
}

/** A path below a sandbox or volume; a directory is made of what is missing. Never through links. */
export async function sandboxPlace(
  base: string,
  path: string,
  owner: Account | undefined,
): Promise<Place> {
  await using root = await openDirectory(base)
  const isFile = (await ifExists(lstat(`${base}/${path}`)))?.isFile() === true
  await using directory = await openBelow(root, isFile ? dirname(path) : path, owner)
  // Where the open directory really lies: asking by name could be answered by a link made meanwhile.
  const real = await readlink(pathOf(directory))
  return isFile
    ? { path: `${real}/${basename(path)}`, kind: "file" }
    : { path: real, kind: "directory" }
}

/** The directory of a persistent volume. `owner` is who it is given to, if anybody. */
export async function persistentPlace(
  volume: { readonly path: string; readonly isMount: boolean },
  owner: Account | undefined,
): Promise<Place> {
  if (!volume.isMount) await mkdir(volume.path, { recursive: true, mode: 0o755 })
  const path = await realpath(volume.path).catch((cause: unknown) => {
    if (errorCode(cause) !== "ENOENT") throw cause
    throw new Error(`the disk '${volume.path}' is not there: mount it on the agent`, { cause })
  })
  await using directory = await openDirectory(path)
  if (owner !== undefined) await directory.chown(owner.uid, owner.gid)
  return { path, kind: "directory" }
}

/** Makes an empty mount point below the sandbox, unless something of the kind is there. */
export async function makeMountPoint(
  sandbox: string,
  target: string,
  what: { readonly kind: Place["kind"]; readonly owner: Account | undefined },
): Promise<void> {
  await using root = await openDirectory(sandbox)
  const isFile = what.kind === "file"
  await using directory = await openBelow(root, isFile ? dirname(target) : target, what.owner)
  if (!isFile) return
  const { O_CREAT, O_NOFOLLOW, O_RDONLY } = constants
  const path = `${pathOf(directory)}/${basename(target)}`
  await using file = await open(path, O_CREAT | O_NOFOLLOW | O_RDONLY, 0o644)
  if (!(await file.stat()).isFile()) throw new Error(`'${target}' in the sandbox is no file`)
}

/** Makes a symbolic link below the sandbox, in place of an older one or an empty directory. */
export async function makeLink(
  sandbox: string,
  target: string,
  to: { readonly path: string; readonly owner: Account | undefined },
): Promise<void> {
  await using root = await openDirectory(sandbox)
  await using directory = await openBelow(root, dirname(target), to.owner)
  const fresh = `${pathOf(directory)}/.volume.${crypto.randomUUID()}`
  await symlink(to.path, fresh)
  try {
    await rename(fresh, `${pathOf(directory)}/${basename(target)}`)
  } catch (cause) {
    await rm(fresh, { force: true })
    if (errorCode(cause) !== "EISDIR" && errorCode(cause) !== "ENOTEMPTY") throw cause
    throw new Error(`a directory '${target}' stands in its place in the sandbox`, { cause })
  }
}
