import { expect, test } from "bun:test"
import { versionOneLimits, versionTwoLimits } from "./limits.ts"

const limits = {
  cpuShares: 512,
  cpuWeight: 50,
  cpuQuotaUs: 25_000,
  memorySoftBytes: 100,
  memoryHardBytes: 200,
}

test("limits of version 1 are what runc writes", () => {
  expect(versionOneLimits(limits, 77)).toEqual({
    pids: { limit: 77 },
    cpu: { shares: 512, quota: 25_000, period: 100_000 },
    memory: { limit: 200, reservation: 100 },
  })
  expect(versionOneLimits({}, 77)).toEqual({ pids: { limit: 77 }, cpu: {}, memory: {} })
})

test("limits of version 2 are what the agent writes; a container without memory ends as a whole", () => {
  expect(Object.fromEntries(versionTwoLimits(limits, 77))).toEqual({
    "pids.max": "77",
    "cpu.weight": "50",
    "cpu.max": "25000 100000",
    "memory.low": "100",
    "memory.max": "200",
    "memory.oom.group": "1",
  })
  expect(Object.fromEntries(versionTwoLimits({}, 77))).toEqual({
    "pids.max": "77",
    "memory.oom.group": "1",
  })
})

test("swap is limited with memory where the operator wants that", () => {
  const swapless = { ...limits, memorySwapBytes: 200 }
  expect(versionOneLimits(swapless, 77)).toMatchObject({ memory: { limit: 200, swap: 200 } })
  expect(versionTwoLimits(swapless, 77)).toContainEqual(["memory.swap.max", "0"])
})
