import { readdir, readFile } from "node:fs/promises"
import { ifExists } from "#lib/io/host/files.ts"

/**
 * Ends plugins that a dead agent left at work for a container, with what they started: all have the path
 * of its namespace in their environment. Nothing must be joined any more while it is left.
 */
export async function endStrayPlugins(namespace: string): Promise<void> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name))
  for (const pid of pids) {
    const environment = await ifExists(readFile(`/proc/${pid}/environ`, "latin1")).catch(() => "")
    if (`\0${environment ?? ""}`.includes(`\0CNI_NETNS=${namespace}\0`)) kill(Number(pid))
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL")
  } catch {
    // It has ended by itself.
  }
}
