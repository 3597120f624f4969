import { expect, test } from "bun:test"
import { Bench, taskInfo } from "./builders.ts"
import { captureState, taskThen } from "./state-snapshot.ts"

test("a state stays as it was captured, whatever comes after it", () => {
  const bench = new Bench()
  const agent = bench.register()
  const marathon = bench.subscribe()
  bench.launch(marathon, [taskInfo("t1", agent.id)], 0)
  bench.update(agent, marathon.id, { id: "t1", state: "TASK_RUNNING" })
  const state = captureState(bench.master.view)
  const show = () => ({
    agents: state.agents.map(({ id }) => id),
    frameworks: state.frameworks.map(({ id }) => id),
    tasks: state.tasks.map(taskThen),
    unreachable: state.unreachableTasks.map(taskThen),
    completed: state.completedTasks.map(({ taskId }) => taskId),
  })
  const before = show()
  expect(before).toMatchObject({
    agents: [agent.id],
    frameworks: [marathon.id],
    tasks: [{ taskId: "t1", state: "TASK_RUNNING", statuses: [{ state: "TASK_RUNNING" }] }],
    completed: [],
  })
  bench.update(agent, marathon.id, { id: "t1", state: "TASK_FINISHED" })
  bench.subscribe()
  bench.operate({ kind: "teardown", frameworkId: marathon.id })
  bench.fromAgent(agent.link, { kind: "unregister" })
  expect(show()).toEqual(before)
})
