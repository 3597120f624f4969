import { readFile } from "node:fs/promises"
import type { ContainerMount } from "#lib/ports/index.ts"
import { parseMounts } from "#lib/io/host/mount-table.ts"

/** A container on the file system of its host, and what it is to see there beside it. */
export type AddedMounts = {
  /** A process of the container. */
  readonly pid: number
  readonly sandbox: string
  readonly mounts: readonly ContainerMount[]
}

/**
 * Mounts volumes in a container that runs, in its mount namespace: they go with it, as those of its
 * launch. What it has already is left alone. Only for containers that see their host's files, as paths
 * mean the same to them. Throws with what mount(8) says.
 */
export async function addMounts({ pid, sandbox, mounts }: AddedMounts): Promise<void> {
  if (mounts.length === 0) return
  const there = mountPoints(await readFile(`/proc/${pid}/mountinfo`, "utf8"))
  for (const { source, target, readOnly } of mounts) {
    const path = target.startsWith("/") ? target : `${sandbox}/${target}`
    if (there.has(path)) continue
    const options = `rbind,${readOnly ? "ro" : "rw"}`
    const mount = ["mount", "--make-private", "-o", options, "--", source, path]
    const child = Bun.spawn(["nsenter", `--target=${pid}`, "--mount", "--", ...mount], {
      stdio: ["ignore", "ignore", "pipe"],
    })
    const said = await new Response(child.stderr).text()
    if ((await child.exited) !== 0)
      throw new Error(`the volume cannot be mounted at ${path}: ${said.trim()}`)
  }
}

/** Where something is mounted that still exists: what was deleted is hidden by what comes over it. */
function mountPoints(mountinfo: string): ReadonlySet<string> {
  const last = new Map(parseMounts(mountinfo).map(({ path, root }) => [path, root]))
  const there = [...last].filter(([, root]) => !root.endsWith("//deleted"))
  return new Set(there.map(([path]) => path))
}
