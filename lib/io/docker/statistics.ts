import type { ContainerStats } from "dockerode"
import type { ResourceStatistics, TaskInfo } from "#lib/mesos/index.ts"
import { scalar } from "#lib/io/host/task-resources.ts"

/** The daemon's figures of a container in the API's terms; undefined when it does not run. */
export function dockerStatistics(
  stats: ContainerStats,
  task: TaskInfo,
): ResourceStatistics | undefined {
  const { cpu_stats: cpu, memory_stats: memory, pids_stats: pids } = stats
  if (pids?.current === undefined) return undefined
  const networks = Object.values(stats.networks ?? {})
  const sum = (field: "rx_bytes" | "tx_bytes" | "rx_packets" | "tx_packets"): number =>
    networks.reduce((total, network) => total + network[field], 0)
  const cpus = scalar(task, "cpus")
  return {
    timestamp: Date.now() / 1000,
    processes: pids.current,
    cpusUserTimeSecs: cpu.cpu_usage.usage_in_usermode / 1e9,
    cpusSystemTimeSecs: cpu.cpu_usage.usage_in_kernelmode / 1e9,
    memTotalBytes: memory.usage,
    memRssBytes: memory.stats.rss ?? memory.usage,
    memLimitBytes: memory.limit,
    netRxBytes: sum("rx_bytes"),
    netTxBytes: sum("tx_bytes"),
    netRxPackets: sum("rx_packets"),
    netTxPackets: sum("tx_packets"),
    ...(cpus === undefined ? {} : { cpusLimit: cpus }),
  }
}
