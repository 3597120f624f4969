import { constants } from "node:fs"
import { mkdir, open } from "node:fs/promises"
import type { FileHandle } from "node:fs/promises"
import type { Account } from "./accounts.ts"
import { errorCode } from "./files.ts"

/**
 * Opens a directory, not through a link at its end. What is done below `pathOf` stays below it, even
 * when a task renames the directory or puts a link in its place meanwhile.
 */
export function openDirectory(path: string): Promise<FileHandle> {
  const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants
  return open(path, O_DIRECTORY | O_NOFOLLOW | O_RDONLY)
}

/** A path of an open directory, which programs that the agent starts can use too. */
export const pathOf = (directory: FileHandle): string => `/proc/${process.pid}/fd/${directory.fd}`

/**
 * Opens the directory `path` below `base`, making what is missing for `owner`. Fails, naming the
 * component, where one is a link or no directory: a task may have made it to lead elsewhere.
 */
export async function openBelow(
  base: FileHandle,
  path: string,
  owner: Account | undefined,
): Promise<FileHandle> {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".")
  if (parts.includes("..")) throw new Error(`the path '${path}' must not contain '..'`)
  let at = await openDirectory(`${pathOf(base)}/.`)
  for (const part of parts) {
    await using parent = at
    at = await openChild(parent, part, owner)
  }
  return at
}

async function openChild(
  parent: FileHandle,
  name: string,
  owner: Account | undefined,
): Promise<FileHandle> {
  const path = `${pathOf(parent)}/${name}`
  const made = await mkdir(path, { mode: 0o755 }).then(
    () => true,
    (cause: unknown) => {
      if (errorCode(cause) === "EEXIST") return false
      throw cause
    },
  )
  try {
    const child = await openDirectory(path)
    if (made && owner !== undefined) await child.chown(owner.uid, owner.gid)
    return child
  } catch (cause) {
    if (errorCode(cause) === "ENOTDIR" || errorCode(cause) === "ELOOP")
      throw new Error(`'${name}' is a link or a file, not a directory`, { cause })
    throw cause
  }
}
