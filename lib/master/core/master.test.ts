import { describe, expect, test } from "bun:test"
import { Bench, frameworkInfo, taskInfo } from "./builders.ts"

describe("a task from offer to end", () => {
  test("is offered, launched, running, acknowledged, and frees its resources when it ends", () => {
    const bench = new Bench()
    const agent = bench.register()
    const marathon = bench.subscribe(frameworkInfo({ roles: ["web"] }))
    const [offer] = bench.offers(marathon)
    expect(offer).toMatchObject({
      id: "M-O0",
      agentId: "M-S0",
      frameworkId: "M-0000",
      allocationInfo: { role: "web" },
    })
    expect(bench.launch(marathon, [taskInfo("t1", agent.id)])).toEqual({ status: 202 })
    expect(bench.sent(agent.link, "runTask")[0]?.task.taskId as string).toBe("t1")
    bench.clear()

    bench.update(agent, marathon.id, { id: "t1", state: "TASK_RUNNING", uuid: "u1" })
    expect(bench.statuses(marathon)).toMatchObject([{ state: "TASK_RUNNING", uuid: "u1" }])
    bench.call(marathon, {
      kind: "acknowledge",
      agentId: agent.id,
      taskId: "t1" as never,
      uuid: "u1",
    })
    expect(bench.sent(agent.link, "acknowledge")).toMatchObject([{ taskId: "t1", uuid: "u1" }])

    bench.update(agent, marathon.id, { id: "t1", state: "TASK_FINISHED", uuid: "u2" })
    const framework = bench.master.view.frameworks.get(marathon.id)
    expect(framework?.tasks.size).toBe(1)
    expect(framework?.usedMilli.get("cpus")).toBe(0)
    bench.call(marathon, {
      kind: "acknowledge",
      agentId: agent.id,
      taskId: "t1" as never,
      uuid: "u2",
    })
    expect(framework?.tasks.size).toBe(0)
    expect([...(framework?.completedTasks ?? [])].map(({ state }) => state)).toEqual([
      "TASK_FINISHED",
    ])
  })
})
