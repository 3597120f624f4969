import { describe, expect, test } from "bun:test"
import {
  brandId,
  parseResources,
  renderResources,
  type Resource,
  type Resources,
  type TaskId,
  type TaskState,
} from "#lib/mesos/index.ts"
import type { ContainerId } from "#lib/ports/index.ts"
import { TestWorld, testFramework, testOptions } from "./test-world.ts"
import type { ExecutorConnection } from "./types.ts"

const frameworkId = testFramework().id!

const amounts = (text: string): Resources => {
  const parsed = parseResources(text)
  if (!parsed.ok) throw new Error(parsed.error.message)
  return parsed.value
}

const volume = (id: string, containerPath = id): Resource => ({
  name: "disk",
  value: { kind: "scalar", milli: 10_000 },
  reservations: [{ type: "DYNAMIC", role: "db" }],
  disk: { persistence: { id }, volume: { mode: "RW", containerPath } },
})

/** An agent with two volumes. */
const OPTIONS = testOptions({
  info: {
    hostname: "a1",
    port: 5051,
    resources: [...amounts("cpus:8;mem:1024"), volume("one"), volume("two")],
  },
})

const connection = 1 as ExecutorConnection

function subscribe(w: TestWorld, containerId: ContainerId): void {
  w.give({ kind: "executorSubscribed", containerId, connection, tasks: [], updates: [] })
}

function tell(w: TestWorld, containerId: ContainerId, taskId: string, state: TaskState): void {
  const uuid = btoa(`${taskId}${state}`.padEnd(16, "-").slice(0, 16))
  const status = {
    taskId: brandId<TaskId>(taskId),
    state,
    uuid,
    source: "SOURCE_EXECUTOR",
  } as const
  w.give({ kind: "executorUpdate", containerId, status })
}

/** Another task for the executor. */
function add(w: TestWorld, id: string, resources: Resources): void {
  w.advance(1)
  w.runInExecutor(id, OWN, testFramework(), { resources })
}

const OWN = { resources: amounts("cpus:0.1;mem:32") }

/** An executor of 0.1 cpus and 32 MB that runs the task "a" of 64 MB; containers wait to be resized. */
function running() {
  const w = new TestWorld(OPTIONS).register()
  w.resizes = false
  const containerId = w.runInExecutor("a", OWN, testFramework(), { resources: amounts("mem:64") })
  w.started({ containerId })
  subscribe(w, containerId)
  tell(w, containerId, "a", "TASK_RUNNING")
  w.acknowledgeAll()
  w.effects = []
  const resized = (error?: string): void => w.give({ kind: "containerResized", containerId, error })
  return { w, containerId, resized }
}

/** The tasks that executors were sent. */
const launched = (w: TestWorld): string[] =>
  w.all("executorEvent").flatMap(({ event }) => (event.kind === "launch" ? event.task.taskId : []))

/** What containers were given, one text per time. */
const sizes = (w: TestWorld): string[] =>
  w.all("resize").map(({ spec }) => renderResources(spec.task.resources ?? []))

describe("a task that joins an executor", () => {
  test("is sent once the container has grown", () => {
    const { w, containerId, resized } = running()
    add(w, "b", amounts("cpus:1;mem:16"))
    expect(sizes(w)).toEqual(["cpus:1.1;mem:112"])
    expect(w.last("resize").spec).toMatchObject({ containerId, task: { command: {} } })
    expect(launched(w)).toEqual([])
    resized()
    expect(launched(w)).toEqual(["b"])
  })

  test("that comes while the container grows waits for the next time", () => {
    const { w, resized } = running()
    add(w, "b", amounts("mem:16"))
    add(w, "c", amounts("mem:16"))
    expect(sizes(w)).toHaveLength(1)
    resized()
    expect(launched(w)).toEqual([])
    expect(sizes(w).at(-1)).toBe("cpus:0.1;mem:128")
    resized()
    expect(launched(w)).toEqual(["b", "c"])
  })

  test("brings its limits, and takes them with it", () => {
    const { w, containerId, resized } = running()
    const limits = { mem: { value: 128 } }
    w.advance(1)
    w.runInExecutor("b", OWN, testFramework(), { resources: amounts("mem:16"), limits })
    expect(w.last("resize").spec.task.limits).toEqual({ mem: { value: 32 + 64 + 128 } })
    resized()
    tell(w, containerId, "b", "TASK_FINISHED")
    expect(w.last("resize").spec.task.limits).toBeUndefined()
  })

  test("without resources waits for nothing", () => {
    const { w } = running()
    add(w, "b", [])
    expect([sizes(w), launched(w)]).toEqual([[], ["b"]])
  })

  test("before the container runs waits for that too", () => {
    const w = new TestWorld(OPTIONS).register()
    const containerId = w.runInExecutor("a", OWN)
    add(w, "b", amounts("mem:16"))
    subscribe(w, containerId)
    expect([sizes(w), launched(w)]).toEqual([[], []])
    w.started({ containerId })
    expect([sizes(w), launched(w)]).toEqual([["cpus:0.1;mem:48"], ["a", "b"]])
  })

  test("that is killed meanwhile is never sent, and its room is given back", () => {
    const { w, resized } = running()
    add(w, "b", amounts("mem:16"))
    w.receive({ kind: "killTask", frameworkId, taskId: brandId<TaskId>("b") })
    resized()
    expect(sizes(w)).toEqual(["cpus:0.1;mem:112", "cpus:0.1;mem:96"])
    resized()
    expect(launched(w)).toEqual([])
  })

  test("that the container cannot grow for ends the executor with all its tasks", () => {
    const { w, containerId, resized } = running()
    add(w, "b", amounts("mem:16"))
    resized("no such file")
    expect(w.last("kill")).toEqual({ kind: "kill", containerId, force: true })
    w.exited({ containerId }, 9)
    w.acknowledgeAll()
    expect(w.updates().map(({ status }) => status)).toMatchObject(
      ["a", "b"].map((taskId) => ({
        taskId,
        state: "TASK_GONE",
        reason: "REASON_CONTAINER_UPDATE_FAILED",
        message: "Failed to update resources for container: no such file",
      })),
    )
  })
})

test("an executor is launched with the limits of its first task", () => {
  const w = new TestWorld(OPTIONS).register()
  const limits = { cpus: { value: 2 }, mem: { value: Infinity } }
  w.runInExecutor("a", OWN, testFramework(), { resources: amounts("cpus:1;mem:64"), limits })
  expect(w.last("launch").spec.task).toMatchObject({
    limits: { cpus: { value: 2.1 }, mem: { value: Infinity } },
  })
})

describe("a task that ends", () => {
  test("gives its room back", () => {
    const { w, containerId } = running()
    tell(w, containerId, "a", "TASK_FINISHED")
    expect(sizes(w)).toEqual(["cpus:0.1;mem:32"])
  })

  test("keeps it where that fails, and nothing ends for it", () => {
    const { w, containerId, resized } = running()
    tell(w, containerId, "a", "TASK_FINISHED")
    resized("busy")
    expect([w.all("kill"), sizes(w).length]).toEqual([[], 1])
    expect(w.last("log")).toMatchObject({ level: "warn", fields: { error: "busy" } })
  })
})

describe("volumes", () => {
  test("of tasks that join are made ready; those of the launch are there", () => {
    const w = new TestWorld(OPTIONS).register()
    const containerId = w.runInExecutor("a", OWN, testFramework(), { resources: [volume("one")] })
    expect(w.last("launch").volumes).toHaveLength(1)
    w.started({ containerId })
    subscribe(w, containerId)
    add(w, "b", [volume("two")])
    expect(w.last("resize").volumes).toMatchObject([
      { containerPath: "two", source: { kind: "persistent", path: "/work/volumes/roles/db/two" } },
    ])
    expect(launched(w)).toEqual(["a", "b"])
  })

  /** A task waits on a new volume in the place of one that was destroyed; its data may be gone. */
  function replaced() {
    const scene = running()
    for (const kind of ["destroy", "create"] as const)
      scene.w.receive({
        kind: "applyOperation",
        frameworkId,
        uuid: kind,
        operation: { kind, volumes: [volume("one")] },
      })
    add(scene.w, "b", [volume("one")])
    const gone = (error?: string): void =>
      scene.w.give({ kind: "volumeRemoved", path: "/work/volumes/roles/db/one", error })
    return { ...scene, gone }
  }

  test("wait until the data of the last one at their place is gone", () => {
    const { w, gone, resized } = replaced()
    expect(w.all("resize")).toEqual([])
    gone()
    expect(w.last("resize").volumes).toMatchObject([{ containerPath: "one" }])
    resized()
    expect(launched(w)).toEqual(["b"])
  })

  test("that cannot be had for the data of the last one end the executor", () => {
    const { w, containerId, gone } = replaced()
    gone("busy")
    expect(w.all("kill")).toHaveLength(1)
    w.exited({ containerId }, 9)
    expect(w.updates().at(-1)?.status.message).toContain("cannot be deleted: busy")
  })

  test.each([
    ["that sees the machine's files", undefined, "resize"],
    ["with an image", { type: "DOCKER", docker: { name: "busybox" } } as const, "refusal"],
  ])("that join a container of runc %s: %3$s", (_, image, outcome) => {
    const w = new TestWorld({ ...OPTIONS, runtimes: new Set(["process", "runc"]) }).register()
    const mesos = image === undefined ? {} : { mesos: { image } }
    const info = { container: { type: "MESOS", ...mesos } } as const
    const containerId = w.runInExecutor("a", info)
    w.started({ containerId })
    subscribe(w, containerId)
    w.advance(1)
    w.runInExecutor("b", info, testFramework(), { resources: [volume("one")] })
    expect(w.all("resize").length).toBe(outcome === "resize" ? 1 : 0)
    const refused = w
      .updates()
      .some(({ status }) => status.reason === "REASON_CONTAINER_UPDATE_FAILED")
    expect(refused).toBe(outcome === "refusal")
  })

  test.each([
    ["volumes", [volume("one")]],
    ["GPUs", amounts("gpus:1")],
  ])("a container of Docker takes %s at its launch only", (what, resources) => {
    const w = new TestWorld(OPTIONS).register()
    const container = { type: "DOCKER", docker: { image: "busybox" } } as const
    w.runInExecutor("a", { container })
    w.advance(1)
    w.runInExecutor("b", { container }, testFramework(), { resources })
    expect(w.updates().at(-1)?.status).toMatchObject({
      taskId: "b",
      state: "TASK_GONE",
      reason: "REASON_CONTAINER_UPDATE_FAILED",
      message: `The executor's container takes ${what} at its launch only: choose another executor id`,
    })
  })
})

test("a new life of the agent gives containers what they need before it sends what waits", () => {
  const { w, containerId, resized } = running()
  add(w, "b", amounts("mem:16"))
  w.crash()
  w.give({ kind: "start" })
  w.link()
  w.effects = []
  subscribe(w, containerId)
  resized()
  expect([sizes(w), launched(w)]).toEqual([[], []])
  w.started({ containerId })
  expect(sizes(w)).toEqual(["cpus:0.1;mem:112"])
  resized()
  expect(launched(w)).toEqual(["b"])
})

test("a container that is launched again by a later life grows for the tasks that came meanwhile", () => {
  const w = new TestWorld(OPTIONS).register()
  const containerId = w.runInExecutor("a", OWN, testFramework(), { resources: amounts("mem:64") })
  add(w, "b", amounts("mem:16"))
  w.crash()
  w.give({ kind: "start" })
  w.link()
  w.effects = []
  w.give({ kind: "containerUnknown", containerId })
  expect(renderResources(w.last("launch").spec.task.resources ?? [])).toBe("cpus:0.1;mem:96")
  w.started({ containerId })
  subscribe(w, containerId)
  expect(sizes(w)).toEqual(["cpus:0.1;mem:112"])
})

test("what comes of a container that has ended changes nothing", () => {
  const { w, containerId, resized } = running()
  add(w, "b", amounts("mem:16"))
  w.exited({ containerId }, 0)
  w.effects = []
  resized()
  resized("gone")
  expect(w.effects).toEqual([])
})
