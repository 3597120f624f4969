import { lstat, readdir, rename, rm } from "node:fs/promises"
import type { FileHandle } from "node:fs/promises"
import { openDirectory, pathOf } from "#lib/io/host/directory.ts"
import { errorCode, ifExists } from "#lib/io/host/files.ts"

/**
 * Checks what an archive was unpacked to, before any of it reaches the sandbox: fails, naming the
 * member, on device nodes and the like, and on hard links to anything that is not part of the archive.
 * Symbolic links may point anywhere, as those of virtual environments do: nothing that the agent does
 * in a sandbox follows one, and a task could make the same. `root` is the directory it was unpacked
 * to, as empty as the sandbox is real.
 */
export async function guardTree(root: string): Promise<void> {
  const links = new Map<string, { readonly member: string; readonly nlink: number; seen: number }>()
  await walk(root, "", async (member) => {
    const stats = await lstat(`${root}/${member}`)
    if (stats.isDirectory()) return
    if (stats.isSymbolicLink()) return
    if (!stats.isFile()) throw new Error(`the archive's member '${member}' is no ordinary file`)
    if (stats.nlink === 1) return
    const key = `${stats.dev}:${stats.ino}`
    const link = links.get(key) ?? { member, nlink: stats.nlink, seen: 0 }
    link.seen++
    links.set(key, link)
  })
  for (const { member, nlink, seen } of links.values())
    if (nlink !== seen)
      throw new Error(`the archive's hard link '${member}' leads out of the sandbox`)
}

/** Names of members that would be written elsewhere, were they taken at their word. */
export const isOutside = (member: string): boolean =>
  member.startsWith("/") || member.split("/").includes("..")

/**
 * Moves all that lies in `from` into `to`: directories are merged, anything else is replaced. Links in
 * `to` are replaced, never followed.
 */
export async function mergeTree(from: string, to: FileHandle): Promise<void> {
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const source = `${from}/${entry.name}`
    const target = `${pathOf(to)}/${entry.name}`
    const existing = await ifExists(lstat(target))
    if (entry.isDirectory() && existing?.isDirectory() === true) {
      await using directory = await openDirectory(target)
      await mergeTree(source, directory)
      continue
    }
    if (existing !== undefined) await rm(target, { recursive: true, force: true })
    await move(source, target, entry.isDirectory())
  }
}

/** Renames; none but root may move a directory that may not be written, so that it may be meanwhile. */
async function move(source: string, target: string, isDirectory: boolean): Promise<void> {
  try {
    await rename(source, target)
  } catch (cause) {
    if (!isDirectory || errorCode(cause) !== "EACCES") throw cause
    await using directory = await openDirectory(source)
    const { mode } = await directory.stat()
    await directory.chmod(mode | 0o200)
    await rename(source, target)
    await directory.chmod(mode & 0o7777)
  }
}

async function walk(
  root: string,
  directory: string,
  visit: (member: string) => Promise<void>,
): Promise<void> {
  for (const entry of await readdir(`${root}/${directory}`, { withFileTypes: true })) {
    const member = directory === "" ? entry.name : `${directory}/${entry.name}`
    await visit(member)
    if (entry.isDirectory()) await walk(root, member, visit)
  }
}
