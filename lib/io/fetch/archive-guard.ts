import { lstat, readdir, readlink, rename, rm } from "node:fs/promises"
import type { FileHandle } from "node:fs/promises"
import { openDirectory, pathOf } from "#lib/io/host/directory.ts"
import { ifExists } from "#lib/io/host/files.ts"

/**
 * Checks what an archive was unpacked to, before any of it reaches the sandbox: fails, naming the
 * member, on device nodes and the like, on links that lead out, and on hard links to anything that is
 * not part of the archive. `root` is the directory it was unpacked to, as empty as the sandbox is real.
 */
export async function guardTree(root: string): Promise<void> {
  const links = new Map<string, { readonly member: string; readonly nlink: number; seen: number }>()
  await walk(root, "", 0, async (member, depth) => {
    const stats = await lstat(`${root}/${member}`)
    if (stats.isDirectory()) return
    if (stats.isSymbolicLink()) {
      const target = await readlink(`${root}/${member}`)
      if (!staysInside(target, depth))
        throw new Error(`the archive's link '${member}' leads out of the sandbox, to '${target}'`)
      return
    }
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

/**
 * Whether a symbolic link, in a real directory `depth` levels below the sandbox, stays inside however
 * other links lie: after its first ordinary component a target may not go up again, because that
 * component may itself be a link to a higher place.
 */
export function staysInside(target: string, depth: number): boolean {
  if (target.startsWith("/")) return false
  const parts = target.split("/").filter((part) => part !== "" && part !== ".")
  const down = parts.findIndex((part) => part !== "..")
  const up = down < 0 ? parts.length : down
  return up <= depth && !parts.slice(up).includes("..")
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
    await rename(source, target)
  }
}

async function walk(
  root: string,
  directory: string,
  depth: number,
  visit: (member: string, depth: number) => Promise<void>,
): Promise<void> {
  for (const entry of await readdir(`${root}/${directory}`, { withFileTypes: true })) {
    const member = directory === "" ? entry.name : `${directory}/${entry.name}`
    await visit(member, depth)
    if (entry.isDirectory()) await walk(root, member, depth + 1, visit)
  }
}
