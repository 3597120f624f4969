import { readFileSync } from "node:fs"
import { readdir, readFile } from "node:fs/promises"
import { basename, dirname } from "node:path"
import type { ContainerId } from "#lib/ports/index.ts"

/**
 * The supervisors of all containers whose bundles lie in a directory, and what of runc is at work on
 * them, whether or not they have written themselves down. Reads the command line of every process, so
 * it is for rare cases.
 */
export async function findSupervisors(
  bundlesDir: string,
): Promise<ReadonlyMap<ContainerId, readonly number[]>> {
  const found = new Map<ContainerId, number[]>()
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue
    const line = await readFile(`/proc/${name}/cmdline`, "latin1").catch(() => "")
    const [, ...words] = line.split("\0")
    const at = words.indexOf("--bundle")
    const bundle = at < 0 ? terminalOf(words) : (words[at + 1] ?? "")
    if (dirname(bundle) !== bundlesDir) continue
    const containerId = basename(bundle) as ContainerId
    const pids = found.get(containerId)
    if (pids === undefined) found.set(containerId, [Number(name)])
    else pids.push(Number(name))
  }
  return found
}

/** The bundle of a container whose terminal a shell supervises. */
const terminalOf = ([script = "", place = ""]: readonly string[]): string =>
  script.endsWith("/supervisor.sh") && basename(place) === "terminal" ? dirname(place) : ""

/** Whether a process supervises a container; its number may be another's by now. */
export function supervises(pid: number, containerId: ContainerId): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1").includes(containerId)
  } catch {
    return false
  }
}
