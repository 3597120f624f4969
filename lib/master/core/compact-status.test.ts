import { expect, test } from "bun:test"
import type { Task, TaskStatus } from "#lib/mesos/index.ts"
import { compactStatus, compactStatuses, type StatusHost } from "./compact-status.ts"

const copyOf = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T

const host = (): StatusHost => ({ networkInfos: undefined })

const task = {
  name: "web",
  taskId: "web.1" as Task["taskId"],
  frameworkId: "F" as Task["frameworkId"],
  agentId: "S1" as Task["agentId"],
  state: "TASK_RUNNING" as const,
}

const status = (state: TaskStatus["state"], different: Partial<TaskStatus> = {}): TaskStatus => ({
  taskId: task.taskId,
  agentId: task.agentId,
  state,
  data: "large",
  containerStatus: { networkInfos: [{ ipAddresses: [{ ipAddress: "10.0.0.1" }] }] },
  ...different,
})

test("a status is kept without the framework's data, and repeats no container facts", () => {
  const [starting, running] = compactStatuses(
    { ...task, statuses: [status("TASK_STARTING"), copyOf(status("TASK_RUNNING"))] },
    host(),
  )
  expect(running?.data).toBeUndefined()
  expect(running?.state).toBe("TASK_RUNNING")
  expect(running?.containerStatus).toBe(starting?.containerStatus)
})

test("a status keeps container facts and an executor id that are new", () => {
  const place = { task, host: host(), before: status("TASK_STARTING") }
  const executorId = "other" as NonNullable<TaskStatus["executorId"]>
  const moved = status("TASK_RUNNING", { executorId, containerStatus: { executorPid: 7 } })
  expect(compactStatus(moved, place)).toMatchObject({
    executorId: "other",
    containerStatus: { executorPid: 7 },
  })
})

test("tasks on one agent share its address, and keep one of their own", () => {
  const agent = host()
  const at = (ipAddress: string, id: string): TaskStatus =>
    compactStatus(
      status("TASK_RUNNING", {
        containerStatus: {
          containerId: { value: id },
          networkInfos: [{ ipAddresses: [{ ipAddress }] }],
        },
      }),
      { task, host: agent, before: undefined },
    )
  const [first, second, own] = [at("10.0.0.1", "a"), at("10.0.0.1", "b"), at("9.0.0.7", "c")]
  expect(second.containerStatus?.networkInfos).toBe(first.containerStatus?.networkInfos)
  expect(second.containerStatus?.containerId).toEqual({ value: "b" })
  expect(own.containerStatus?.networkInfos).toEqual([{ ipAddresses: [{ ipAddress: "9.0.0.7" }] }])
})
