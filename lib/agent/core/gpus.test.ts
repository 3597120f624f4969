import { expect, test } from "bun:test"
import type { TaskInfo } from "#lib/mesos/index.ts"
import type { Gpu } from "#lib/ports/index.ts"
import { TestWorld, testFramework, testOptions, testTask } from "./test-world.ts"

const gpu = (index: number): Gpu => ({ index, minor: index, uuid: `GPU-${index}` })
const world = (count = 3): TestWorld =>
  new TestWorld(testOptions({ gpus: [0, 1, 2].slice(0, count).map(gpu) })).register()

const task = (id: string, gpus: number, change: Partial<TaskInfo> = {}): TaskInfo =>
  testTask(id, {
    resources: [{ name: "gpus", value: { kind: "scalar", milli: gpus * 1000 }, reservations: [] }],
    ...change,
  })
const send = (w: TestWorld, info: TaskInfo): void =>
  w.receive({ kind: "runTask", framework: testFramework(), task: info, acceptedAt: w.now })
const held = (w: TestWorld) =>
  w.all("launch").map(({ spec }) => spec.gpus?.map(({ index }) => index))

const told = (w: TestWorld) => w.updates().at(-1)?.status

test("each container gets GPUs of its own, and is told which", () => {
  const w = world()
  const first = w.run(task("a", 2))
  expect(first.gpus).toEqual([gpu(0), gpu(1)])
  expect(first.environment).toMatchObject({
    CUDA_VISIBLE_DEVICES: "GPU-0,GPU-1",
    NVIDIA_VISIBLE_DEVICES: "GPU-0,GPU-1",
  })
  expect(w.run(task("b", 1)).gpus).toEqual([gpu(2)])
})

test("a container without GPUs is told to use none, where there are any", () => {
  const { environment, gpus } = world().run(task("a", 0))
  expect(gpus).toBeUndefined()
  expect(environment).toMatchObject({ CUDA_VISIBLE_DEVICES: "", NVIDIA_VISIBLE_DEVICES: "void" })
  expect(world(0).run(task("a", 0)).environment).not.toHaveProperty("CUDA_VISIBLE_DEVICES")
})

test("GPUs come back when the container has ended, though nobody has acknowledged it", () => {
  const w = world(1)
  const { containerId } = w.run(task("a", 1))
  send(w, task("b", 1))
  expect(told(w)).toMatchObject({
    state: "TASK_FAILED",
    reason: "REASON_CONTAINER_LAUNCH_FAILED",
    message: "Requested 1 gpus but only 0 available",
  })
  w.exited({ containerId }, 0)
  send(w, task("c", 1))
  expect(held(w)).toEqual([[0], [0]])
})

test("a restarted agent knows who has which", () => {
  const w = world()
  w.run(task("a", 1))
  w.crash()
  w.register()
  send(w, task("b", 2))
  expect(held(w).at(-1)).toEqual([1, 2])
})

test("members of a task group get GPUs of their own, or none runs", () => {
  const w = world()
  w.runGroup([task("a", 1), task("b", 2)])
  expect(held(w)).toEqual([[0], [1, 2]])
  const late = world()
  late.runGroup([task("a", 2), task("b", 2)])
  expect(held(late)).toEqual([])
  expect(told(late)).toMatchObject({ message: "Requested 4 gpus but only 3 available" })
})

test("a custom executor has the GPUs of its first tasks", () => {
  const w = world()
  const { resources } = task("a", 2)
  w.runInExecutor("a", {}, testFramework(), { resources: resources! })
  send(w, task("b", 1))
  expect(held(w)).toEqual([[0, 1], [2]])
})
