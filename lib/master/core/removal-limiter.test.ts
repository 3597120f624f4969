import { describe, expect, test } from "bun:test"
import { Bench, resources } from "./builders.ts"

const RATE = { removalRate: { agents: 1, perMs: 600_000 } }
const host = (n: number) => ({
  info: { hostname: `h${n}`, resources: resources("cpus:1;mem:100") },
})

/** Three agents that answer no more, on a master with a rate. */
function silent(master: object = RATE) {
  const bench = new Bench({ master })
  const agents = [1, 2, 3].map((n) => bench.register(host(n)))
  return { bench, agents }
}
const metric = (bench: Bench, name: string) =>
  bench.master.view.metrics(bench.now)[`master/${name}`]

describe("--agent_removal_rate_limit", () => {
  test("spaces the transitions, oldest first", () => {
    const { bench, agents } = silent()
    bench.advance(90_000)
    expect([...bench.master.view.unreachableAgents.keys()]).toEqual([agents[0]!.id])
    expect(metric(bench, "slave_unreachable_scheduled")).toBe(3)
    expect(metric(bench, "slave_unreachable_completed")).toBe(1)
    bench.advance(599_999)
    expect(bench.master.view.unreachableAgents.size).toBe(1)
    bench.advance(1)
    expect(bench.master.view.unreachableAgents.size).toBe(2)
    bench.advance(600_000)
    expect(bench.master.view.agents.size).toBe(0)
  })

  test("without it all go at once", () => {
    const { bench } = silent({})
    bench.advance(90_000)
    expect(bench.master.view.agents.size).toBe(0)
  })

  test.each([["a pong"], ["a registration"]])("%s cancels", (what) => {
    const { bench, agents } = silent()
    bench.advance(95_000)
    const [, second] = agents
    const sequence = bench.sent(second!.link, "ping").at(-1)!.sequence
    if (what === "a pong") bench.fromAgent(second!.link, { kind: "pong", sequence })
    else bench.register({ ...host(2), agentId: second!.id })
    expect(metric(bench, "slave_unreachable_canceled")).toBe(1)
    bench.advance(600_000)
    expect([...bench.master.view.unreachableAgents.keys()]).toContain(agents[2]!.id)
    expect(bench.master.view.unreachableAgents.size).toBe(2)
  })

  test("holds for agents that did not come back after a restart too", () => {
    const { bench, agents } = silent()
    const later = new Bench({ store: bench.store, now: bench.now, master: RATE })
    later.advance(600_000)
    expect([
      later.master.view.unreachableAgents.size,
      later.master.view.recoveredAgents.size,
    ]).toEqual([1, 2])
    expect(later.register({ ...host(2), agentId: agents[1]!.id }).id).toBe(agents[1]!.id)
    later.advance(600_000)
    expect(later.master.view.recoveredAgents.size).toBe(0)
    expect(later.master.view.unreachableAgents.has(agents[1]!.id)).toBe(false)
  })
})

describe("--recovery_agent_removal_limit", () => {
  const giveUps = (bench: Bench) => bench.effects.filter(({ kind }) => kind === "giveUp")

  test.each([
    ["more would be lost", 0.5, 1],
    ["no more would be lost", 0.67, 0],
  ])("when %s than %d of the agents, %d giving up", (_what, recoveryRemovalLimit, expected) => {
    const { bench, agents } = silent({})
    const later = new Bench({
      store: bench.store,
      now: bench.now,
      master: { recoveryRemovalLimit },
    })
    later.register({ ...host(1), agentId: agents[0]!.id })
    later.advance(600_000)
    expect(giveUps(later)).toHaveLength(expected)
    expect(later.master.view.recoveredAgents.size).toBe(expected === 1 ? 2 : 0)
  })
})
