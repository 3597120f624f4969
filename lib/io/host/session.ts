import { isDead, readProcessTable } from "./proc.ts"

/**
 * Kills a process, all of its descendants, and whatever else is in its session: what was started in
 * the background and then left by its parent.
 */
export function killSession(leader: number): void {
  const table = readProcessTable()
  const doomed = new Set<number>([leader])
  for (let size = 0; size < doomed.size;) {
    size = doomed.size
    for (const stat of table.values())
      if (stat.session === leader || doomed.has(stat.ppid)) doomed.add(stat.pid)
  }
  for (const pid of doomed) {
    const stat = table.get(pid)
    if (stat === undefined || isDead(stat)) continue
    try {
      process.kill(pid, "SIGKILL")
    } catch {
      // It ended meanwhile.
    }
  }
}
