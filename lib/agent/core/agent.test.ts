import { expect, test } from "bun:test"
import { TestWorld, testFramework, testTask } from "./test-world.ts"

const world = () => new TestWorld().register()

test("a task says TASK_STARTING while its container is being started, and only once", () => {
  const w = world()
  const spec = w.run(testTask("web.1"))
  w.prepared(spec)
  w.prepared(spec)
  w.acknowledgeAll()
  expect(w.states()).toEqual(["TASK_STARTING"])
  w.started(spec)
  w.acknowledgeAll()
  expect(w.states()).toEqual(["TASK_STARTING", "TASK_RUNNING"])
  w.prepared(spec)
  w.acknowledgeAll()
  expect(w.states()).toEqual(["TASK_STARTING", "TASK_RUNNING"])
})

test("a task that is killed before its container is being started never says TASK_STARTING", () => {
  const w = world()
  const spec = w.run(testTask("web.1"))
  w.receive({ kind: "killTask", frameworkId: testFramework().id!, taskId: spec.task.taskId })
  w.prepared(spec)
  const reason = "REASON_CONTAINER_LAUNCH_FAILED"
  w.give({ kind: "containerFailed", containerId: spec.containerId, reason, message: "" })
  w.acknowledgeAll()
  expect(w.states()).toEqual(["TASK_KILLED"])
})

test("a task goes from its launch to its acknowledged end", () => {
  const w = world()
  const spec = w.run(testTask("web.1"))
  expect(spec.sandbox).toBe(
    `/work/slaves/m-S0/frameworks/m-0000/executors/web.1/runs/${spec.containerId}`,
  )
  w.started(spec)
  expect(w.states()).toEqual(["TASK_STARTING"])
  w.acknowledgeAll()
  expect(w.states()).toEqual(["TASK_STARTING", "TASK_RUNNING"])
  w.exited(spec, 0)
  expect(w.states().at(-1)).toBe("TASK_FINISHED")
  w.acknowledgeAll()
  expect(w.agent.streams.size).toBe(0)
  expect([...w.agent.workload.tasks()]).toEqual([])
  expect(w.agent.gc.paths).toEqual([spec.sandbox])
  expect(w.all("forget").map(({ spec: { containerId } }) => containerId)).toEqual([
    spec.containerId,
  ])
})
