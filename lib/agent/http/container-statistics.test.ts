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
})

test("names are written as Mesos writes them, those of disks too", () => {
  const executor = {
    launch: { info: { executorId: "e" }, frameworkId: "f" },
  } as unknown as ExecutorRecord
  const statistics = { timestamp: 1, diskUsedBytes: 5, diskStatistics: [disk("a")] }
  const usage = { executor, statistics, nested: [] } as unknown as Parameters<
    typeof renderStatistics
  >[0]
  expect(renderStatistics(usage)).toMatchObject({
    statistics: {
      disk_used_bytes: 5,
      disk_statistics: [{ persistence: { id: "a" }, limit_bytes: 10, used_bytes: 5 }],
    },
  })
})
