import { describe, expect, test } from "bun:test"
import type { FrameworkId, TaskState, master } from "#lib/mesos/index.ts"
import { Bench, frameworkInfo, registration, reportedTask, taskInfo } from "./builders.ts"

const INFO = frameworkInfo({ roles: ["*"] })

/** A cluster with one task that runs, and somebody who watches from now on. */
function watched(info = INFO) {
  const bench = new Bench()
  const agent = bench.register()
  const marathon = bench.subscribe(info)
  bench.launch(marathon, [taskInfo("t1", agent.id)])
  bench.update(agent, marathon.id, { id: "t1", state: "TASK_RUNNING" })
  bench.feed({ kind: "watch", watchers: 1 })
  bench.clear()
  return { bench, agent, marathon }
}

const events = (bench: Bench): readonly master.Event[] =>
  bench.effects.flatMap((effect) => (effect.kind === "operatorEvent" ? [effect.event] : []))

/** Kind of each event, with the state where there is one. */
const told = (bench: Bench): readonly string[] =>
  events(bench).map((event) => {
    if (event.kind === "taskUpdated") return `taskUpdated ${event.state}`
    if (event.kind === "taskAdded") return `taskAdded ${event.task.state}`
    return event.kind
  })

test("nothing is told while nobody watches, and nothing after the last has gone", () => {
  const { bench, agent, marathon } = watched()
  bench.feed({ kind: "watch", watchers: 0 })
  bench.update(agent, marathon.id, { id: "t1", state: "TASK_FINISHED" })
  bench.register({ info: { hostname: "a2" } })
  expect(events(bench)).toEqual([])
})

describe("tasks", () => {
  test("are told when they are launched, as they are then", () => {
    const { bench, marathon } = watched()
    const agent = bench.register()
    bench.launch(marathon, [taskInfo("t2", agent.id)])
    bench.update(agent, marathon.id, { id: "t2", state: "TASK_RUNNING" })
    const [, added, updated] = events(bench)
    expect(added).toMatchObject({
      kind: "taskAdded",
      task: {
        taskId: "t2",
        name: "t2",
        frameworkId: marathon.id,
        agentId: agent.id,
        state: "TASK_STAGING",
        statuses: [],
      },
    })
    expect(updated).toMatchObject({
      kind: "taskUpdated",
      frameworkId: marathon.id,
      state: "TASK_RUNNING",
      status: { taskId: "t2", agentId: agent.id, state: "TASK_RUNNING" },
    })
    expect(events(bench)).toHaveLength(3)
  })

  test("of a state that was told already are not told again, but for what checks find", () => {
    const { bench, agent, marathon } = watched()
    bench.update(agent, marathon.id, { id: "t1", state: "TASK_RUNNING" })
    expect(told(bench)).toEqual([])
    const reason = "REASON_TASK_HEALTH_CHECK_STATUS_UPDATED"
    bench.update(agent, marathon.id, { id: "t1", state: "TASK_RUNNING", reason, healthy: false })
    expect(events(bench)).toMatchObject([{ kind: "taskUpdated", status: { healthy: false } }])
  })

  test("may be further than their status", () => {
    const { bench, agent, marathon } = watched()
    bench.update(agent, marathon.id, { id: "t1", state: "TASK_KILLING" }, "TASK_KILLED")
    expect(events(bench)).toMatchObject([
      { state: "TASK_KILLED", status: { state: "TASK_KILLING" } },
    ])
  })

  test.each<[TaskState, typeof INFO]>([
    ["TASK_UNREACHABLE", INFO],
    ["TASK_LOST", frameworkInfo({ caps: ["MULTI_ROLE"] })],
  ])("of an unreachable agent are %s; of the agent nothing is told", (state, info) => {
    const { bench } = watched(info)
    bench.advance(90_000)
    expect(told(bench)).toEqual([`taskUpdated ${state}`])
  })
})

test("how a task ended is told though its last status never came", () => {
  const { bench, agent, marathon } = watched()
  bench.update(agent, marathon.id, { id: "t1", state: "TASK_RUNNING" }, "TASK_FAILED")
  expect(told(bench)).toEqual([])
  bench.advance(90_000)
  expect(events(bench)).toMatchObject([
    { kind: "taskUpdated", state: "TASK_FAILED", status: { state: "TASK_UNREACHABLE" } },
  ])
  expect(bench.statuses(marathon)).toMatchObject([{ state: "TASK_RUNNING" }])
})

test("of a removed framework, too", () => {
  const { bench, agent, marathon } = watched()
  bench.update(agent, marathon.id, { id: "t1", state: "TASK_RUNNING" }, "TASK_FAILED")
  bench.operate({ kind: "teardown", frameworkId: marathon.id })
  expect(told(bench)).toEqual(["taskUpdated TASK_FAILED", "frameworkRemoved"])
})

describe("agents", () => {
  test("are told when they register, with what they have and use", () => {
    const { bench } = watched()
    const agent = bench.register({ info: { ...registration().info, hostname: "a2" } })
    expect(events(bench)).toMatchObject([
      {
        kind: "agentAdded",
        agent: { agentInfo: { id: agent.id, hostname: "a2" }, active: true, version: "1.12.0" },
      },
    ])
  })

  test("that come back from an earlier master bring their frameworks and tasks first", () => {
    const { bench, agent, marathon } = watched()
    const next = new Bench({ store: bench.store, now: bench.now })
    next.feed({ kind: "watch", watchers: 1 })
    next.clear()
    const other = "other-0001" as FrameworkId
    next.register({
      agentId: agent.id,
      frameworks: [
        { ...INFO, id: marathon.id },
        { ...INFO, id: other },
      ],
      tasks: [reportedTask("t1", marathon.id, agent.id), reportedTask("t9", other, agent.id)],
    })
    expect(told(next)).toEqual([
      "frameworkAdded",
      "taskAdded TASK_RUNNING",
      "taskAdded TASK_RUNNING",
      "agentAdded",
    ])
    const [framework] = events(next)
    expect(framework).toMatchObject({ framework: { recovered: true, connected: false } })
  })

  test("that only lost their link are not told", () => {
    const { bench, agent } = watched()
    bench.feed({ kind: "linkClosed", link: agent.link })
    bench.register({ agentId: agent.id, frameworks: [], tasks: [] })
    expect(told(bench).filter((kind) => kind.startsWith("agent"))).toEqual([])
  })

  test("that unregister are removed after their tasks", () => {
    const { bench, agent } = watched()
    bench.fromAgent(agent.link, { kind: "unregister" })
    expect(told(bench)).toEqual(["taskUpdated TASK_LOST", "agentRemoved"])
    expect(events(bench).at(-1)).toEqual({ kind: "agentRemoved", agentId: agent.id })
  })

  test("that are marked gone show by their tasks alone", () => {
    const { bench, agent } = watched()
    bench.operate({ kind: "markAgentGone", agentId: agent.id })
    expect(told(bench)).toEqual(["taskUpdated TASK_GONE_BY_OPERATOR"])
  })
})

describe("frameworks", () => {
  test("are told when they subscribe for the first time", () => {
    const { bench } = watched()
    const other = bench.subscribe({ ...INFO, name: "other" })
    const never = { nanoseconds: 0 }
    const now = { nanoseconds: bench.now * 1_000_000 }
    expect(events(bench)).toMatchObject([
      {
        kind: "frameworkAdded",
        framework: {
          frameworkInfo: { id: other.id, name: "other" },
          active: true,
          connected: true,
          recovered: false,
          registeredTime: now,
          reregisteredTime: now,
          unregisteredTime: never,
        },
      },
    ])
  })

  test("with an id that nobody knows are recovered, then updated", () => {
    const { bench } = watched()
    bench.subscribe({ ...INFO, id: "other-0001" as FrameworkId })
    expect(events(bench)).toMatchObject([
      { kind: "frameworkAdded", framework: { recovered: true, active: false, connected: false } },
      { kind: "frameworkUpdated", framework: { recovered: false, active: true, connected: true } },
    ])
  })

  test("are told when they subscribe again, not when they disconnect", () => {
    const { bench, marathon } = watched()
    bench.feed({ kind: "streamClosed", stream: marathon.stream })
    expect(told(bench)).toEqual([])
    bench.subscribe({ ...INFO, id: marathon.id, name: "renamed" })
    expect(events(bench)).toMatchObject([
      { kind: "frameworkUpdated", framework: { frameworkInfo: { name: "renamed" } } },
    ])
  })

  test("that update themselves are told if they say anything new", () => {
    const { bench, marathon } = watched()
    const update = (info: typeof INFO) =>
      bench.call(marathon, { kind: "updateFramework", frameworkInfo: { ...info, id: marathon.id } })
    expect(update(INFO).status).toBe(200)
    expect(told(bench)).toEqual([])
    expect(update({ ...INFO, webuiUrl: "http://x" }).status).toBe(200)
    expect(told(bench)).toEqual(["frameworkUpdated"])
  })

  test("that are removed end their tasks first, those out of reach too", () => {
    const { bench, agent, marathon } = watched()
    const far = bench.register({ info: { ...registration().info, hostname: "a2" } })
    bench.launch(marathon, [taskInfo("t2", far.id)])
    bench.update(far, marathon.id, { id: "t2", state: "TASK_RUNNING" })
    bench.keepAlive([agent], 90_000)
    bench.clear()
    bench.operate({ kind: "teardown", frameworkId: marathon.id })
    expect(told(bench)).toEqual([
      "taskUpdated TASK_KILLED",
      "taskUpdated TASK_KILLED",
      "frameworkRemoved",
    ])
    expect(events(bench).at(-1)).toMatchObject({ frameworkInfo: { id: marathon.id } })
    const completed = bench.master.view.completedFrameworks.get(marathon.id)
    expect([...(completed?.completedTasks ?? [])].map(({ state }) => state)).toEqual([
      "TASK_KILLED",
      "TASK_KILLED",
    ])
  })
})
