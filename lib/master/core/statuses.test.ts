import { describe, expect, test } from "bun:test"
import type { TaskId } from "#lib/mesos/index.ts"
import { Bench, registration, reportedTask, taskInfo } from "./builders.ts"

const T1 = "t1" as TaskId

function launched() {
  const bench = new Bench()
  const marathon = bench.subscribe()
  const agent = bench.register()
  bench.launch(marathon, [taskInfo("t1", agent.id)])
  const task = () => bench.master.view.frameworks.get(marathon.id)?.tasks.get(T1)
  return { bench, marathon, agent, task }
}

describe("a late copy of an earlier update", () => {
  test("is passed on, but does not turn a running task back", () => {
    const { bench, marathon, agent, task } = launched()
    bench.update(agent, marathon.id, { id: "t1", state: "TASK_STARTING", uuid: "u1" })
    bench.update(agent, marathon.id, { id: "t1", state: "TASK_RUNNING", uuid: "u2" })
    bench.clear()
    bench.update(agent, marathon.id, { id: "t1", state: "TASK_STARTING", uuid: "u1" })
    expect(bench.statuses(marathon).map(({ state }) => state)).toEqual(["TASK_STARTING"])
    expect(task()).toMatchObject({ state: "TASK_RUNNING", statusUpdateState: "TASK_RUNNING" })
  })

  test("does not keep an ended task from being completed", () => {
    const { bench, marathon, agent, task } = launched()
    const ended = { id: "t1", state: "TASK_FINISHED", uuid: "u2" } as const
    bench.update(agent, marathon.id, ended)
    bench.update(agent, marathon.id, { id: "t1", state: "TASK_RUNNING", uuid: "u1" }, ended.state)
    bench.call(marathon, { kind: "acknowledge", agentId: agent.id, taskId: T1, uuid: "u2" })
    expect(task()).toBeUndefined()
  })
})

describe("the end of a task on an agent that went away and came back", () => {
  test("is what reconciliation tells, though its update is still on its way", () => {
    const { bench, marathon, agent } = launched()
    bench.update(agent, marathon.id, { id: "t1", state: "TASK_FAILED", uuid: "u1" })
    bench.advance(100_000)
    expect(bench.master.view.agents.size).toBe(0)
    const tasks = [reportedTask("t1", marathon.id, agent.id, { state: "TASK_FAILED" })]
    bench.register(registration({ agentId: agent.id, tasks }))
    bench.clear()
    bench.call(marathon, { kind: "reconcile", tasks: [{ taskId: T1, agentId: agent.id }] })
    expect(bench.statuses(marathon).map(({ state }) => state)).toEqual(["TASK_FAILED"])
  })
})
