import { initialVariable, isDead, isSame, withDescendants } from "#lib/io/host/proc.ts"
import type { ProcessIdentity, ProcessStat, ProcessTable } from "#lib/io/host/proc.ts"
import type { ProcessSnapshots } from "#lib/io/host/process-snapshots.ts"
import type { ContainerId } from "#lib/ports/index.ts"

/** The variable by which processes of a debug container are known; its value is the container's id. */
export const SESSION_VARIABLE = "DCOS_SESSION"

/** Rounds of killing; each kills all there are, so only what forks faster needs many. */
const KILL_ROUNDS = 20

/** The processes of a debug container. */
export type SessionProcesses = {
  readonly name: ContainerId
  /** The one that was started for it, which leads a session; absent when nobody knows it any more. */
  readonly leader: ProcessIdentity | undefined
}

/**
 * The live processes of a debug container: those of its session and all their descendants, and those
 * that left it but still carry the container's name in their environment.
 */
export function sessionMembers(
  table: ProcessTable,
  { leader, name }: SessionProcesses,
): readonly number[] {
  const leads = leader !== undefined && isSame(table.get(leader.pid), leader)
  const roots = new Set<number>()
  for (const stat of table.values()) {
    if (isDead(stat) || stat.startTime < (leader?.startTime ?? 0)) continue
    const own = stat.session === leader?.pid
    // A leader that lives keeps its number; without it a session may be another's by now.
    if (own && leads) roots.add(stat.pid)
    else if ((own || begins(table, stat)) && carries(stat.pid, name)) roots.add(stat.pid)
  }
  return withDescendants(table, roots)
}

/**
 * The first process of what runs in a debug container, apart from those that only lead to it; its
 * leader when it cannot be told.
 */
export function firstMember(table: ProcessTable, processes: SessionProcesses): number | undefined {
  const members = sessionMembers(table, processes)
  const born = (pid: number): number => table.get(pid)?.startTime ?? 0
  const [first] = members
    .filter((pid) => carries(pid, processes.name))
    .sort((a, b) => born(a) - born(b) || a - b)
  return first ?? members[0]
}

/** Whether a process leads its session, or those who did are gone: others belong to their leader. */
const begins = (table: ProcessTable, { pid, session }: ProcessStat): boolean =>
  session === pid || !table.has(session)

const carries = (pid: number, name: ContainerId): boolean =>
  initialVariable(pid, SESSION_VARIABLE) === name

/** Ends every process of a debug container. */
export async function endSession(
  snapshots: ProcessSnapshots,
  processes: SessionProcesses,
): Promise<void> {
  for (let round = 0; round < KILL_ROUNDS; round++) {
    const members = sessionMembers(await snapshots.fresh(), processes)
    if (members.length === 0) return
    // Stopped first, so that none of them forks while the others die.
    for (const pid of members) sendSignal(pid, "SIGSTOP")
    for (const pid of members) sendSignal(pid, "SIGKILL")
  }
}

/** Sends a signal; harmless when the process has ended, or is another user's and the agent no root. */
export function sendSignal(pid: number, signal: NodeJS.Signals | number): void {
  try {
    process.kill(pid, signal)
  } catch {
    // Nothing more can be done.
  }
}
