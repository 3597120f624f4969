import { describe, expect, test } from "bun:test"
import { brandId, parseResources } from "#lib/mesos/index.ts"
import type { TaskInfo } from "#lib/mesos/index.ts"
import { taskLimits } from "./task-limits.ts"

const MIB = 1024 * 1024

function task(resources: string, limits: TaskInfo["limits"] = {}): TaskInfo {
  const parsed = parseResources(resources)
  if (!parsed.ok) throw new Error(parsed.error.message)
  return {
    name: "t",
    taskId: brandId("t"),
    agentId: brandId("S"),
    resources: parsed.value,
    limits,
  }
}

describe("cpus", () => {
  test("become a weight, without a limit of their own", () => {
    expect(taskLimits(task("cpus:0.5"))).toEqual({ cpuShares: 512, cpuWeight: 50 })
  })

  test("never fall below what the kernel takes", () => {
    expect(taskLimits(task("cpus:0.001"))).toEqual({ cpuShares: 2, cpuWeight: 1 })
  })

  test("are a limit where the task or the operator says so", () => {
    expect(taskLimits(task("cpus:0.5", { cpus: { value: 2 } })).cpuQuotaUs).toBe(200_000)
    expect(taskLimits(task("cpus:0.5"), { enableCfs: true }).cpuQuotaUs).toBe(50_000)
    expect(taskLimits(task("cpus:0.001"), { enableCfs: true }).cpuQuotaUs).toBe(1000)
  })

  test("have no limit where it is infinite", () => {
    const unlimited = task("cpus:1", { cpus: { value: Infinity } })
    expect(taskLimits(unlimited, { enableCfs: true }).cpuQuotaUs).toBeUndefined()
  })

  test("that may be taken back weigh a hundredth", () => {
    const { resources = [], ...rest } = task("cpus:4")
    const revocable = resources.map((resource) => ({ ...resource, revocable: true as const }))
    expect(taskLimits({ ...rest, resources: revocable })).toEqual({ cpuShares: 40, cpuWeight: 4 })
  })
})

describe("memory", () => {
  test("that was asked for is soft and hard limit at once", () => {
    expect(taskLimits(task("mem:64"))).toEqual({
      memorySoftBytes: 64 * MIB,
      memoryHardBytes: 64 * MIB,
    })
  })

  test("is never limited to less than 32 MiB", () => {
    expect(taskLimits(task("mem:1")).memoryHardBytes).toBe(32 * MIB)
  })

  test("beyond what was asked for makes the task die sooner", () => {
    const greedy = task("mem:256", { mem: { value: 512 } })
    expect(taskLimits(greedy, { machineBytes: 1024 * MIB })).toEqual({
      memorySoftBytes: 256 * MIB,
      memoryHardBytes: 512 * MIB,
      oomScoreAdj: 750,
    })
  })

  test("has no hard limit where it is infinite", () => {
    expect(taskLimits(task("mem:64", { mem: { value: Infinity } }))).toEqual({
      memorySoftBytes: 64 * MIB,
    })
  })
})
