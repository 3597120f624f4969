import { expect, test } from "bun:test"
import type { ContainerStats } from "dockerode"
import type { TaskInfo } from "#lib/mesos/index.ts"
import { dockerStatistics } from "./statistics.ts"

const task = {
  resources: [{ name: "cpus", value: { kind: "scalar", milli: 500 }, reservations: [] }],
} as unknown as TaskInfo

const nothing = { rx_errors: 0, rx_dropped: 0, tx_errors: 0, tx_dropped: 0 }

/** What the daemon says of a container, as far as it is read. */
const answer = (memory: object, more: object = {}) =>
  ({
    pids_stats: { current: 3 },
    cpu_stats: {
      cpu_usage: { usage_in_usermode: 2e9, usage_in_kernelmode: 1e9 },
      throttling_data: { periods: 4, throttled_periods: 2, throttled_time: 5e8 },
    },
    memory_stats: { usage: 1000, limit: 2 ** 20, stats: memory },
    ...more,
  }) as unknown as ContainerStats

const of = (stats: ContainerStats, machine = 2 ** 20) =>
  dockerStatistics({ stats, task, memoryBytes: machine, now: 1500 })

test("figures of version 1 of cgroups", () => {
  const memory = { total_cache: 10, total_rss: 20, total_mapped_file: 5, total_unevictable: 0 }
  expect(of(answer(memory))).toEqual({
    timestamp: 1.5,
    cpusLimit: 0.5,
    cpusSoftLimit: 0.5,
    threads: 3,
    cpusUserTimeSecs: 2,
    cpusSystemTimeSecs: 1,
    cpusNrPeriods: 4,
    cpusNrThrottled: 2,
    cpusThrottledTimeSecs: 0.5,
    memTotalBytes: 1000,
    memFileBytes: 10,
    memCacheBytes: 10,
    memAnonBytes: 20,
    memRssBytes: 20,
    memMappedFileBytes: 5,
    memUnevictableBytes: 0,
  })
})

test("figures of version 2 have other names", () => {
  const memory = { file: 10, anon: 20, file_mapped: 5, unevictable: 1, sock: 7 }
  expect(of(answer(memory))).toMatchObject({
    memCacheBytes: 10,
    memRssBytes: 20,
    memMappedFileBytes: 5,
    memUnevictableBytes: 1,
    memKmemTcpUsageBytes: 7,
  })
})

test("the limit of memory is the daemon's, which says the whole machine where there is none", () => {
  expect(of(answer({}), 2 ** 30)?.memLimitBytes).toBe(2 ** 20)
  expect(of(answer({}))).not.toHaveProperty("memLimitBytes")
})

test("networks of its own and disks are told where there are any", () => {
  const networks = {
    eth0: { rx_bytes: 1, rx_packets: 2, tx_bytes: 3, tx_packets: 4, ...nothing },
    eth1: { rx_bytes: 10, rx_packets: 20, tx_bytes: 30, tx_packets: 40, ...nothing },
  }
  const device = { major: 8, minor: 0 }
  const blkio_stats = {
    io_service_bytes_recursive: [{ ...device, op: "read", value: 4096 }],
    io_serviced_recursive: null,
  }
  expect(of(answer({}, { networks, blkio_stats }))).toMatchObject({
    netRxBytes: 11,
    netTxPackets: 44,
    netRxErrors: 0,
    blkioStatistics: {
      throttling: [
        {
          device: { majorNumber: 8, minorNumber: 0 },
          ioServiceBytes: [{ op: "READ", value: 4096 }],
        },
      ],
    },
  })
})

test("a container that does not run has none", () => {
  expect(of(answer({}, { pids_stats: {} }))).toBeUndefined()
})
