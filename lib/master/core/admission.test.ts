import { describe, expect, test } from "bun:test"
import type { AgentId, FrameworkId } from "#lib/mesos/index.ts"
import {
  Bench,
  frameworkInfo,
  registration,
  reportedTask,
  resources,
  taskInfo,
} from "./builders.ts"
import { agentKey } from "./registry.ts"

const FRAMEWORK = "old-0001" as FrameworkId
const AGENT = "old-S7" as AgentId
const domain = { faultDomain: { region: { name: "eu" }, zone: { name: "a" } } }

/** Registers; what the agent is told, of which kind. */
function answer(bench: Bench, over: Parameters<typeof registration>[0], address?: string) {
  const link = bench.openLink(address)
  bench.clear()
  bench.fromAgent(link, registration(over))
  const [final] = bench.sent(link, "shutdown")
  const [forNow] = bench.sent(link, "refused")
  const closed = bench.effects.some(({ kind }) => kind === "closeLink")
  return { link, final: final?.message, forNow: forNow?.message, closed }
}

describe("a registered agent that registers again is refused for good", () => {
  test("under another host name", () => {
    const bench = new Bench()
    const agent = bench.register()
    const { final, closed } = answer(bench, { agentId: agent.id, info: { hostname: "a2" } })
    expect(final).toContain("is known as a1, not as a2")
    expect(closed).toBe(true)
    const known = bench.master.view.agents.get(agent.id)
    expect(known).toMatchObject({ connected: true, info: { hostname: "a1" } })
  })

  test("from another address, be it the one of its link or one that it tells", () => {
    const bench = new Bench()
    const silent = bench.register()
    const told = bench.register({ address: "192.0.2.7" })
    expect(answer(bench, { agentId: silent.id }, "10.9.9.9").final).toContain("not at 10.9.9.9")
    const moved = answer(bench, { agentId: told.id, address: "192.0.2.8" })
    expect(moved.final).toContain("is known at 192.0.2.7")
    expect(answer(bench, { agentId: silent.id }).final).toBeUndefined()
  })

  test("and what its link still says counts for nothing", () => {
    const bench = new Bench()
    const agent = bench.register()
    const { link } = answer(bench, { agentId: agent.id, info: { hostname: "a2" } })
    const stored = bench.store.size
    bench.clear()
    bench.fromAgent(link, registration())
    expect(bench.effects).toEqual([])
    expect(bench.store.size).toBe(stored)
  })
})

test.each([["unreachable"], ["recovered"]])(
  "an agent that was %s may come back from another address and under another name",
  (state) => {
    const bench = new Bench()
    const { id } = bench.register()
    if (state === "unreachable") bench.advance(90_000)
    const later = state === "recovered" ? new Bench({ store: bench.store, now: bench.now }) : bench
    const info = { ...registration().info, hostname: "moved" }
    const { link, final, forNow } = answer(later, { agentId: id, info }, "10.9.9.9")
    expect([final, forNow]).toEqual([undefined, undefined])
    expect(later.sent(link, "registered")).toMatchObject([{ agentId: id }])
    expect(later.store.get(agentKey(id))).toMatchObject({
      address: "10.9.9.9",
      info: { hostname: "moved" },
    })
    // From now on it is registered, and stays where it is.
    expect(answer(later, { agentId: id }).final).toContain("is known as moved")
  },
)

describe("an agent is refused for now, and may try again on the same link", () => {
  const tooMuch = {
    agentId: AGENT,
    frameworks: [frameworkInfo({ id: FRAMEWORK, roles: ["web"] })],
    tasks: [reportedTask("t", FRAMEWORK, AGENT, { resources: resources("cpus:9", "web") })],
  }
  const onePort = (...roles: readonly string[]) => ({
    ...tooMuch,
    tasks: roles.map((role, n) =>
      reportedTask(`t${n}`, FRAMEWORK, AGENT, {
        resources: resources("ports:[31000-31000]", role),
      }),
    ),
  })
  const negative = {
    name: "cpus",
    value: { kind: "scalar", milli: -1 },
    reservations: [],
  } as const
  const master = { id: "M2", ip: 16777343, port: 5050, hostname: "m1", domain }

  test.each([
    ["too old", {}, { version: "0.28.2" }, "Agent version 0.28.2 is older than 1.0.0"],
    ["using more than it has", {}, tooMuch, "use more than the agent has"],
    ["using one port twice", {}, onePort("web", "web"), "use the same port"],
    ["using one port in two roles", {}, onePort("web", "db"), "use the same port"],
    [
      "having what makes no sense",
      {},
      { info: { hostname: "a1", resources: [negative] } },
      "Resource 'cpus' is negative",
    ],
    [
      "without a domain where one is required",
      { requireAgentDomain: true, info: master },
      {},
      "set its --domain",
    ],
    [
      "with a domain where the master has none",
      {},
      { info: { ...registration().info, domain } },
      "set the master's --domain",
    ],
  ])("%s", (_what, options, over, why) => {
    const bench = new Bench({ master: options })
    const { link, final, forNow, closed } = answer(bench, over)
    expect(forNow).toContain(why)
    expect([final, closed, bench.store.size]).toEqual([undefined, false, 0])
    const info = {
      ...registration().info,
      ...("requireAgentDomain" in options ? { domain } : {}),
    }
    bench.fromAgent(link, registration({ info }))
    expect(bench.sent(link, "registered")).toHaveLength(1)
  })
})

describe("a new agent where another was", () => {
  const place = { info: { ...registration().info, port: 5051 } }

  test("takes the place of one whose link is broken, whose tasks are lost", () => {
    const bench = new Bench()
    const marathon = bench.subscribe()
    const old = bench.register(place)
    bench.launch(marathon, [taskInfo("t1", old.id)])
    bench.feed({ kind: "linkClosed", link: old.link })
    bench.clear()
    const { id } = bench.register(place)
    expect(id).not.toBe(old.id)
    expect([...bench.master.view.agents.keys()]).toEqual([id])
    expect([...bench.store.keys()].filter((key) => key.startsWith("/agents/"))).toEqual([
      agentKey(id),
    ])
    expect(bench.statuses(marathon)).toMatchObject([{ taskId: "t1", state: "TASK_LOST" }])
    expect(bench.master.view.metrics(bench.now)).toMatchObject({
      "master/slave_removals": 1,
      "master/slave_removals/reason_registered": 1,
      "master/slave_removals/reason_unregistered": 0,
    })
  })

  test("leaves alone one that is connected, and those on other ports and machines", () => {
    const bench = new Bench()
    const connected = bench.register(place)
    const others = [
      bench.register({ info: { ...place.info, port: 5052 } }),
      bench.register({ info: { ...place.info, hostname: "a2" } }),
      bench.register({ ...place, address: "10.0.0.2" }),
    ]
    for (const { link } of others) bench.feed({ kind: "linkClosed", link })
    const { id } = bench.register(place)
    const ids = [connected, ...others].map((agent) => agent.id)
    expect([...bench.master.view.agents.keys()]).toEqual([...ids, id])
  })

  test("leaves alone one that came back under its id", () => {
    const bench = new Bench()
    const old = bench.register(place)
    bench.feed({ kind: "linkClosed", link: old.link })
    bench.register({ ...place, agentId: old.id })
    bench.register(place)
    expect(bench.master.view.agents.has(old.id)).toBe(true)
  })
})
