import { chmod, lstat, readdir, rm } from "node:fs/promises"
import { errorCode, ifExists } from "./files.ts"

/** Removes a directory and all in it, also what may not be written; links are not followed. */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true })
  } catch (cause) {
    if (errorCode(cause) !== "EACCES" && errorCode(cause) !== "EPERM") throw cause
    // Whoever filled it may have taken the permissions from its directories.
    await unlock(path)
    await rm(path, { recursive: true, force: true })
  }
}

/** Gives us back the permissions of all directories in a tree. */
async function unlock(path: string): Promise<void> {
  const stats = await ifExists(lstat(path))
  if (stats?.isDirectory() !== true) return
  await chmod(path, 0o700)
  for (const name of await readdir(path)) await unlock(`${path}/${name}`)
}
