import { readdir, readFile } from "node:fs/promises"
import type { ContainerId } from "#lib/ports/index.ts"

/**
 * The supervisors of a container, whether or not they have written themselves down. Reads the command
 * line of every process, so it is for rare cases.
 */
export async function findConmons(containerId: ContainerId): Promise<readonly number[]> {
  const found: number[] = []
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue
    const line = await readFile(`/proc/${name}/cmdline`, "latin1").catch(() => "")
    const [program = "", ...words] = line.split("\0")
    const at = words.indexOf("--cuuid")
    if (program.endsWith("conmon") && at >= 0 && words[at + 1] === containerId)
      found.push(Number(name))
  }
  return found
}
