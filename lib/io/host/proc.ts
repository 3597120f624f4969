import { readdirSync, readFileSync } from "node:fs"
import { uptime } from "node:os"

/** A process named for good. */
export type ProcessIdentity = { readonly pid: number; readonly startTime: number }

/** A process as /proc/<pid>/stat shows it. */
export type ProcessStat = {
  readonly pid: number
  readonly state: string
  readonly ppid: number
  readonly pgrp: number
  readonly session: number
  /** Clock ticks since boot: with the pid, it names a process for good. */
  readonly startTime: number
  readonly threads: number
  /** Clock ticks of CPU time. */
  readonly userTicks: number
  readonly systemTicks: number
  /** The same of children that have ended and were waited for, with theirs. */
  readonly childUserTicks: number
  readonly childSystemTicks: number
  /** Pages of memory. */
  readonly rssPages: number
}

/** All processes at one moment. */
export type ProcessTable = ReadonlyMap<number, ProcessStat>

/** Clock ticks per second of the times in /proc; fixed at 100 in the kernel's interface to user space. */
export const TICKS_PER_SECOND = 100

/** Parses a line of /proc/<pid>/stat; undefined when it is not one. The name may hold any character. */
export function parseStat(line: string): ProcessStat | undefined {
  const open = line.indexOf(" (")
  const close = line.lastIndexOf(") ")
  if (open < 0 || close < open) return undefined
  const fields = line.slice(close + 2).split(" ")
  const field = (index: number): number => Number(fields[index])
  const stat = {
    pid: Number(line.slice(0, open)),
    state: fields[0] ?? "",
    ppid: field(1),
    pgrp: field(2),
    session: field(3),
    userTicks: field(11),
    systemTicks: field(12),
    childUserTicks: field(13),
    childSystemTicks: field(14),
    threads: field(17),
    startTime: field(19),
    rssPages: field(21),
  }
  return Number.isSafeInteger(stat.pid) && Number.isSafeInteger(stat.startTime) ? stat : undefined
}

/** The process with that number, or undefined when there is none. A dead one not yet reaped counts. */
export function readStat(pid: number): ProcessStat | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, "latin1"))
  } catch {
    return undefined
  }
}

/** Whether this very process still runs: same number, same start, not dead and waiting to be reaped. */
export function isAlive(process: { readonly pid: number; readonly startTime: number }): boolean {
  const now = readStat(process.pid)
  return now !== undefined && now.startTime === process.startTime && !isDead(now)
}

/** Whether the process has ended and only waits to be reaped. */
export const isDead = (stat: ProcessStat): boolean => stat.state === "Z" || stat.state === "X"

/** Reads all processes. About 10 microseconds for each. */
export function readProcessTable(): ProcessTable {
  const table = new Map<number, ProcessStat>()
  for (const name of readdirSync("/proc")) {
    const first = name.charCodeAt(0)
    if (first < 0x30 || first > 0x39) continue
    const stat = readStat(Number(name))
    if (stat !== undefined) table.set(stat.pid, stat)
  }
  return table
}

/** The value of a variable in a process' initial environment; undefined when unset or not readable. */
export function initialVariable(pid: number, name: string): string | undefined {
  try {
    const prefix = `${name}=`
    const entry = readFileSync(`/proc/${pid}/environ`, "utf8")
      .split("\0")
      .find((each) => each.startsWith(prefix))
    return entry?.slice(prefix.length)
  } catch {
    return undefined
  }
}

let pageBytes: number | undefined

/** Bytes per memory page of this machine. */
export function pageSize(): number {
  pageBytes ??=
    Number(/KernelPageSize:\s+(\d+) kB/.exec(readFileSync("/proc/self/smaps", "utf8"))?.[1] ?? 4) *
    1024
  return pageBytes
}

/** Identifies this run of the machine's kernel. */
export const bootId = (): string => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()

/** When this run of the kernel began, as its clock says now, in milliseconds since 1970. */
export const bootedAt = (): number => Date.now() - uptime() * 1000

/** Whether this process of a table is the one that was named. */
export const isSame = (stat: ProcessStat | undefined, identity: ProcessIdentity): boolean =>
  stat !== undefined && stat.pid === identity.pid && stat.startTime === identity.startTime

/** These processes and all of their live descendants. */
export function withDescendants(
  table: ProcessTable,
  roots: ReadonlySet<number>,
): readonly number[] {
  if (roots.size === 0) return []
  const children = new Map<number, number[]>()
  for (const stat of table.values()) {
    const siblings = children.get(stat.ppid)
    if (siblings === undefined) children.set(stat.ppid, [stat.pid])
    else siblings.push(stat.pid)
  }
  const found = new Set<number>(roots)
  for (const pid of found)
    for (const child of children.get(pid) ?? []) {
      const stat = table.get(child)
      if (stat !== undefined && !isDead(stat)) found.add(child)
    }
  return [...found]
}
