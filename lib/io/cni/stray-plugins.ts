import { readdir, readFile } from "node:fs/promises"
import { ifExists } from "#lib/io/host/files.ts"

/** How long what was killed may take to be gone, and how often it is looked for. */
const DEADLINE_MS = 5000
const POLL_MS = 2

/**
 * Ends plugins that a dead agent left at work for a container, with what they started: all have the path
 * of its namespace in their environment. Nothing must be joined any more while it is left, so it returns
 * when none is found: what one started while the others were looked for would go on.
 */
export async function endStrayPlugins(namespace: string): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS
  for (; performance.now() < deadline; await Bun.sleep(POLL_MS)) {
    const strays = await findStrays(namespace)
    if (strays.length === 0) return
    for (const pid of strays) kill(pid)
  }
}

async function findStrays(namespace: string): Promise<readonly number[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name))
  const strays: number[] = []
  for (const pid of pids) {
    const environment = await ifExists(readFile(`/proc/${pid}/environ`, "latin1")).catch(() => "")
    if (`\0${environment ?? ""}`.includes(`\0CNI_NETNS=${namespace}\0`)) strays.push(Number(pid))
  }
  return strays
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL")
  } catch {
    // It has ended by itself.
  }
}
