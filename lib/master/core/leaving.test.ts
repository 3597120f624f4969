import { describe, expect, test } from "bun:test"
import { Bench, frameworkInfo, reportedTask, resources, taskInfo } from "./builders.ts"

const INFO = frameworkInfo({ roles: ["*"] })

/** A framework with a task that uses almost a whole agent, which was just removed. */
function removed() {
  const bench = new Bench()
  const agent = bench.register()
  const old = bench.subscribe(INFO)
  bench.launch(old, [taskInfo("t1", agent.id, { resources: resources("cpus:7;mem:128") })])
  bench.operate({ kind: "teardown", frameworkId: old.id })
  bench.clear()
  const next = bench.subscribe(INFO)
  const cpus = () =>
    bench
      .offers(next)
      .flatMap((offer) => offer.resources ?? [])
      .map(({ name, value }) => (name === "cpus" && value.kind === "scalar" ? value.milli : 0))
      .reduce((sum, milli) => sum + milli, 0)
  return { bench, agent, old, cpus }
}

describe("what a removed framework uses", () => {
  test("is offered to others once the agent says that it has ended", () => {
    const { bench, agent, old, cpus } = removed()
    bench.advance(10_000)
    expect(cpus()).toBe(1_000)
    bench.fromAgent(agent.link, { kind: "frameworkEnded", frameworkId: old.id })
    expect(cpus()).toBe(8_000)
    bench.fromAgent(agent.link, { kind: "frameworkEnded", frameworkId: old.id })
    expect(cpus()).toBe(8_000)
  })

  test("is free when the agent registers without it", () => {
    const { bench, agent } = removed()
    bench.register({ agentId: agent.id })
    expect(bench.master.view.agents.get(agent.id)?.used).toEqual([])
  })

  test("stays used when the agent registers with it, which is told again to end it", () => {
    const { bench, agent, old } = removed()
    const use = resources("cpus:7;mem:128", "*")
    const named = { frameworks: [{ ...INFO, id: old.id }] }
    const tasks = [reportedTask("t1", old.id, agent.id, { resources: use })]
    const again = bench.register({ agentId: agent.id, ...named, tasks })
    expect(bench.sent(again.link, "shutdownFramework")).toHaveLength(1)
    expect(bench.master.view.agents.get(agent.id)?.used).toEqual(use)
    const leaving = [{ framework: { ...INFO, id: old.id }, resources: use }]
    const third = bench.register({ agentId: agent.id, leaving })
    expect(bench.sent(third.link, "shutdownFramework")).toHaveLength(1)
    expect(bench.master.view.agents.get(agent.id)?.used).toEqual(use)
    bench.fromAgent(third.link, { kind: "frameworkEnded", frameworkId: old.id })
    expect(bench.master.view.agents.get(agent.id)?.used).toEqual([])
  })

  test("stays used for a new master, which the agent tells of it", () => {
    const { bench, agent, old } = removed()
    const later = new Bench({ store: bench.store, now: bench.now })
    const use = resources("cpus:7;mem:128", "*")
    const leaving = [{ framework: { ...INFO, id: old.id }, resources: use }]
    later.register({ agentId: agent.id, leaving })
    expect(later.master.view.agents.get(agent.id)?.used).toEqual(use)
    expect(later.master.view.frameworks.has(old.id)).toBe(false)
  })

  test("is forgotten with its agent", () => {
    const { bench, agent } = removed()
    bench.advance(90_000)
    expect(bench.master.view.agents.has(agent.id)).toBe(false)
  })

  test("keeps an agent draining", () => {
    const { bench, agent, old } = removed()
    bench.operate({ kind: "drainAgent", agentId: agent.id })
    expect(bench.master.view.agents.get(agent.id)?.drain?.state).toBe("DRAINING")
    bench.fromAgent(agent.link, { kind: "frameworkEnded", frameworkId: old.id })
    expect(bench.master.view.agents.get(agent.id)?.drain?.state).toBe("DRAINED")
  })
})
