import { readFileSync } from "node:fs"
import type { TerminalSize } from "#lib/ports/index.ts"

/** Bits of a terminal's number in /proc/<pid>/stat that tell it among those of its kind. */
const minorOf = (terminal: number): number => (terminal & 0xff) | ((terminal >>> 12) & 0xfff00)

/** Path of the terminal that a child of this process has; undefined when there is none. */
export function terminalBelow(pid: number): string | undefined {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").trim().split(" ")
    for (const child of children) {
      const stat = readFileSync(`/proc/${child}/stat`, "latin1")
      const terminal = Number(stat.slice(stat.lastIndexOf(") ") + 2).split(" ")[4])
      if (terminal > 0) return `/dev/pts/${minorOf(terminal)}`
    }
  } catch {
    // They ended meanwhile.
  }
  return undefined
}

/** Gives the terminal below a process a new size; harmless when it is gone. */
export async function resizeTerminal(
  pid: number,
  { rows, columns }: TerminalSize,
  stty: string | null,
): Promise<void> {
  const path = terminalBelow(pid)
  if (path === undefined || stty === null) return
  const child = Bun.spawn([stty, "-F", path, "rows", String(rows), "cols", String(columns)], {
    stdio: ["ignore", "ignore", "ignore"],
  })
  await child.exited
}
