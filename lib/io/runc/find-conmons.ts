import { readdir, readFile } from "node:fs/promises"
import { basename, dirname } from "node:path"
import type { ContainerId } from "#lib/ports/index.ts"

/**
 * The supervisors of all containers whose bundles lie in a directory, whether or not they have written
 * themselves down. Reads the command line of every process, so it is for rare cases.
 */
export async function findConmons(
  bundlesDir: string,
): Promise<ReadonlyMap<ContainerId, readonly number[]>> {
  const found = new Map<ContainerId, number[]>()
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue
    const line = await readFile(`/proc/${name}/cmdline`, "latin1").catch(() => "")
    const [program = "", ...words] = line.split("\0")
    const bundle = program.endsWith("conmon")
      ? (words[words.indexOf("--bundle") + 1] ?? "")
      : terminalOf(words)
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
