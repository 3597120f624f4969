import { expect, test } from "bun:test"
import { Interner } from "#lib/std/interner.ts"
import type { Resources, Task, TaskStatus } from "#lib/mesos/index.ts"
import { compactStatus, compactTask } from "./compact.ts"

const copyOf = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T

const task = (n: number) => ({
  name: "web",
  taskId: `web.${n}` as Task["taskId"],
  frameworkId: "F" as Task["frameworkId"],
  agentId: "S1" as Task["agentId"],
  state: "TASK_RUNNING" as const,
  role: "web",
  resources: [
    { name: "cpus", value: { kind: "scalar", milli: 100 }, reservations: [] },
    {
      name: "ports",
      value: { kind: "ranges", ranges: [{ begin: n, end: n }] },
      reservations: [],
    },
  ] as Resources,
  labels: { labels: [{ key: "a", value: "b" }] },
})

const status = (state: TaskStatus["state"]): TaskStatus => ({
  taskId: "web.1" as TaskStatus["taskId"],
  state,
  data: "large",
  containerStatus: { networkInfos: [{ ipAddresses: [{ ipAddress: "10.0.0.1" }] }] },
})

test("instances of a service share what is equal, and keep what is not", () => {
  const shared = new Interner()
  const first = compactTask(shared, copyOf(task(1)))
  const second = compactTask(shared, copyOf(task(2)))
  expect(second).toEqual({ ...task(2), statuses: [] })
  expect(second.labels).toBe(first.labels)
  expect(second.resources[0]).toBe(first.resources[0])
  expect(second.resources[1]).not.toEqual(first.resources[1]!)
})

test("a status is kept without the framework's data, and repeats no container facts", () => {
  const starting = compactStatus(task(1), status("TASK_STARTING"), undefined)
  const running = compactStatus(task(1), copyOf(status("TASK_RUNNING")), starting)
  expect(running.data).toBeUndefined()
  expect(running.state).toBe("TASK_RUNNING")
  expect(running.containerStatus).toBe(starting.containerStatus)
})

test("a status keeps container facts and an executor id that are new", () => {
  const starting = compactStatus(task(1), status("TASK_STARTING"), undefined)
  const executorId = "other" as NonNullable<TaskStatus["executorId"]>
  const moved = { ...status("TASK_RUNNING"), executorId, containerStatus: { executorPid: 7 } }
  expect(compactStatus(task(1), moved, starting)).toMatchObject({
    executorId: "other",
    containerStatus: { executorPid: 7 },
  })
})
