import type { ContainerStats } from "dockerode"
import type { ResourceStatistics, TaskInfo } from "#lib/mesos/index.ts"
import { blockStatistics } from "#lib/io/host/block-statistics.ts"
import type { BlockEntry } from "#lib/io/host/block-statistics.ts"
import { networkStatistics } from "#lib/io/host/network-statistics.ts"
import { allocationOf } from "#lib/io/host/task-allocation.ts"

/** In a second. */
const NANOSECONDS = 1e9

/** What statistics are made from. */
export type DockerStatisticsInput = {
  /** As the daemon answers; what it has to say differs with the version of cgroups. */
  readonly stats: ContainerStats
  readonly task: TaskInfo
  /** Bytes of memory of the machine, which are the limit where there is none. */
  readonly memoryBytes: number
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** The daemon's figures of a container in the API's terms; undefined when it does not run. */
export function dockerStatistics(input: DockerStatisticsInput): ResourceStatistics | undefined {
  const { stats, task, now, memoryBytes } = input
  const { cpu_stats: cpu, memory_stats: memory, pids_stats: pids } = stats
  if (pids?.current === undefined) return undefined
  const { throttling_data: throttling } = cpu
  return withoutAbsent({
    timestamp: now / 1000,
    ...allocationOf(task),
    // It may have changed since the task was launched.
    ...(memory.limit < memoryBytes ? { memLimitBytes: memory.limit } : {}),
    threads: pids.current,
    cpusUserTimeSecs: cpu.cpu_usage.usage_in_usermode / NANOSECONDS,
    cpusSystemTimeSecs: cpu.cpu_usage.usage_in_kernelmode / NANOSECONDS,
    cpusNrPeriods: throttling.periods,
    cpusNrThrottled: throttling.throttled_periods,
    cpusThrottledTimeSecs: throttling.throttled_time / NANOSECONDS,
    ...memoryStatistics(stats),
    ...networkStatistics(Object.values(stats.networks ?? {})),
    blkioStatistics: blockOf(stats),
  })
}

/** Names of version 1 first, then those of version 2. */
function memoryStatistics({ memory_stats: memory }: ContainerStats) {
  const figures = memory.stats as Readonly<Record<string, number | undefined>> | undefined
  const figure = (...names: readonly string[]): number | undefined =>
    names.map((name) => figures?.[name]).find((value) => value !== undefined)
  return {
    memTotalBytes: memory.usage,
    memFileBytes: figure("total_cache", "file"),
    memCacheBytes: figure("total_cache", "file"),
    memAnonBytes: figure("total_rss", "anon"),
    memRssBytes: figure("total_rss", "anon"),
    memMappedFileBytes: figure("total_mapped_file", "file_mapped"),
    memSwapBytes: figure("total_swap"),
    memUnevictableBytes: figure("total_unevictable", "unevictable"),
    memKmemTcpUsageBytes: figure("sock"),
  }
}

function blockOf({ blkio_stats: block }: ContainerStats) {
  const entries = (list: readonly BlockEntry[] | null | undefined): readonly BlockEntry[] =>
    list ?? []
  return blockStatistics(
    entries(block?.io_service_bytes_recursive),
    entries(block?.io_serviced_recursive),
  )
}

const withoutAbsent = (statistics: ResourceStatistics): ResourceStatistics =>
  Object.fromEntries(
    Object.entries(statistics).filter(([, value]) => value !== undefined),
  ) as ResourceStatistics
