import { describe, expect, test } from "bun:test"
import type { AgentId } from "#lib/mesos/index.ts"
import { Bench, frameworkInfo, reportedTask, taskInfo } from "./builders.ts"
import { agentKey } from "./registry.ts"

const PA = frameworkInfo({ roles: ["*"] })

function running() {
  const bench = new Bench()
  const agent = bench.register()
  const marathon = bench.subscribe(PA)
  bench.launch(marathon, [taskInfo("t1", agent.id)], 0)
  bench.clear()
  return { bench, agent, marathon }
}

const drain = (bench: Bench, agentId: AgentId, over: object = {}) =>
  bench.operate({ kind: "drainAgent", agentId, ...over })

/** A new master on what the old one stored, as it would be after any commit. */
const restart = (bench: Bench) => new Bench({ store: bench.store, now: bench.now })

describe("DRAIN_AGENT", () => {
  test("takes back the offers, makes no more, and tells the agent", () => {
    const { bench, agent, marathon } = running()
    expect(bench.master.view.offers.size).toBe(1)
    expect(drain(bench, agent.id, { maxGracePeriod: { seconds: 2, nanos: 5 } }).status).toBe(200)
    expect(bench.events(marathon.stream, "rescind")).toHaveLength(1)
    const config = { maxGracePeriod: { nanoseconds: 2_000_000_005 }, markGone: false }
    expect(bench.sent(agent.link, "drain")).toEqual([{ kind: "drain", config }])
    bench.advance(10_000)
    expect(bench.offers(marathon)).toEqual([])
    expect(bench.master.view.agents.get(agent.id)).toMatchObject({
      active: false,
      deactivated: true,
      drain: { state: "DRAINING", config },
    })
  })

  test("is over when the last terminal update is acknowledged, and not before", () => {
    const { bench, agent, marathon } = running()
    drain(bench, agent.id)
    const state = () => bench.master.view.agents.get(agent.id)?.drain?.state
    bench.update(agent, marathon.id, { id: "t1", state: "TASK_KILLED", uuid: "u" })
    expect(state()).toBe("DRAINING")
    bench.call(marathon, {
      kind: "acknowledge",
      agentId: agent.id,
      taskId: "t1" as never,
      uuid: "u",
    })
    expect(state()).toBe("DRAINED")
    expect(bench.store.get(agentKey(agent.id))).toMatchObject({ drain: { state: "DRAINED" } })
    bench.advance(10_000)
    expect(bench.offers(marathon)).toEqual([])
  })

  test("of an idle agent is over at once", () => {
    const bench = new Bench()
    const agent = bench.register()
    drain(bench, agent.id)
    expect(bench.master.view.agents.get(agent.id)?.drain?.state).toBe("DRAINED")
  })

  test("with mark_gone ends with the agent gone", () => {
    const { bench, agent, marathon } = running()
    drain(bench, agent.id, { markGone: true })
    bench.update(agent, marathon.id, { id: "t1", state: "TASK_GONE_BY_OPERATOR", uuid: "u" })
    bench.call(marathon, {
      kind: "acknowledge",
      agentId: agent.id,
      taskId: "t1" as never,
      uuid: "u",
    })
    expect(bench.master.view.agents.size).toBe(0)
    expect([...bench.master.view.goneAgents.keys()]).toEqual([agent.id])
    expect(bench.sent(agent.link, "shutdown")).toHaveLength(1)
  })

  test("again overwrites the settings, also those of a drain that is over", () => {
    const { bench, agent } = running()
    drain(bench, agent.id)
    drain(bench, agent.id, { maxGracePeriod: { seconds: 1 } })
    expect(bench.sent(agent.link, "drain").at(-1)?.config.maxGracePeriod).toEqual({
      nanoseconds: 1e9,
    })
  })

  test.each([["recovered"], ["unreachable"]])("of a %s agent waits for it", (kind) => {
    const { bench, agent, marathon } = running()
    const later = kind === "recovered" ? restart(bench) : bench
    if (kind === "unreachable") bench.advance(90_000)
    expect(drain(later, agent.id).status).toBe(200)
    const last = restart(later)
    const tasks = [reportedTask("t1", marathon.id, agent.id)]
    const back = last.register({
      agentId: agent.id,
      frameworks: [{ ...PA, id: marathon.id }],
      tasks,
    })
    expect(last.sent(back.link, "drain")).toHaveLength(1)
    expect(last.master.view.agents.get(agent.id)).toMatchObject({
      deactivated: true,
      drain: { state: "DRAINING" },
    })
  })

  test("is refused for an unknown agent, one that cannot, and a negative grace", () => {
    const bench = new Bench()
    expect(drain(bench, "nobody" as AgentId)).toEqual({ status: 400, message: "Unknown agent" })
    const old = bench.register({ capabilities: ["MULTI_ROLE"] })
    expect(drain(bench, old.id).status).toBe(400)
    const agent = bench.register({ info: { hostname: "a2" } })
    expect(drain(bench, agent.id, { maxGracePeriod: { seconds: -1 } }).status).toBe(400)
  })
})

describe("DEACTIVATE_AGENT and REACTIVATE_AGENT", () => {
  test("stop and resume offers; tasks run on; a restart and an outage change nothing", () => {
    const { bench, agent, marathon } = running()
    expect(bench.operate({ kind: "deactivateAgent", agentId: agent.id }).status).toBe(200)
    bench.advance(10_000)
    expect(bench.offers(marathon)).toEqual([])
    expect(bench.sent(agent.link, "killTask")).toEqual([])
    const second = restart(bench)
    second.register({ agentId: agent.id })
    second.advance(200_000)
    expect(second.master.view.unreachableAgents.get(agent.id)?.deactivated).toBe(true)
    second.register({ agentId: agent.id })
    const other = second.subscribe(PA)
    expect(second.offers(other)).toEqual([])
    expect(second.operate({ kind: "reactivateAgent", agentId: agent.id }).status).toBe(200)
    second.advance(5_000)
    expect(second.offers(other)).toHaveLength(1)
    expect(second.store.get(agentKey(agent.id))).not.toHaveProperty("drain")
  })

  test("REACTIVATE_AGENT is refused while active or draining, and tells of an absent agent", () => {
    const { bench, agent } = running()
    const reactivate = (on: Bench) => on.operate({ kind: "reactivateAgent", agentId: agent.id })
    expect(reactivate(bench).status).toBe(400)
    drain(bench, agent.id)
    expect(reactivate(bench)).toEqual({
      status: 400,
      message: "Agent is still in the DRAINING state",
    })
    const absent = restart(bench)
    absent.operate({ kind: "deactivateAgent", agentId: agent.id })
    expect(reactivate(absent).status).toBe(400)
    const { bench: other, agent: lone } = running()
    other.operate({ kind: "deactivateAgent", agentId: lone.id })
    const late = restart(other)
    expect(late.operate({ kind: "reactivateAgent", agentId: lone.id }).status).toBe(409)
    expect(late.master.view.recoveredAgents.get(lone.id)?.deactivated).toBe(false)
  })

  test("DEACTIVATE_AGENT leaves a drain as it is", () => {
    const { bench, agent } = running()
    drain(bench, agent.id)
    expect(bench.operate({ kind: "deactivateAgent", agentId: agent.id }).status).toBe(200)
    expect(bench.master.view.agents.get(agent.id)?.drain?.state).toBe("DRAINING")
    expect(bench.operate({ kind: "deactivateAgent", agentId: "x" as AgentId }).status).toBe(400)
  })
})
