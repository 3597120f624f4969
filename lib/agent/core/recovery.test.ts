import { expect, test } from "bun:test"
import { brandId, type TaskId } from "#lib/mesos/index.ts"
import type { ContainerSpec } from "#lib/ports/index.ts"
import { TestWorld, testFramework, testTask } from "./test-world.ts"

const world = () => new TestWorld().register()

/** Crashes and compares what the new life knows with what the old one knew. */
const crash = (w: TestWorld, downMs = 0): void => {
  const before = w.picture()
  w.crash(downMs)
  expect(w.picture()).toEqual(before)
  w.effects = []
  w.give({ kind: "start" })
}

test("knows after a crash what it knew before, at every moment of a task's life", () => {
  const w = world()
  const spec = w.run(testTask("web.1", { healthCheck: { type: "TCP", delaySeconds: 1 } }))
  const group = w.runGroup([testTask("a"), testTask("b")])
  const steps: readonly (() => void)[] = [
    () => w.started(spec),
    () => w.acknowledgeAll(),
    () => w.started(group[0]!),
    () => w.exited(group[0]!, 1 << 8),
    () => w.acknowledgeAll(),
    () => w.started(group[1]!),
    () => w.exited(group[1]!, 9),
    () => w.acknowledgeAll(),
    () =>
      w.receive({
        kind: "killTask",
        frameworkId: testFramework().id!,
        taskId: brandId<TaskId>("web.1"),
      }),
    () => w.exited(spec, 9),
    () => w.acknowledgeAll(),
    () => w.receive({ kind: "drain", config: {} }),
  ]
  for (const step of steps) {
    step()
    crash(w, 10)
    w.link()
  }
  expect(w.agent.gc.paths).toHaveLength(2)
  expect([...w.agent.workload.tasks()]).toEqual([])
})

test("looks for every container that has not ended and disowns the rest", () => {
  const w = world()
  const alive = w.runToRunning(testTask("web.1"))
  const ended = w.runToRunning(testTask("web.2"))
  w.exited(ended, 0)
  crash(w)
  expect(w.all("recover").map(({ spec }) => spec)).toEqual([alive])
  expect(w.all("removeOrphans")).toEqual([{ kind: "removeOrphans", known: [alive.containerId] }])
})

test("a task that goes on running is not reported anew", () => {
  const w = world()
  const spec = w.runToRunning(testTask("web.1"))
  crash(w, 60_000)
  w.started(spec)
  w.link()
  expect(w.updates()).toEqual([])
  w.exited(spec, 0)
  expect(w.states()).toEqual(["TASK_FINISHED"])
})

test("an exit that happened meanwhile is reported with its exit code", () => {
  const w = world()
  const spec = w.runToRunning(testTask("web.1"))
  crash(w, 60_000)
  w.exited(spec, 42 << 8)
  w.link()
  expect(w.updates().map(({ status }) => [status.state, status.message])).toEqual([
    ["TASK_FAILED", "Command exited with status 42"],
  ])
})

test("a container that never started is launched, as it was meant the first time", () => {
  const w = world()
  const spec = w.run(testTask("web.1"))
  const launch = w.last("launch")
  crash(w)
  w.give({ kind: "containerUnknown", containerId: spec.containerId })
  expect(w.all("launch")).toEqual([launch])
})

test("a container that started unseen is reported as running", () => {
  const w = world()
  const spec = w.run(testTask("web.1"))
  crash(w)
  w.started(spec)
  w.link()
  w.acknowledgeAll()
  expect(w.states()).toEqual(["TASK_STARTING", "TASK_RUNNING"])
  expect(w.all("launch")).toEqual([])
})

test("a container whose start was cut short after TASK_STARTING is launched again", () => {
  const w = world()
  const spec = w.run(testTask("web.1"))
  const launch = w.last("launch")
  w.prepared(spec)
  crash(w)
  w.effects = []
  w.give({ kind: "containerUnknown", containerId: spec.containerId })
  expect(w.all("launch")).toEqual([launch])
  w.prepared(spec)
  w.started(spec)
  w.link()
  w.acknowledgeAll()
  expect(w.states()).toEqual(["TASK_STARTING", "TASK_RUNNING"])
})

test("a running container of which no trace is left has failed", () => {
  const w = world()
  const spec = w.runToRunning(testTask("web.1"))
  crash(w)
  w.give({ kind: "containerUnknown", containerId: spec.containerId })
  w.link()
  expect(w.updates()[0]?.status).toMatchObject({
    state: "TASK_FAILED",
    source: "SOURCE_AGENT",
    reason: "REASON_EXECUTOR_TERMINATED",
  })
})

test("a container that was killed before it started is not launched", () => {
  const w = world()
  const spec = w.run(testTask("web.1"))
  kill(w, spec)
  crash(w)
  w.give({ kind: "containerUnknown", containerId: spec.containerId })
  w.link()
  expect(w.all("launch")).toEqual([])
  expect(w.updates()[0]?.status).toMatchObject({
    state: "TASK_KILLED",
    reason: "REASON_TASK_KILLED_DURING_LAUNCH",
  })
})

const kill = (w: TestWorld, spec: ContainerSpec): void =>
  w.receive({
    kind: "killTask",
    frameworkId: testFramework().id!,
    taskId: spec.task.taskId,
    killPolicy: { gracePeriod: { nanoseconds: 30e9 } },
  })

test.each([
  ["not over", 10_000, [false]],
  ["over", 60_000, [true]],
])("carries on with a kill whose grace is %s", (_name, downMs, force) => {
  const w = world()
  const spec = w.runToRunning(testTask("web.1"))
  kill(w, spec)
  crash(w, downMs)
  w.started(spec)
  expect(w.all("kill").map((effect) => effect.force)).toEqual(force)
  w.advance(30_000)
  expect(w.all("kill").at(-1)?.force).toBe(true)
})

test("a clock that jumped back does not lengthen a kill beyond its grace", () => {
  const w = world()
  const spec = w.runToRunning(testTask("web.1"))
  kill(w, spec)
  crash(w, -1_000_000)
  w.started(spec)
  w.advance(30_000)
  expect(w.all("kill").map(({ force }) => force)).toEqual([false, true])
})

test("checks go on after a restart and remember what they knew", () => {
  const w = world()
  const healthCheck = { type: "TCP", delaySeconds: 1, intervalSeconds: 1 } as const
  const spec = w.runToRunning(testTask("web.1", { healthCheck }))
  w.advance(1_000)
  const { containerId, sequence } = w.last("probe")
  w.give({ kind: "healthResult", containerId, sequence, healthy: true, message: "" })
  w.acknowledgeAll()
  crash(w)
  w.started(spec)
  w.link()
  w.advance(1_000)
  const probe = w.last("probe")
  w.give({
    kind: "healthResult",
    containerId,
    sequence: probe.sequence,
    healthy: true,
    message: "",
  })
  expect(w.updates()).toEqual([])
})

test("unacknowledged updates are sent again, with the uuid they had", () => {
  const w = world()
  const spec = w.runToRunning(testTask("web.1"))
  w.exited(spec, 0)
  const [before] = w.updates()
  crash(w)
  w.link()
  expect(w.updates()[0]?.status.uuid).toBe(before?.status.uuid)
})

test("a framework that was ended stays ended", () => {
  const w = world()
  const spec = w.runToRunning(testTask("web.1"))
  w.receive({ kind: "shutdownFramework", frameworkId: testFramework().id! })
  crash(w)
  w.link()
  w.started(spec)
  expect(w.all("kill")).toHaveLength(1)
  w.exited(spec, 9)
  expect(w.updates()).toEqual([])
  expect([...w.agent.workload.tasks()]).toEqual([])
})
