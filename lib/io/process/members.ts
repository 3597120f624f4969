import { initialVariable, isDead, isSame, withDescendants } from "#lib/io/host/proc.ts"
import type { ProcessIdentity, ProcessStat, ProcessTable } from "#lib/io/host/proc.ts"

/** How the processes of one container are told from all others. */
export type ContainerProcesses = {
  readonly supervisor: ProcessIdentity
  /** The process that the supervisor started; leader of its session where setsid(1) was found. */
  readonly task: ProcessIdentity
  /** Every process of the container inherits it in MESOS_SANDBOX, unless it cleared its environment. */
  readonly sandbox: string
}

/**
 * The live processes of a container, without its supervisor: those of its session, all their
 * descendants, and, when `escaped` is set, those that left the session and were adopted by another
 * process but still carry the container's sandbox in their environment.
 */
export function containerMembers(
  table: ProcessTable,
  container: ContainerProcesses,
  options: { readonly escaped: boolean },
): readonly number[] {
  const roots = new Set<number>()
  for (const stat of table.values()) {
    if (stat.pid === container.supervisor.pid || isDead(stat)) continue
    if (
      inSession(table, stat, container) ||
      (options.escaped && hasEscaped(table, stat, container))
    )
      roots.add(stat.pid)
  }
  return withDescendants(table, roots)
}

function inSession(table: ProcessTable, stat: ProcessStat, container: ContainerProcesses): boolean {
  const { supervisor, task } = container
  if (stat.startTime < task.startTime) return false
  if (isSame(table.get(supervisor.pid), supervisor))
    // While the supervisor lives, neither its own number nor that of its child can be used again.
    return stat.session === supervisor.pid || stat.session === task.pid || stat.pid === task.pid
  if (stat.session !== supervisor.pid && stat.session !== task.pid) return false
  return initialVariable(stat.pid, "MESOS_SANDBOX") === container.sandbox
}

function hasEscaped(
  table: ProcessTable,
  stat: ProcessStat,
  container: ContainerProcesses,
): boolean {
  const leads = stat.session === stat.pid || !table.has(stat.session)
  return (
    leads &&
    stat.startTime >= container.task.startTime &&
    initialVariable(stat.pid, "MESOS_SANDBOX") === container.sandbox
  )
}
