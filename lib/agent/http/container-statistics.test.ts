import { expect, test } from "bun:test"
import type { ExecutorRecord } from "#lib/agent/core/records.ts"
import { renderStatistics, sumStatistics } from "./container-statistics.ts"

const disk = (id: string) => ({ persistence: { id }, limitBytes: 10, usedBytes: 5 })

test("what tasks use is added up, their disks are listed", () => {
  const sum = sumStatistics([
    { timestamp: 1, memRssBytes: 10, diskUsedBytes: 1, diskStatistics: [disk("a")] },
    undefined,
    { timestamp: 3, memRssBytes: 5, diskUsedBytes: 2, diskStatistics: [disk("b")] },
  ])
  expect(sum).toEqual({
    timestamp: 3,
    memRssBytes: 15,
    diskUsedBytes: 3,
    diskStatistics: [disk("a"), disk("b")],
  })
  expect(sumStatistics([undefined])).toBeUndefined()
  expect(sumStatistics([undefined, undefined])).toBeUndefined()
})

test("the only task's are the executor's, also what cannot be added up", () => {
  const blkioStatistics = { throttling: [{ device: { majorNumber: 8, minorNumber: 0 } }] }
  const statistics = { timestamp: 1, cpusLimit: 0.5, blkioStatistics }
  expect(sumStatistics([statistics])).toEqual(statistics)
})

test("names are written as Mesos writes them, those of disks too", () => {
  const executor = {
    launch: { info: { executorId: "e" }, frameworkId: "f" },
  } as unknown as ExecutorRecord
  const device = { majorNumber: 8, minorNumber: 16 }
  const statistics = {
    timestamp: 1.5,
    cpusThrottledTimeSecs: 0.25,
    memTotalBytes: 4096,
    netRxBytes: 7,
    diskUsedBytes: 5,
    diskStatistics: [disk("a")],
    blkioStatistics: {
      throttling: [{ device, ioServiced: [{ op: "READ", value: 3 }], ioServiceBytes: [] }],
    },
  }
  const usage = { executor, statistics, nested: [] } as unknown as Parameters<
    typeof renderStatistics
  >[0]
  expect(renderStatistics(usage)).toMatchObject({
    statistics: {
      timestamp: 1.5,
      cpus_throttled_time_secs: 0.25,
      mem_total_bytes: 4096,
      net_rx_bytes: 7,
      blkio_statistics: {
        throttling: [
          {
            device: { major_number: 8, minor_number: 16 },
            io_serviced: [{ op: "READ", value: 3 }],
          },
        ],
      },
      disk_used_bytes: 5,
      disk_statistics: [{ persistence: { id: "a" }, limit_bytes: 10, used_bytes: 5 }],
    },
  })
})

test("what members of a group share a network for is counted once", () => {
  const list = [
    { timestamp: 1, memTotalBytes: 1, netRxBytes: 100, netTxPackets: 3 },
    { timestamp: 2, memTotalBytes: 2, netRxBytes: 110, netTxPackets: 3 },
  ]
  expect(sumStatistics(list, { sharedNetwork: true })).toEqual({
    timestamp: 2,
    memTotalBytes: 3,
    netRxBytes: 110,
    netTxPackets: 3,
  })
})
