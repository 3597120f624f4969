import { constants } from "node:fs"
import { open } from "node:fs/promises"
import type { FileHandle } from "node:fs/promises"

/** Opens a log of the sandbox for appending, never through a link that a fetched archive planted. */
export async function openLog(
  path: string,
  owner: { readonly uid: number; readonly gid: number } | undefined,
): Promise<FileHandle> {
  const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants
  const file = await open(path, O_APPEND | O_CREAT | O_NOFOLLOW | O_WRONLY, 0o644)
  try {
    if (owner !== undefined && process.getuid?.() === 0) await file.chown(owner.uid, owner.gid)
    return file
  } catch (cause) {
    await file.close()
    throw cause
  }
}
