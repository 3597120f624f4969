import type { ResourceStatistics, TaskInfo } from "#lib/mesos/index.ts"
import { allocationOf } from "#lib/io/host/task-allocation.ts"
import { containerMembers } from "./members.ts"
import type { ContainerProcesses } from "./members.ts"
import { pageSize, TICKS_PER_SECOND } from "#lib/io/host/proc.ts"
import type { ProcessTable } from "#lib/io/host/proc.ts"

/**
 * The sum over a container's live processes. Of those that have ended, the processor time counts that
 * their parents were told of.
 */
export function containerStatistics(
  table: ProcessTable,
  container: ContainerProcesses,
  task: TaskInfo,
): ResourceStatistics | undefined {
  const members = containerMembers(table, container, { escaped: false })
  if (members.length === 0) return undefined
  let userTicks = 0
  let systemTicks = 0
  let rssPages = 0
  let threads = 0
  for (const pid of members) {
    const stat = table.get(pid)
    if (stat === undefined) continue
    userTicks += stat.userTicks + stat.childUserTicks
    systemTicks += stat.systemTicks + stat.childSystemTicks
    rssPages += stat.rssPages
    threads += stat.threads
  }
  const rss = rssPages * pageSize()
  return {
    timestamp: Date.now() / 1000,
    processes: members.length,
    threads,
    cpusUserTimeSecs: userTicks / TICKS_PER_SECOND,
    cpusSystemTimeSecs: systemTicks / TICKS_PER_SECOND,
    memRssBytes: rss,
    memTotalBytes: rss,
    ...allocationOf(task),
  }
}
