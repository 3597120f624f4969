import { expect, test } from "bun:test"
import { exitCodeOf, findContainer } from "./task-container.ts"
import type { MasterState } from "./types.ts"

const state = (...tasks: readonly object[]): MasterState =>
  ({
    slaves: [{ id: "S1", hostname: "a1", pid: "slave(1)@10.0.2.1:5051" }],
    frameworks: [
      {
        id: "F1",
        name: "marathon",
        tasks: tasks.map((task) => ({ slave_id: "S1", state: "TASK_RUNNING", ...task })),
        completed_tasks: [],
      },
    ],
    completed_frameworks: [],
  }) as unknown as MasterState

const matches = (id: string, name: string): boolean => id.includes(name)
const status = (value: string) => ({ container_status: { container_id: { value } } })

test("the container of a task is the one that its newest status names", () => {
  const task = { id: "web.1", statuses: [status("c1"), status("c2"), { state: "TASK_RUNNING" }] }
  expect(findContainer(state(task), "web", matches)).toMatchObject({
    agent: { id: "S1" },
    containerId: { value: "c2" },
  })
})

test("a name must stand for one running task that has a container", () => {
  const find = (...tasks: readonly object[]) => findContainer(state(...tasks), "web", matches)
  expect(() => find()).toThrow("no task ID found containing 'web'")
  expect(() => find({ id: "web.1" }, { id: "web.2" })).toThrow(
    "found more than one task with the same name: [web.1 web.2]",
  )
  expect(() => find({ id: "web.1", state: "TASK_STAGING" })).toThrow(/no container yet/)
})

test.each([
  [0, 0],
  [7 << 8, 7],
  [255 << 8, 255],
  [9, 137],
  [15 | 0x80, 143],
  [undefined, 1],
])("wait status %p becomes exit code %p", (wait, code) => {
  expect(exitCodeOf(wait)).toBe(code)
})
