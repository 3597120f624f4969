import { describe, expect, test } from "bun:test"
import type { AgentId } from "#lib/mesos/index.ts"
import { Bench, frameworkInfo, registration, taskInfo } from "./builders.ts"
import { agentKey } from "./registry.ts"

const PA = frameworkInfo({ roles: ["*"] })
const NOT_PA = frameworkInfo({ roles: ["*"], caps: ["MULTI_ROLE"] })

function running(info = PA) {
  const bench = new Bench()
  const agent = bench.register()
  const marathon = bench.subscribe(info)
  bench.launch(marathon, [taskInfo("t1", agent.id)])
  bench.clear()
  return { bench, agent, marathon }
}

const gone = (bench: Bench, agentId: AgentId) => bench.operate({ kind: "markAgentGone", agentId })

describe("MARK_AGENT_GONE", () => {
  test.each([
    ["partition-aware ones", "TASK_GONE_BY_OPERATOR", "REASON_AGENT_REMOVED_BY_OPERATOR", PA],
    ["others", "TASK_LOST", "REASON_AGENT_REMOVED", NOT_PA],
  ] as const)("ends the tasks: %s hear %s", (_who, state, reason, info) => {
    const { bench, agent, marathon } = running(info)
    expect(gone(bench, agent.id).status).toBe(200)
    expect(bench.statuses(marathon)).toMatchObject([
      { taskId: "t1", state, reason, source: "SOURCE_MASTER" },
    ])
    expect(bench.events(marathon.stream, "failure")).toHaveLength(1)
    expect(bench.sent(agent.link, "shutdown")).toHaveLength(1)
    expect(bench.effects.some(({ kind }) => kind === "closeLink")).toBe(true)
    expect(bench.store.get(agentKey(agent.id))).toMatchObject({ goneAt: bench.now })
    expect(gone(bench, agent.id).status).toBe(200)
  })

  test("of an unknown agent is 404", () => {
    expect(gone(new Bench(), "nobody" as AgentId).status).toBe(404)
  })

  test.each([["once"], ["after a restart"]])("lets it never come back: %s", (when) => {
    const { bench, agent } = running()
    gone(bench, agent.id)
    const later = when === "once" ? bench : new Bench({ store: bench.store, now: bench.now })
    later.clear()
    const link = later.openLink()
    later.fromAgent(link, registration({ agentId: agent.id }))
    expect(later.sent(link, "shutdown")).toHaveLength(1)
    expect(later.master.view.agents.size).toBe(0)
    expect([...later.master.view.goneAgents.keys()]).toEqual([agent.id])
  })

  test("of an unreachable agent ends the tasks that were out of reach", () => {
    const { bench, agent, marathon } = running()
    bench.advance(90_000)
    bench.clear()
    gone(bench, agent.id)
    expect(bench.statuses(marathon)).toMatchObject([
      { taskId: "t1", state: "TASK_GONE_BY_OPERATOR" },
    ])
    const framework = bench.master.view.frameworks.get(marathon.id)!
    expect([framework.unreachableTasks.size, framework.completedTasks.length]).toEqual([0, 1])
    expect(bench.store.get(agentKey(agent.id))).not.toHaveProperty("unreachableAt")
    const known = new Bench({ store: bench.store, now: bench.now }).master.view
    expect([known.goneAgents.size, known.unreachableAgents.size]).toEqual([1, 0])
  })

  test("of an agent that has not come back sends FAILURE and no status", () => {
    const { bench, agent } = running()
    const later = new Bench({ store: bench.store, now: bench.now })
    const marathon = later.subscribe(PA)
    gone(later, agent.id)
    expect(later.statuses(marathon)).toEqual([])
    expect(later.events(marathon.stream, "failure")).toHaveLength(1)
    expect(later.master.view.recoveredAgents.size).toBe(0)
  })

  test("is what reconciliation then tells", () => {
    const { bench, agent, marathon } = running()
    gone(bench, agent.id)
    bench.clear()
    const tasks = [{ taskId: "t9" as never, agentId: agent.id }]
    bench.call(marathon, { kind: "reconcile", tasks })
    expect(bench.statuses(marathon)).toMatchObject([{ state: "TASK_GONE_BY_OPERATOR" }])
  })

  test("is forgotten after two weeks", () => {
    const { bench, agent } = running()
    gone(bench, agent.id)
    bench.advance(14 * 24 * 3_600_000 + 900_000)
    expect(bench.master.view.goneAgents.size).toBe(0)
    expect(bench.store.has(agentKey(agent.id))).toBe(false)
  })
})
