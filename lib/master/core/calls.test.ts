import { beforeEach, describe, expect, test } from "bun:test"
import type { AgentId, ExecutorId, FrameworkId, TaskId } from "#lib/mesos/index.ts"
import {
  Bench,
  frameworkInfo,
  resources,
  taskInfo,
  type TestAgent,
  type TestScheduler,
} from "./builders.ts"
import type { CallInput, RequestId, StreamId } from "./types.ts"

let bench: Bench
let agent: TestAgent
let marathon: TestScheduler
beforeEach(() => {
  bench = new Bench()
  agent = bench.register()
  marathon = bench.subscribe(frameworkInfo({ roles: ["web"] }))
})

const id = (text: string): TaskId => text as TaskId
const launch = (...ids: readonly string[]) =>
  bench.launch(
    marathon,
    ids.map((each) => taskInfo(each, agent.id)),
  )

describe("who may call", () => {
  const call = (over: Partial<CallInput>) => {
    const request = 9_999 as RequestId
    const base = {
      frameworkId: marathon.id,
      stream: marathon.stream,
      call: { kind: "revive" },
    } as const
    bench.clear()
    bench.feed({ kind: "call", request, ...base, ...over })
    return bench.replyTo(request)
  }

  test("the holder of the framework's stream", () => {
    expect(call({})).toEqual({ status: 202 })
  })

  test.each([
    ["an unknown framework", { frameworkId: "F" as FrameworkId }, 400, "Framework cannot be found"],
    ["no stream", { stream: undefined }, 400, "should include the 'Mesos-Stream-Id' header"],
    [
      "another stream",
      { stream: "other" as StreamId },
      400,
      "The stream ID 'other' included in this request didn't match",
    ],
    [
      "another principal",
      { principal: "bob" },
      400,
      "Authenticated principal 'bob' does not match",
    ],
  ] as const)("not with %s", (_name, over, status, message) => {
    const reply = call(over)
    expect(reply.status).toBe(status)
    expect(reply.message).toContain(message)
  })

  test("not a framework that is disconnected", () => {
    bench.feed({ kind: "streamClosed", stream: marathon.stream })
    expect(call({})).toEqual({ status: 403, message: "Framework is not subscribed" })
  })

  test("REQUEST is accepted and ignored, as in Mesos", () => {
    expect(call({ call: { kind: "request" } })).toEqual({ status: 202 })
  })
})

describe("SUPPRESS and REVIVE", () => {
  beforeEach(() => {
    bench = new Bench()
    agent = bench.register()
    marathon = bench.subscribe(frameworkInfo({ roles: ["a", "b"] }))
    // Refused under the one role, it is offered under the other.
    bench.decline(marathon, bench.offers(marathon), 3600)
    bench.decline(marathon, bench.offers(marathon), 3600)
    bench.clear()
  })

  const offeredRoles = () =>
    bench.offers(marathon).map(({ allocationInfo }) => allocationInfo?.role)

  test("of one role leave the other", () => {
    bench.call(marathon, { kind: "suppress", roles: ["b"] })
    bench.call(marathon, { kind: "suppress", roles: ["a"] })
    bench.call(marathon, { kind: "revive", roles: ["b"] })
    expect(offeredRoles()).toEqual(["b"])
    const framework = bench.master.view.frameworks.get(marathon.id)
    expect([...(framework?.suppressedRoles ?? [])]).toEqual(["a"])
  })

  test("of all roles when none is named", () => {
    bench.call(marathon, { kind: "suppress" })
    const framework = bench.master.view.frameworks.get(marathon.id)
    expect([...(framework?.suppressedRoles ?? [])]).toEqual(["a", "b"])
    bench.register()
    expect(bench.offers(marathon)).toEqual([])
    bench.call(marathon, { kind: "revive" })
    expect(bench.offers(marathon).length).toBe(2)
  })

  test("with one foreign role do nothing at all", () => {
    bench.call(marathon, { kind: "suppress", roles: ["a", "x"] })
    expect(bench.call(marathon, { kind: "revive", roles: ["x", "a"] })).toEqual({ status: 202 })
    expect(bench.offers(marathon)).toEqual([])
    expect(bench.master.view.frameworks.get(marathon.id)?.suppressedRoles.size).toBe(0)
  })
})

describe("KILL", () => {
  test("goes to the task's agent, each time, with its policy", () => {
    launch("t1")
    const killPolicy = { gracePeriod: { nanoseconds: 5e9 } }
    bench.call(marathon, { kind: "kill", taskId: id("t1"), killPolicy })
    bench.call(marathon, { kind: "kill", taskId: id("t1"), agentId: agent.id })
    expect(bench.sent(agent.link, "killTask")).toEqual([
      { kind: "killTask", frameworkId: marathon.id, taskId: id("t1"), killPolicy },
      { kind: "killTask", frameworkId: marathon.id, taskId: id("t1"), killPolicy: undefined },
    ])
  })

  test("naming the wrong agent is ignored", () => {
    launch("t1")
    bench.call(marathon, { kind: "kill", taskId: id("t1"), agentId: "other" as AgentId })
    expect(bench.sent(agent.link, "killTask")).toEqual([])
  })

  test("of an unknown task answers as an explicit reconciliation", () => {
    bench.call(marathon, { kind: "kill", taskId: id("t9"), agentId: agent.id })
    expect(bench.statuses(marathon)).toMatchObject([
      { taskId: "t9", state: "TASK_GONE", reason: "REASON_RECONCILIATION" },
    ])
  })
})

describe("MESSAGE and SHUTDOWN", () => {
  const executorId = "e1" as ExecutorId

  test("go to the agent", () => {
    bench.call(marathon, { kind: "message", agentId: agent.id, executorId, data: "aGk=" })
    bench.call(marathon, { kind: "shutdown", agentId: agent.id, executorId })
    expect(bench.sent(agent.link, "frameworkMessage")).toMatchObject([{ executorId, data: "aGk=" }])
    expect(bench.sent(agent.link, "shutdownExecutor")).toMatchObject([{ executorId }])
  })

  test("are dropped when the agent is not there", () => {
    const agentId = "nobody" as AgentId
    bench.call(marathon, { kind: "message", agentId, executorId, data: "" })
    expect(bench.call(marathon, { kind: "shutdown", agentId, executorId })).toEqual({ status: 202 })
    expect(bench.master.view.metrics(0)).toMatchObject({
      "master/invalid_framework_to_executor_messages": 1,
    })
  })

  test("from an executor reach the framework", () => {
    const message = { kind: "executorMessage", executorId, data: "aGk=" } as const
    bench.fromAgent(agent.link, { ...message, frameworkId: marathon.id })
    bench.fromAgent(agent.link, { ...message, frameworkId: "F" as FrameworkId })
    expect(bench.events(marathon.stream, "message")).toEqual([
      { kind: "message", agentId: agent.id, executorId, data: "aGk=" },
    ])
  })
})

describe("RECONCILE", () => {
  const explicit = (taskId: string, agentId?: AgentId) => {
    bench.clear()
    bench.call(marathon, { kind: "reconcile", tasks: [{ taskId: id(taskId), agentId }] })
    return bench.statuses(marathon)
  }

  test("implicit tells every live task, also those whose end is not acknowledged", () => {
    launch("t1", "t2", "t3")
    bench.update(agent, marathon.id, { id: "t1", state: "TASK_RUNNING", healthy: true })
    bench.update(agent, marathon.id, { id: "t2", state: "TASK_FAILED" })
    bench.clear()
    bench.call(marathon, { kind: "reconcile" })
    expect(bench.statuses(marathon)).toMatchObject([
      { taskId: "t1", state: "TASK_RUNNING", healthy: true, reason: "REASON_RECONCILIATION" },
      { taskId: "t2", state: "TASK_FAILED" },
      { taskId: "t3", state: "TASK_STAGING", source: "SOURCE_MASTER" },
    ])
    expect(bench.statuses(marathon).every(({ uuid }) => uuid === undefined)).toBe(true)
  })

  test("tells the state that was forwarded last, not a newer one whose update is to come", () => {
    launch("t1")
    bench.update(agent, marathon.id, { id: "t1", state: "TASK_RUNNING" }, "TASK_FINISHED")
    expect(explicit("t1")).toMatchObject([{ state: "TASK_RUNNING" }])
    bench.clear()
    bench.call(marathon, { kind: "reconcile" })
    expect(bench.statuses(marathon)).toMatchObject([{ state: "TASK_RUNNING" }])
  })

  test("tells where the container is, and what its last checks found", () => {
    launch("t1")
    const containerStatus = { containerId: { value: "c1" }, networkInfos: [] }
    const checkStatus = { type: "COMMAND", command: { exitCode: 3 } } as const
    bench.update(agent, marathon.id, { id: "t1", state: "TASK_STARTING", containerStatus })
    bench.update(agent, marathon.id, {
      id: "t1",
      state: "TASK_RUNNING",
      healthy: false,
      checkStatus,
    })
    const [told] = explicit("t1")
    expect(told).toMatchObject({ containerStatus, healthy: false, checkStatus })
  })

  test("a task that its registered agent does not have is gone", () => {
    expect(explicit("t9", agent.id)).toMatchObject([{ state: "TASK_GONE", agentId: agent.id }])
  })

  test("a task of nobody is unknown", () => {
    expect(explicit("t9")).toMatchObject([{ state: "TASK_UNKNOWN" }])
    expect(explicit("t9", "nobody" as AgentId)).toMatchObject([{ state: "TASK_UNKNOWN" }])
  })

  test("a task on an unreachable agent is unreachable since then, named or not", () => {
    launch("t1")
    bench.advance(90_000)
    const unreachableTime = { nanoseconds: bench.now * 1_000_000 }
    bench.advance(5_000)
    expect(explicit("t1", agent.id)).toMatchObject([{ state: "TASK_UNREACHABLE", unreachableTime }])
    expect(explicit("t1")).toMatchObject([{ state: "TASK_UNREACHABLE", unreachableTime }])
    bench.clear()
    bench.call(marathon, { kind: "reconcile" })
    expect(bench.statuses(marathon)).toEqual([])
  })

  test("is silent about agents that may still come back after a change of master", () => {
    bench = new Bench({ store: bench.store, now: bench.now })
    marathon = bench.subscribe(frameworkInfo({ roles: ["web"] }))
    expect(explicit("t1", agent.id)).toEqual([])
    expect(explicit("t1")).toEqual([])
    expect(explicit("t1", "nobody" as AgentId)).toMatchObject([{ state: "TASK_UNKNOWN" }])
    bench.advance(600_000)
    expect(explicit("t1", agent.id)).toMatchObject([{ state: "TASK_UNREACHABLE" }])
  })

  test("says TASK_LOST to frameworks that know no partitions", () => {
    marathon = bench.subscribe(frameworkInfo({ roles: ["old"], caps: ["MULTI_ROLE"] }))
    expect(explicit("t9")).toMatchObject([{ state: "TASK_LOST" }])
    expect(explicit("t9", agent.id)).toMatchObject([{ state: "TASK_LOST" }])
  })
})

describe("statuses from agents", () => {
  beforeEach(() => {
    launch("t1")
    bench.clear()
  })
  const framework = () => bench.master.view.frameworks.get(marathon.id)!
  const task = () => framework().tasks.get(id("t1"))!
  const acknowledge = (uuid: string, agentId = agent.id) =>
    bench.call(marathon, { kind: "acknowledge", agentId, taskId: id("t1"), uuid })

  test("are forwarded with the agent's id, and kept once per run of equal states", () => {
    bench.update(agent, marathon.id, { id: "t1", state: "TASK_STARTING" })
    bench.update(agent, marathon.id, {
      id: "t1",
      state: "TASK_RUNNING",
      data: "big",
      healthy: false,
    })
    bench.update(agent, marathon.id, { id: "t1", state: "TASK_RUNNING", healthy: true })
    expect(bench.statuses(marathon).length).toBe(3)
    expect(bench.statuses(marathon)[1]).toMatchObject({ agentId: agent.id, data: "big" })
    expect(task().statuses).toMatchObject([
      { state: "TASK_STARTING" },
      { state: "TASK_RUNNING", healthy: true },
    ])
    expect(task().statuses?.some(({ data }) => data !== undefined)).toBe(false)
  })

  test("repeated are forwarded again and change nothing", () => {
    for (let i = 0; i < 3; i++)
      bench.update(agent, marathon.id, { id: "t1", state: "TASK_FINISHED", uuid: "u" })
    expect(bench.statuses(marathon).length).toBe(3)
    expect(task().statuses?.length).toBe(1)
    acknowledge("u")
    bench.update(agent, marathon.id, { id: "t1", state: "TASK_FINISHED", uuid: "u" })
    acknowledge("u")
    expect(bench.sent(agent.link, "acknowledge").length).toBe(2)
    expect(framework().completedTasks.length).toBe(1)
  })

  test("the end of a task frees its resources before it is acknowledged", () => {
    bench.update(agent, marathon.id, { id: "t1", state: "TASK_KILLED" })
    expect(bench.offers(marathon)[0]?.resources).toContainEqual(resources("cpus:8", "web")[0])
    expect(framework().tasks.size).toBe(1)
  })

  test("a state after the end does not bring the task back", () => {
    bench.update(agent, marathon.id, { id: "t1", state: "TASK_FAILED" })
    bench.update(agent, marathon.id, { id: "t1", state: "TASK_RUNNING" })
    expect(task().state).toBe("TASK_FAILED")
  })

  test("only the acknowledgement of the last, terminal status ends it", () => {
    bench.update(
      agent,
      marathon.id,
      { id: "t1", state: "TASK_RUNNING", uuid: "u1" },
      "TASK_FINISHED",
    )
    acknowledge("u1")
    expect(framework().tasks.size).toBe(1)
    bench.update(agent, marathon.id, { id: "t1", state: "TASK_FINISHED", uuid: "u2" })
    acknowledge("u1")
    expect(framework().tasks.size).toBe(1)
    acknowledge("u2")
    expect(framework().tasks.size).toBe(0)
  })

  test("an acknowledgement to an agent that is not connected is dropped", () => {
    bench.update(agent, marathon.id, { id: "t1", state: "TASK_FINISHED", uuid: "u" })
    bench.feed({ kind: "linkClosed", link: agent.link })
    acknowledge("u")
    acknowledge("u", "nobody" as AgentId)
    expect(framework().tasks.size).toBe(1)
    expect(bench.master.view.metrics(0)).toMatchObject({
      "master/invalid_status_update_acknowledgements": 2,
    })
  })

  test("without uuid end the task when they are terminal", () => {
    bench.update(agent, marathon.id, { id: "t1", state: "TASK_RUNNING", uuid: undefined })
    expect(framework().tasks.size).toBe(1)
    bench.update(agent, marathon.id, { id: "t1", state: "TASK_LOST", uuid: undefined })
    expect(framework().tasks.size).toBe(0)
    expect(framework().completedTasks.length).toBe(1)
  })

  test("of tasks that the master does not know are forwarded", () => {
    bench.update(agent, marathon.id, { id: "t9", state: "TASK_DROPPED" })
    expect(bench.statuses(marathon)).toMatchObject([{ taskId: "t9", state: "TASK_DROPPED" }])
  })

  test("of frameworks that nobody knows are dropped", () => {
    bench.update(agent, "F" as FrameworkId, { id: "t1", state: "TASK_RUNNING" })
    expect(bench.effects.some(({ kind }) => kind === "event" || kind === "send")).toBe(false)
    expect(bench.master.view.metrics(0)).toMatchObject({ "master/invalid_status_updates": 1 })
  })

  test("while the framework is away are kept for its return", () => {
    bench.feed({ kind: "streamClosed", stream: marathon.stream })
    bench.update(agent, marathon.id, { id: "t1", state: "TASK_RUNNING" })
    expect(task().state).toBe("TASK_RUNNING")
  })
})

test("metrics count states, sources and reasons under the names of Mesos", () => {
  launch("t1", "t2", "t3")
  bench.update(agent, marathon.id, { id: "t1", state: "TASK_RUNNING" })
  bench.update(agent, marathon.id, {
    id: "t2",
    state: "TASK_LOST",
    source: "SOURCE_AGENT",
    reason: "REASON_AGENT_RESTARTED",
  })
  bench.call(marathon, { kind: "suppress" })
  const metrics = bench.master.view.metrics(bench.now + 5_000)
  expect(metrics).toMatchObject({
    "master/uptime_secs": 5,
    "master/elected": 1,
    "master/slaves_active": 1,
    "master/frameworks_active": 1,
    "master/tasks_running": 1,
    "master/tasks_staging": 1,
    "master/tasks_lost": 1,
    "master/tasks_finished": 0,
    "master/task_lost/source_slave/reason_slave_restarted": 1,
    "master/cpus_total": 8,
    "master/cpus_used": 2,
    "master/cpus_percent": 0.25,
    "master/messages_launch_tasks": 1,
    "master/messages_status_update": 2,
    "master/slave_registrations": 1,
    [`master/frameworks/test/${marathon.id}/subscribed`]: 1,
    [`master/frameworks/test/${marathon.id}/calls/accept`]: 1,
    [`master/frameworks/test/${marathon.id}/offers/sent`]: 2,
    [`master/frameworks/test/${marathon.id}/roles/web/suppressed`]: 1,
    "allocator/mesos/resources/cpus/total": 8,
    // What t2 left is offered with all that was hidden, because together it is more.
    "allocator/mesos/roles/web/shares/dominant": 1,
    "allocator/mesos/offer_filters/roles/web/active": 1,
  })
})
