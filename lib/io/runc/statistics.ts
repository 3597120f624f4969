import type { ResourceStatistics } from "#lib/mesos/index.ts"
import type { ContainerSpec } from "#lib/ports/index.ts"
import { TICKS_PER_SECOND } from "#lib/io/host/proc.ts"
import { blockStatistics, parseBlkio, parseIoStat } from "#lib/io/host/block-statistics.ts"
import { networkOfProcess } from "#lib/io/host/network-statistics.ts"
import { allocationOf } from "#lib/io/host/task-allocation.ts"
import type { CgroupTree } from "./cgroup-tree.ts"

/** Reads the value after a name at the start of a line; undefined when there is none. */
const valueOf = (text: string | undefined, name: string): number | undefined => {
  const found = new RegExp(`^${name} (\\d+)$`, "m").exec(text ?? "")?.[1]
  return found === undefined ? undefined : Number(found)
}

const numberOf = (text: string | undefined): number | undefined =>
  text === undefined || !/^\d+\s*$/.test(text) ? undefined : Number(text)

/** What a container uses, by its cgroup, with what is nested in it. */
export function containerStatistics(
  cgroups: CgroupTree,
  spec: ContainerSpec,
): ResourceStatistics | undefined {
  const members = cgroups.members(spec.containerId)
  if (members.length === 0) return undefined
  const [first = 0] = members
  return withoutAbsent({
    timestamp: Date.now() / 1000,
    processes: members.length,
    ...allocationOf(spec.task),
    ...networkOfProcess(first),
    ...(cgroups.version === 2 ? versionTwo(cgroups, spec) : versionOne(cgroups, spec)),
  })
}

function versionOne(cgroups: CgroupTree, { containerId }: ContainerSpec) {
  const read = (hierarchy: string, file: string) => cgroups.readFile(containerId, hierarchy, file)
  const cpu = read("cpuacct", "cpuacct.stat")
  const throttling = read("cpu", "cpu.stat")
  const memory = read("memory", "memory.stat")
  return {
    ...throttlingOf(throttling),
    blkioStatistics: blockStatistics(
      parseBlkio(read("blkio", "blkio.throttle.io_service_bytes_recursive")),
      parseBlkio(read("blkio", "blkio.throttle.io_serviced_recursive")),
    ),
    threads: numberOf(read("pids", "pids.current")),
    cpusUserTimeSecs: scaled(valueOf(cpu, "user"), 1 / TICKS_PER_SECOND),
    cpusSystemTimeSecs: scaled(valueOf(cpu, "system"), 1 / TICKS_PER_SECOND),
    cpusThrottledTimeSecs: scaled(valueOf(throttling, "throttled_time"), 1e-9),
    memTotalBytes: numberOf(read("memory", "memory.usage_in_bytes")),
    memLimitBytes: limit(read("memory", "memory.limit_in_bytes")),
    memSoftLimitBytes: limit(read("memory", "memory.soft_limit_in_bytes")),
    memKmemUsageBytes: numberOf(read("memory", "memory.kmem.usage_in_bytes")),
    memKmemTcpUsageBytes: numberOf(read("memory", "memory.kmem.tcp.usage_in_bytes")),
    memFileBytes: valueOf(memory, "total_cache"),
    memCacheBytes: valueOf(memory, "total_cache"),
    memAnonBytes: valueOf(memory, "total_rss"),
    memRssBytes: valueOf(memory, "total_rss"),
    memMappedFileBytes: valueOf(memory, "total_mapped_file"),
    memSwapBytes: valueOf(memory, "total_swap"),
    memUnevictableBytes: valueOf(memory, "total_unevictable"),
  }
}

function versionTwo(cgroups: CgroupTree, { containerId }: ContainerSpec) {
  const read = (file: string) => cgroups.readFile(containerId, "", file)
  const cpu = read("cpu.stat")
  const memory = read("memory.stat")
  return {
    ...throttlingOf(cpu),
    blkioStatistics: blockStatistics(
      parseIoStat(read("io.stat"), "bytes"),
      parseIoStat(read("io.stat"), "operations"),
    ),
    threads: numberOf(read("pids.current")),
    cpusUserTimeSecs: scaled(valueOf(cpu, "user_usec"), 1e-6),
    cpusSystemTimeSecs: scaled(valueOf(cpu, "system_usec"), 1e-6),
    cpusThrottledTimeSecs: scaled(valueOf(cpu, "throttled_usec"), 1e-6),
    memTotalBytes: numberOf(read("memory.current")),
    memLimitBytes: limit(read("memory.max")),
    memSoftLimitBytes: limit(read("memory.low")),
    memKmemUsageBytes: valueOf(memory, "kernel"),
    memKmemTcpUsageBytes: valueOf(memory, "sock"),
    memFileBytes: valueOf(memory, "file"),
    memCacheBytes: valueOf(memory, "file"),
    memAnonBytes: valueOf(memory, "anon"),
    memRssBytes: valueOf(memory, "anon"),
    memMappedFileBytes: valueOf(memory, "file_mapped"),
    memSwapBytes: numberOf(read("memory.swap.current")),
    memUnevictableBytes: valueOf(memory, "unevictable"),
  }
}

const throttlingOf = (text: string | undefined) => ({
  cpusNrPeriods: valueOf(text, "nr_periods"),
  cpusNrThrottled: valueOf(text, "nr_throttled"),
})

const scaled = (value: number | undefined, factor: number): number | undefined =>
  value === undefined ? undefined : value * factor

/** The kernel writes a number near 2^63 where there is no limit. */
const limit = (text: string | undefined): number | undefined => {
  const value = numberOf(text)
  return value !== undefined && value < Number.MAX_SAFE_INTEGER ? value : undefined
}

const withoutAbsent = (statistics: ResourceStatistics): ResourceStatistics =>
  Object.fromEntries(
    Object.entries(statistics).filter(([, value]) => value !== undefined),
  ) as ResourceStatistics
