import { expect, test } from "bun:test"
import type { Resource, TaskInfo } from "#lib/mesos/index.ts"
import { allocationOf } from "./task-allocation.ts"

const scalarOf = (name: string, amount: number): Resource => ({
  name,
  value: { kind: "scalar", milli: amount * 1000 },
  reservations: [],
})

const task = (more: Partial<TaskInfo>): TaskInfo => ({ ...more }) as TaskInfo
const resources = [scalarOf("cpus", 0.5), scalarOf("mem", 64)]

test("what a task asked for is its limit, soft and hard", () => {
  expect(allocationOf(task({ resources }))).toEqual({
    cpusLimit: 0.5,
    cpusSoftLimit: 0.5,
    memLimitBytes: 64 * 1024 * 1024,
    memSoftLimitBytes: 64 * 1024 * 1024,
  })
  expect(allocationOf(task({}))).toEqual({})
})

test("limits of its own are the hard ones, and none where there is none", () => {
  const limits = { cpus: { value: 2 }, mem: { value: Number.POSITIVE_INFINITY } }
  expect(allocationOf(task({ resources, limits }))).toEqual({
    cpusLimit: 2,
    cpusSoftLimit: 0.5,
    memSoftLimitBytes: 64 * 1024 * 1024,
  })
})
