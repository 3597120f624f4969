import { describe, expect, test } from "bun:test"
import {
  Bench,
  frameworkInfo,
  registration,
  reportedTask,
  resources,
  taskInfo,
} from "./builders.ts"
import type { AgentId, ExecutorId, ExecutorInfo, FrameworkId } from "#lib/mesos/index.ts"
import { agentKey } from "./registry.ts"
import type { LinkId } from "./types.ts"

const FRAMEWORK = "old-0001" as FrameworkId
const AGENT = "old-S7" as AgentId

const reported = (over: Parameters<typeof frameworkInfo>[0] = {}) =>
  frameworkInfo({ id: FRAMEWORK, roles: ["web"], ...over })

describe("an agent's first registration", () => {
  test("is stored, confirmed with an id and ping timeout, and then offered", () => {
    const bench = new Bench()
    const marathon = bench.subscribe()
    bench.clear()
    const agent = bench.register()
    expect(agent.id as string).toBe("M-S0")
    const kinds = bench.effects.map(({ kind }) => kind).filter((kind) => kind !== "log")
    expect(kinds).toEqual(["put", "send", "wakeAt", "event", "wakeAt"])
    expect(bench.sent(agent.link, "registered")).toEqual([
      { kind: "registered", agentId: agent.id, pingTimeoutMs: 75_000, reconcile: [] },
    ])
    expect(bench.store.get(agentKey(agent.id))).toMatchObject({ schema: 1, version: "1.12.0" })
    expect(bench.offers(marathon)).toMatchObject([
      {
        agentId: agent.id,
        hostname: "a1",
        url: {
          scheme: "http",
          address: { hostname: "a1", ip: "10.0.0.1", port: 5051 },
          path: "/slave(1)",
        },
      },
    ])
  })

  test("is shown where the agent says that others reach it, else where its link comes from", () => {
    const bench = new Bench()
    const told = bench.register({ address: "192.0.2.7" })
    const silent = bench.register()
    const address = (id: AgentId) => bench.master.view.agents.get(id)?.address
    expect([address(told.id), address(silent.id)]).toEqual(["192.0.2.7", "10.0.0.1"])
  })

  test("numbers agents one by one", () => {
    const bench = new Bench()
    expect([bench.register().id, bench.register().id] as string[]).toEqual(["M-S0", "M-S1"])
  })

  test("repeated on the same link gets the same id", () => {
    const bench = new Bench()
    const agent = bench.register()
    bench.clear()
    bench.fromAgent(agent.link, registration())
    expect(bench.sent(agent.link, "registered")[0]?.agentId).toBe(agent.id)
    expect(bench.master.view.agents.size).toBe(1)
    expect(bench.effects.some(({ kind }) => kind === "put")).toBe(false)
  })

  test("repeated on the same link takes nothing from a task that was launched there meanwhile", () => {
    const bench = new Bench()
    const marathon = bench.subscribe()
    const agent = bench.register()
    bench.launch(marathon, [taskInfo("t1", agent.id)])
    bench.clear()
    bench.fromAgent(agent.link, registration({ agentId: agent.id }))
    expect(bench.sent(agent.link, "registered")).toMatchObject([{ reconcile: [] }])
    const used = bench.master.view.agents.get(agent.id)?.used
    expect(used).toEqual(resources("cpus:1;mem:128", "*"))
  })

  test("that a life before the present one sent over its own link counts for nothing", () => {
    const bench = new Bench()
    const marathon = bench.subscribe()
    const { id } = bench.register()
    const [first, second] = [bench.openLink(), bench.openLink()]
    const present = bench.register({ agentId: id })
    bench.launch(marathon, [taskInfo("t1", id)])
    const isRefused = (link: LinkId): void => {
      bench.clear()
      bench.fromAgent(link, registration({ agentId: id }))
      const reason = "the agent has opened a newer link"
      expect(bench.effects).toContainEqual({ kind: "closeLink", link, reason })
      expect(bench.sent(link, "registered")).toEqual([])
      expect(bench.statuses(marathon)).toEqual([])
    }
    isRefused(first)
    expect(bench.master.view.agents.get(id)?.connected).toBe(true)
    bench.feed({ kind: "linkClosed", link: present.link })
    isRefused(second)
    expect(bench.master.view.agents.get(id)?.connected).toBe(false)
  })

  test("uses what the agent checkpointed in place of what it was started with", () => {
    const bench = new Bench()
    const agent = bench.register({
      checkpointedResources: resources("cpus:2;cpus(db):6;mem:16384"),
    })
    expect(bench.master.view.agents.get(agent.id)?.total).toEqual(
      resources("cpus:2;cpus(db):6;mem:16384"),
    )
  })

  test("a message on a link that never registered counts for nothing", () => {
    const bench = new Bench()
    const link = bench.openLink()
    bench.clear()
    bench.fromAgent(link, { kind: "pong", sequence: 1 })
    bench.fromAgent(link, { kind: "unregister" })
    expect(bench.effects).toEqual([])
  })
})

const executor: ExecutorInfo = {
  executorId: "exec" as ExecutorId,
  frameworkId: FRAMEWORK,
  type: "CUSTOM",
  command: { value: "run" },
  resources: resources("cpus:0.5;mem:64", "web"),
}

describe("an agent of an earlier master", () => {
  test("that names one task twice has it once, in the state that is told last", () => {
    const bench = new Bench()
    const tasks = (["TASK_RUNNING", "TASK_RUNNING", "TASK_FINISHED"] as const).map((state) =>
      reportedTask("t", FRAMEWORK, AGENT, { state }),
    )
    bench.register({ agentId: AGENT, tasks, frameworks: [reported()] })
    expect(bench.master.view.agents.get(AGENT)?.used).toEqual([])
    expect(bench.master.view.frameworks.get(FRAMEWORK)?.tasks.size).toBe(1)
  })

  test("brings its frameworks, executors and tasks", () => {
    const bench = new Bench()
    const agent = bench.register({
      agentId: AGENT,
      frameworks: [reported()],
      executors: [executor],
      tasks: [
        reportedTask("t1", FRAMEWORK, AGENT, { resources: resources("cpus:1;mem:128", "web") }),
        reportedTask("t2", FRAMEWORK, AGENT, {
          state: "TASK_FINISHED",
          resources: resources("cpus:1;mem:128", "web"),
        }),
      ],
    })
    expect(agent.id).toBe(AGENT)
    const framework = bench.master.view.frameworks.get(FRAMEWORK)
    expect(framework).toMatchObject({ recovered: true, connected: false, roles: ["web"] })
    expect([...(framework?.tasks.keys() ?? [])] as string[]).toEqual(["t1", "t2"])
    expect(bench.master.view.agents.get(AGENT)?.used).toEqual(resources("cpus:1.5;mem:192", "web"))
    const other = bench.subscribe()
    expect(bench.offers(other)[0]?.resources).toContainEqual(resources("cpus:6.5", "*")[0])
  })

  test("its framework subscribes with the old id and continues", () => {
    const bench = new Bench()
    bench.register({
      agentId: AGENT,
      frameworks: [reported()],
      tasks: [
        reportedTask("t1", FRAMEWORK, AGENT, { resources: resources("cpus:1;mem:128", "web") }),
      ],
    })
    const marathon = bench.subscribe(reported())
    expect(marathon.id).toBe(FRAMEWORK)
    expect(bench.master.view.frameworks.get(FRAMEWORK)).toMatchObject({
      recovered: false,
      connected: true,
    })
    bench.clear()
    bench.call(marathon, { kind: "reconcile" })
    expect(bench.statuses(marathon)).toMatchObject([
      { taskId: "t1", state: "TASK_RUNNING", reason: "REASON_RECONCILIATION", agentId: AGENT },
    ])
  })

  test("its tasks without an allocation role count to the framework's first role", () => {
    const bench = new Bench()
    bench.register({
      agentId: AGENT,
      frameworks: [reported()],
      tasks: [reportedTask("t1", FRAMEWORK, AGENT, { resources: resources("cpus:1;mem:128") })],
    })
    const framework = bench.master.view.frameworks.get(FRAMEWORK)
    expect([...(framework?.tasks.values() ?? [])][0]?.role).toBe("web")
  })

  test("is told to end frameworks that were removed meanwhile", () => {
    const bench = new Bench()
    const marathon = bench.subscribe()
    bench.call(marathon, { kind: "teardown" })
    const agent = bench.register({
      agentId: AGENT,
      frameworks: [frameworkInfo({ id: marathon.id })],
      tasks: [reportedTask("t1", marathon.id, AGENT)],
    })
    expect(bench.sent(agent.link, "shutdownFramework")).toEqual([
      { kind: "shutdownFramework", frameworkId: marathon.id },
    ])
    expect(bench.master.view.agents.get(AGENT)?.tasks.size).toBe(0)
  })

  test("a recovered framework that nobody claims is removed in the end", () => {
    const bench = new Bench()
    const agent = bench.register({
      agentId: AGENT,
      frameworks: [reported({ failoverTimeout: 0 })],
      tasks: [reportedTask("t1", FRAMEWORK, AGENT)],
    })
    bench.keepAlive([agent], 599_000)
    expect(bench.master.view.frameworks.has(FRAMEWORK)).toBe(true)
    bench.keepAlive([agent], 2_000)
    expect(bench.master.view.frameworks.has(FRAMEWORK)).toBe(false)
    expect(bench.sent(agent.link, "shutdownFramework").length).toBe(1)
  })
})

describe("an agent that comes back", () => {
  function running(): { bench: Bench; marathon: ReturnType<Bench["subscribe"]>; id: AgentId } {
    const bench = new Bench()
    const agent = bench.register()
    const marathon = bench.subscribe(frameworkInfo({ roles: ["web"] }))
    bench.launch(marathon, [taskInfo("t1", agent.id), taskInfo("t2", agent.id)])
    bench.update(agent, marathon.id, { id: "t1", state: "TASK_RUNNING" })
    bench.feed({ kind: "linkClosed", link: agent.link })
    bench.clear()
    return { bench, marathon, id: agent.id }
  }
  const report = (id: string, framework: FrameworkId, agent: AgentId) =>
    reportedTask(id, framework, agent, { resources: resources("cpus:1;mem:128", "web") })

  test("without an executor that it had: its framework hears of the end", () => {
    const bench = new Bench()
    const info = frameworkInfo({ id: FRAMEWORK, roles: ["web"] })
    const report = { agentId: AGENT, frameworks: [info] }
    const agent = bench.register({ ...report, executors: [executor] })
    const marathon = bench.subscribe(info)
    bench.feed({ kind: "linkClosed", link: agent.link })
    bench.register(report)
    expect(bench.events(marathon.stream, "failure")).toEqual([
      { kind: "failure", agentId: AGENT, executorId: executor.executorId, status: -1 },
    ])
    expect(bench.master.view.agents.get(AGENT)?.used).toEqual([])
  })

  test("keeps its tasks; those it does not know are named back to it", () => {
    const { bench, marathon, id } = running()
    const again = bench.register({
      agentId: id,
      frameworks: [frameworkInfo({ id: marathon.id })],
      tasks: [report("t1", marathon.id, id)],
    })
    expect(bench.sent(again.link, "registered")).toMatchObject([
      {
        agentId: id,
        reconcile: [{ frameworkId: marathon.id, taskId: "t2", partitionAware: true }],
      },
    ])
    // What the lost launch held is free again, while the answer is awaited.
    expect(bench.master.view.agents.get(id)?.used).toEqual(resources("cpus:1;mem:128", "web"))
    expect(bench.master.view.frameworks.get(marathon.id)?.tasks.size).toBe(2)
    bench.update(again, marathon.id, {
      id: "t2",
      state: "TASK_DROPPED",
      reason: "REASON_RECONCILIATION",
      uuid: "u",
    })
    expect(bench.statuses(marathon)).toMatchObject([{ taskId: "t2", state: "TASK_DROPPED" }])
    bench.call(marathon, { kind: "acknowledge", agentId: id, taskId: "t2" as never, uuid: "u" })
    expect(bench.master.view.frameworks.get(marathon.id)?.tasks.size).toBe(1)
  })

  test("may name later a task that it did not name before", () => {
    const { bench, marathon, id } = running()
    const frameworks = [frameworkInfo({ id: marathon.id })]
    bench.register({ agentId: id, frameworks, tasks: [report("t1", marathon.id, id)] })
    const both = [report("t1", marathon.id, id), report("t2", marathon.id, id)]
    bench.register({ agentId: id, frameworks, tasks: both })
    expect(bench.master.view.agents.get(id)?.used).toEqual(resources("cpus:2;mem:256", "web"))
  })

  test("is right about the state of its tasks", () => {
    const { bench, marathon, id } = running()
    bench.register({
      agentId: id,
      frameworks: [frameworkInfo({ id: marathon.id })],
      tasks: [
        { ...report("t1", marathon.id, id), state: "TASK_FAILED" },
        report("t2", marathon.id, id),
      ],
    })
    const tasks = bench.master.view.frameworks.get(marathon.id)?.tasks
    expect([...(tasks?.values() ?? [])].map(({ state }) => state)).toEqual([
      "TASK_FAILED",
      "TASK_RUNNING",
    ])
    expect(bench.master.view.agents.get(id)?.used).toEqual(resources("cpus:1;mem:128", "web"))
  })

  test("loses executors that it does not name", () => {
    const bench = new Bench()
    const agent = bench.register()
    const marathon = bench.subscribe()
    const executor = {
      executorId: "e1" as ExecutorId,
      command: { value: "run" },
      resources: resources("cpus:1;mem:64"),
    }
    const { command: _, ...task } = taskInfo("t1", agent.id)
    bench.launch(marathon, [{ ...task, executor }])
    expect(bench.master.view.agents.get(agent.id)?.executors.size).toBe(1)
    bench.register({ agentId: agent.id })
    expect(bench.master.view.agents.get(agent.id)?.executors.size).toBe(0)
    expect(bench.master.view.agents.get(agent.id)?.used).toEqual([])
  })

  test("on a new link replaces the old one, which is closed", () => {
    const bench = new Bench()
    const agent = bench.register()
    const marathon = bench.subscribe()
    bench.clear()
    const again = bench.register({ agentId: agent.id })
    expect(bench.effects.find(({ kind }) => kind === "closeLink")).toMatchObject({
      link: agent.link,
    })
    expect(bench.events(marathon.stream, "rescind").length).toBe(1)
    // The late end of the old link changes nothing.
    bench.feed({ kind: "linkClosed", link: agent.link })
    expect(bench.master.view.agents.get(again.id)?.connected).toBe(true)
  })

  test("with more resources has more to offer, and is stored anew", () => {
    const { bench, marathon, id } = running()
    const info = { hostname: "a1", resources: resources("cpus:16;mem:32768") }
    bench.register({
      agentId: id,
      info,
      frameworks: [frameworkInfo({ id: marathon.id })],
      tasks: [report("t1", marathon.id, id), report("t2", marathon.id, id)],
    })
    expect(bench.offers(marathon)[0]?.resources).toEqual(resources("cpus:14;mem:32512", "web"))
    expect(bench.effects.some(({ kind }) => kind === "put")).toBe(true)
  })

  test("gets the kills that waited for it", () => {
    const { bench, marathon, id } = running()
    bench.call(marathon, { kind: "kill", taskId: "t1" as never })
    bench.call(marathon, { kind: "kill", taskId: "t1" as never })
    const again = bench.register({
      agentId: id,
      frameworks: [frameworkInfo({ id: marathon.id })],
      tasks: [report("t1", marathon.id, id)],
    })
    expect(bench.sent(again.link, "killTask")).toMatchObject([{ taskId: "t1" }])
  })

  test("gets a kill again that went into a broken link, until its task has ended", () => {
    const { bench, marathon, id } = running()
    const back = () =>
      bench.register({
        agentId: id,
        frameworks: [frameworkInfo({ id: marathon.id })],
        tasks: [report("t1", marathon.id, id)],
      })
    const first = back()
    bench.call(marathon, { kind: "kill", taskId: "t1" as never })
    expect(bench.sent(first.link, "killTask")).toMatchObject([{ taskId: "t1" }])
    const second = back()
    expect(bench.sent(second.link, "killTask")).toMatchObject([{ taskId: "t1" }])
    bench.update(second, marathon.id, { id: "t1", state: "TASK_KILLED" })
    expect(bench.sent(back().link, "killTask")).toEqual([])
  })
})

describe("one task id on two agents", () => {
  function twice(): {
    bench: Bench
    a: ReturnType<Bench["register"]>
    b: ReturnType<Bench["register"]>
  } {
    const bench = new Bench()
    const frameworks = [reported()]
    const of = (id: AgentId) => [
      reportedTask("t1", FRAMEWORK, id, { resources: resources("cpus:1;mem:128", "web") }),
    ]
    const a = bench.register({ agentId: AGENT, frameworks, tasks: of(AGENT) })
    const other = "old-S8" as AgentId
    const b = bench.register({
      agentId: other,
      info: { ...registration().info, hostname: "a2" },
      frameworks,
      tasks: of(other),
    })
    return { bench, a, b }
  }

  test("the second is killed, and holds its resources until it has ended", () => {
    const { bench, a, b } = twice()
    expect(bench.sent(a.link, "killTask")).toEqual([])
    expect(bench.sent(b.link, "killTask")).toMatchObject([{ frameworkId: FRAMEWORK, taskId: "t1" }])
    const marathon = bench.subscribe(reported())
    const free = () =>
      bench
        .offers(marathon)
        .findLast(({ agentId }) => agentId === b.id)
        ?.resources?.find(({ name }) => name === "cpus")?.value
    expect(free()).toEqual({ kind: "scalar", milli: 7_000 })
    bench.clear()
    bench.update(b, FRAMEWORK, { id: "t1", state: "TASK_KILLED", uuid: "u" })
    // The framework's task runs on: it hears nothing, and the master acknowledges.
    expect(bench.statuses(marathon)).toEqual([])
    expect(bench.sent(b.link, "acknowledge")).toMatchObject([{ taskId: "t1", uuid: "u" }])
    bench.feed({ kind: "streamClosed", stream: marathon.stream })
    const again = bench.subscribe(reported())
    expect(
      bench.offers(again).find(({ agentId }) => agentId === b.id)?.resources?.[0]?.value,
    ).toEqual({ kind: "scalar", milli: 8_000 })
  })

  test("is killed again when its agent comes back with it, and forgotten when without", () => {
    const { bench, b } = twice()
    bench.feed({ kind: "linkClosed", link: b.link })
    const again = bench.register({
      agentId: b.id,
      info: { ...registration().info, hostname: "a2" },
      frameworks: [reported()],
      tasks: [
        reportedTask("t1", FRAMEWORK, b.id, { resources: resources("cpus:1;mem:128", "web") }),
      ],
    })
    expect(bench.sent(again.link, "killTask").length).toBe(1)
    bench.register({ agentId: b.id, info: { ...registration().info, hostname: "a2" } })
    expect(bench.master.view.agents.get(b.id)?.used).toEqual([])
  })

  test("ends with its framework", () => {
    const { bench } = twice()
    const marathon = bench.subscribe(reported())
    bench.call(marathon, { kind: "teardown" })
    bench.subscribe()
    expect(bench.master.view.offers.size).toBe(2)
  })
})
