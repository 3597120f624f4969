import { expect, test } from "bun:test"
import { TestWorld, testTask } from "./test-world.ts"

const world = () => new TestWorld().register()

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
