import { describe, expect, test } from "bun:test"
import type { TaskId } from "#lib/mesos/index.ts"
import { Bench, frameworkInfo, reportedTask, resources, taskInfo } from "./builders.ts"
import { agentKey } from "./registry.ts"

const PA = frameworkInfo({ roles: ["web"] })
const NOT_PA = frameworkInfo({ roles: ["old"], caps: ["MULTI_ROLE"] })

describe("a broken link", () => {
  test("rescinds the agent's offers and makes no more until it is back", () => {
    const bench = new Bench()
    const agent = bench.register()
    const marathon = bench.subscribe(PA)
    const [offer] = bench.offers(marathon)
    bench.clear()
    bench.feed({ kind: "linkClosed", link: agent.link })
    expect(bench.events(marathon.stream, "rescind")).toEqual([
      { kind: "rescind", offerId: offer!.id },
    ])
    expect(bench.master.view.agents.get(agent.id)).toMatchObject({
      connected: false,
      active: false,
    })
    bench.advance(10_000)
    expect(bench.offers(marathon)).toEqual([])
    bench.register({ agentId: agent.id })
    expect(bench.offers(marathon).length).toBe(1)
  })

  test("leaves tasks alone, also those of frameworks that do not checkpoint", () => {
    const bench = new Bench()
    const agent = bench.register()
    const marathon = bench.subscribe(PA)
    bench.launch(marathon, [taskInfo("t1", agent.id)])
    bench.clear()
    bench.feed({ kind: "linkClosed", link: agent.link })
    expect(bench.statuses(marathon)).toEqual([])
    expect(bench.master.view.frameworks.get(marathon.id)?.tasks.size).toBe(1)
  })

  test("of an unknown link is ignored", () => {
    const bench = new Bench()
    bench.clear()
    bench.feed({ kind: "linkClosed", link: "nobody" as never })
    expect(bench.effects).toEqual([])
  })
})

describe("pings", () => {
  test("come every 15 seconds, with growing numbers", () => {
    const bench = new Bench()
    const agent = bench.register()
    bench.keepAlive([agent], 60_000)
    expect(bench.sent(agent.link, "ping").map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4])
  })

  test("answered keep the agent for ever", () => {
    const bench = new Bench({ check: false })
    const agent = bench.register()
    bench.keepAlive([agent], 3_600_000)
    expect(bench.master.view.agents.get(agent.id)?.connected).toBe(true)
  })

  test("one answer in time is enough", () => {
    const bench = new Bench()
    const agent = bench.register()
    bench.advance(74_000)
    bench.fromAgent(agent.link, { kind: "pong", sequence: 1 })
    bench.advance(60_000)
    expect(bench.master.view.agents.has(agent.id)).toBe(true)
  })

  test("an answer to a ping that was never sent is none", () => {
    const bench = new Bench()
    const agent = bench.register()
    bench.advance(80_000)
    bench.fromAgent(agent.link, { kind: "pong", sequence: 99 })
    bench.advance(15_000)
    expect(bench.master.view.agents.has(agent.id)).toBe(false)
  })

  test("a master that was stopped for an hour gives nobody up for it", () => {
    const bench = new Bench()
    const agent = bench.register()
    bench.now += 3_600_000
    bench.feed({ kind: "wake" })
    expect(bench.master.view.agents.has(agent.id)).toBe(true)
    expect(bench.sent(agent.link, "ping").length).toBe(1)
  })
})

describe("an agent that answers no more", () => {
  function lost(info = PA) {
    const bench = new Bench()
    const agent = bench.register()
    const marathon = bench.subscribe(info)
    bench.launch(marathon, [taskInfo("t1", agent.id), taskInfo("t2", agent.id)])
    bench.update(agent, marathon.id, { id: "t1", state: "TASK_RUNNING" })
    bench.update(agent, marathon.id, { id: "t2", state: "TASK_FAILED" })
    bench.clear()
    return { bench, agent, marathon }
  }

  test("is unreachable after five missed pings: stored, tasks told, everybody told", () => {
    const { bench, agent, marathon } = lost()
    bench.advance(89_999)
    expect(bench.master.view.agents.has(agent.id)).toBe(true)
    bench.advance(1)
    const at = bench.now
    expect(bench.master.view.agents.has(agent.id)).toBe(false)
    expect(bench.statuses(marathon)).toEqual([
      {
        taskId: "t1",
        state: "TASK_UNREACHABLE",
        reason: "REASON_AGENT_REMOVED",
        message: "Agent a1 became unreachable",
        source: "SOURCE_MASTER",
        agentId: agent.id,
        executorId: undefined,
        timestamp: at / 1000,
        unreachableTime: { nanoseconds: at * 1_000_000 },
      },
    ] as never)
    expect(bench.events(marathon.stream, "failure")).toEqual([
      { kind: "failure", agentId: agent.id },
    ])
    expect(bench.store.get(agentKey(agent.id))).toMatchObject({ unreachableAt: at })
    expect(bench.effects).toContainEqual({
      kind: "closeLink",
      link: agent.link,
      reason: "the agent was unreachable; register again",
    })
    const framework = bench.master.view.frameworks.get(marathon.id)!
    expect([...framework.unreachableTasks.keys()] as string[]).toEqual(["t1"])
    expect([...framework.completedTasks].map(({ taskId }) => taskId as string)).toEqual(["t2"])
    expect(framework.tasks.size).toBe(0)
    expect(framework.usedMilli.get("cpus")).toBe(0)
    expect(bench.master.view.metrics(at)).toMatchObject({
      "master/slaves_unreachable": 1,
      "master/tasks_unreachable": 1,
      "master/slave_removals/reason_unhealthy": 1,
    })
  })

  test("frameworks that know no partitions hear TASK_LOST", () => {
    const { bench, marathon } = lost(NOT_PA)
    bench.advance(90_000)
    expect(bench.statuses(marathon)).toMatchObject([
      { taskId: "t1", state: "TASK_LOST", reason: "REASON_AGENT_REMOVED" },
    ])
  })

  test("is unreachable too when its link broke", () => {
    const { bench, agent } = lost()
    bench.feed({ kind: "linkClosed", link: agent.link })
    bench.advance(90_000)
    expect(bench.master.view.agents.has(agent.id)).toBe(false)
  })

  test("offers of it are rescinded", () => {
    const bench = new Bench()
    bench.register()
    const marathon = bench.subscribe(PA)
    bench.clear()
    bench.advance(90_000)
    expect(bench.events(marathon.stream, "rescind").length).toBe(1)
    expect(bench.master.view.offers.size).toBe(0)
  })

  test("comes back with its tasks, and frameworks hear their state", () => {
    const { bench, agent, marathon } = lost()
    const containerStatus = { containerId: { value: "c1" }, networkInfos: [] }
    bench.advance(90_000)
    bench.clear()
    const again = bench.register({
      agentId: agent.id,
      frameworks: [{ ...PA, id: marathon.id }],
      tasks: [
        reportedTask("t1", marathon.id, agent.id, {
          resources: resources("cpus:1;mem:128", "web"),
          statuses: [{ taskId: "t1" as TaskId, state: "TASK_RUNNING", containerStatus }],
        }),
      ],
    })
    expect(again.id).toBe(agent.id)
    expect(bench.statuses(marathon)).toMatchObject([
      {
        taskId: "t1",
        state: "TASK_RUNNING",
        reason: "REASON_AGENT_REREGISTERED",
        containerStatus,
      },
    ])
    expect(bench.statuses(marathon)[0]?.uuid).toBeUndefined()
    const framework = bench.master.view.frameworks.get(marathon.id)!
    expect(framework.unreachableTasks.size).toBe(0)
    expect(framework.tasks.size).toBe(1)
    expect(bench.store.get(agentKey(agent.id))).not.toHaveProperty("unreachableAt")
    expect(bench.sent(again.link, "killTask")).toEqual([])
  })

  test("the limits on remembered unreachable tasks hold", () => {
    const bench = new Bench({ master: { limits: { unreachableTasks: 3 } } })
    const agent = bench.register()
    const marathon = bench.subscribe(PA)
    const ids = ["t1", "t2", "t3", "t4", "t5"]
    bench.launch(
      marathon,
      ids.map((id) => taskInfo(id, agent.id)),
    )
    bench.advance(90_000)
    const framework = bench.master.view.frameworks.get(marathon.id)!
    expect([...framework.unreachableTasks.keys()] as string[]).toEqual(["t3", "t4", "t5"])
  })
})

describe("an agent that unregisters", () => {
  test("is forgotten, and its tasks are lost for every framework", () => {
    const bench = new Bench()
    const agent = bench.register()
    const marathon = bench.subscribe(PA)
    bench.launch(marathon, [taskInfo("t1", agent.id)])
    bench.clear()
    bench.fromAgent(agent.link, { kind: "unregister" })
    expect(bench.statuses(marathon)).toMatchObject([
      { state: "TASK_LOST", reason: "REASON_AGENT_REMOVED", message: "Agent a1 has been removed" },
    ])
    expect(bench.store.has(agentKey(agent.id))).toBe(false)
    expect(bench.events(marathon.stream, "failure").length).toBe(1)
    const framework = bench.master.view.frameworks.get(marathon.id)!
    expect(framework.completedTasks.length).toBe(1)
    expect(framework.unreachableTasks.size).toBe(0)
  })
})

describe("a new master", () => {
  function restarted(after = 0) {
    const first = new Bench()
    const agent = first.register()
    const second = new Bench({
      store: first.store,
      now: first.now + after,
      master: { info: { id: "N", ip: 1, port: 5050 } },
    })
    return { first, second, agent }
  }

  test("knows its agents as recovered, under their old ids", () => {
    const { second, agent } = restarted()
    expect([...second.master.view.recoveredAgents.keys()]).toEqual([agent.id])
    const back = second.register({ agentId: agent.id })
    expect(back.id).toBe(agent.id)
    expect(second.master.view.recoveredAgents.size).toBe(0)
    expect(second.effects.some(({ kind }) => kind === "put")).toBe(false)
    const info = { hostname: "a2" }
    expect(second.register({ info }).id as string).toBe("N-S0")
  })

  test("gives them ten minutes to come back, then they are unreachable", () => {
    const { second, agent } = restarted()
    const marathon = second.subscribe(PA)
    second.clear()
    second.advance(599_999)
    expect(second.master.view.recoveredAgents.size).toBe(1)
    second.advance(1)
    expect(second.master.view.recoveredAgents.size).toBe(0)
    expect([...second.master.view.unreachableAgents.keys()]).toEqual([agent.id])
    expect(second.events(marathon.stream, "failure")).toEqual([
      { kind: "failure", agentId: agent.id },
    ])
    expect(second.store.get(agentKey(agent.id))).toMatchObject({ unreachableAt: second.now })
    // It may still come back after that.
    expect(second.register({ agentId: agent.id }).id).toBe(agent.id)
    expect(second.master.view.unreachableAgents.size).toBe(0)
  })

  test("holds the kill of a task whose agent is not back yet", () => {
    const { second, agent } = restarted()
    const marathon = second.subscribe(PA)
    for (let times = 0; times < 2; times++)
      second.call(marathon, { kind: "kill", taskId: "t1" as never, agentId: agent.id })
    expect(second.statuses(marathon)).toEqual([])
    const back = second.register({ agentId: agent.id })
    expect(second.sent(back.link, "killTask")).toEqual([
      { kind: "killTask", frameworkId: marathon.id, taskId: "t1" as never, killPolicy: undefined },
    ])
    const again = second.register({ agentId: agent.id })
    expect(second.sent(again.link, "killTask")).toEqual([])
  })

  test("holds a thousand kills for an agent and no more, and none once it is given up", () => {
    const { second, agent } = restarted()
    const marathon = second.subscribe(PA)
    const kill = (number: number) =>
      second.call(marathon, { kind: "kill", taskId: `t${number}` as never, agentId: agent.id })
    for (let number = 0; number < 1_001; number++) kill(number)
    const back = second.register({ agentId: agent.id })
    expect(second.sent(back.link, "killTask")).toHaveLength(1_000)

    const late = restarted()
    const other = late.second.subscribe(PA)
    late.second.call(other, { kind: "kill", taskId: "t1" as never, agentId: late.agent.id })
    late.second.advance(600_000)
    const returned = late.second.register({ agentId: late.agent.id })
    expect(late.second.sent(returned.link, "killTask")).toEqual([])
  })

  test("admits an agent of which nothing is stored any more", () => {
    const bench = new Bench()
    expect(bench.register({ agentId: "ancient-S3" as never }).id as string).toBe("ancient-S3")
    expect(bench.store.size).toBe(1)
  })

  test("remembers which agents were unreachable, and since when", () => {
    const first = new Bench()
    const agent = first.register()
    first.advance(90_000)
    const second = new Bench({ store: first.store, now: first.now })
    expect(second.master.view.unreachableAgents.get(agent.id)?.unreachableAt).toBe(first.now)
    expect(second.master.view.recoveredAgents.size).toBe(0)
  })
})

describe("the sweep of the registry", () => {
  test("forgets agents that are unreachable for two weeks", () => {
    const bench = new Bench({ check: false })
    const agent = bench.register()
    bench.advance(90_000)
    bench.advance(14 * 24 * 3_600_000 - 1_000)
    expect(bench.store.has(agentKey(agent.id))).toBe(true)
    bench.advance(900_000)
    expect(bench.store.size).toBe(0)
    expect(bench.master.view.unreachableAgents.size).toBe(0)
  })

  test("forgets the oldest when there are too many", () => {
    const bench = new Bench({ master: { limits: { unreachableAgents: 2 } } })
    const ids = [1, 2, 3].map((n) => {
      const { id } = bench.register({ info: { hostname: `h${n}`, resources: resources("cpus:1") } })
      bench.advance(1_000)
      return id
    })
    bench.advance(200_000)
    expect(bench.master.view.unreachableAgents.size).toBe(3)
    bench.advance(900_000)
    expect([...bench.master.view.unreachableAgents.keys()]).toEqual(ids.slice(1))
  })
})
