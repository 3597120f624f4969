import { describe, expect, test } from "bun:test"
import type { FrameworkId } from "#lib/mesos/index.ts"
import { Bench, frameworkInfo, reportedTask, resources, taskInfo } from "./builders.ts"
import type { RequestId } from "./types.ts"

const INFO = frameworkInfo({ roles: ["web"] })
const UNKNOWN = "other-0042" as FrameworkId

/** The ERROR that a subscription got. */
function refusal(bench: Bench, ...args: Parameters<Bench["subscribeRaw"]>): string | undefined {
  const stream = bench.subscribeRaw(...args)
  const ended = bench.effects.some(
    (effect) => effect.kind === "closeStream" && effect.stream === stream,
  )
  expect(ended).toBe(true)
  expect(bench.events(stream, "subscribed")).toEqual([])
  return bench.events(stream, "error")[0]?.message
}

describe("SUBSCRIBE", () => {
  test("answers with an id, the interval of heartbeats and the master, and a first heartbeat", () => {
    const bench = new Bench()
    const marathon = bench.subscribe(INFO)
    expect(marathon.id as string).toBe("M-0000")
    const events = bench.effects.flatMap((effect) =>
      effect.kind === "event" ? [effect.event] : [],
    )
    expect(events).toEqual([
      {
        kind: "subscribed",
        frameworkId: marathon.id,
        heartbeatIntervalSeconds: 15,
        masterInfo: bench.master.view.info,
      },
      { kind: "heartbeat" },
    ])
    expect(bench.subscribe(INFO).id as string).toBe("M-0001")
  })

  test("without MULTI_ROLE uses `role`, which is * by default, and shows no allocation", () => {
    const bench = new Bench()
    bench.register()
    const old = bench.subscribe(frameworkInfo({ caps: [] }))
    expect(bench.master.view.frameworks.get(old.id)?.roles).toEqual(["*"])
    const [offer] = bench.offers(old)
    expect(offer?.allocationInfo).toBeUndefined()
    expect(offer?.resources?.every(({ allocationRole }) => allocationRole === undefined)).toBe(true)
    const named = bench.subscribe(frameworkInfo({ caps: [], role: "db" }))
    expect(bench.master.view.frameworks.get(named.id)?.roles).toEqual(["db"])
  })

  test("with suppressed roles gets no offers until it revives", () => {
    const bench = new Bench()
    bench.register()
    const marathon = bench.subscribe(INFO, { suppressedRoles: ["web"] })
    expect(bench.offers(marathon)).toEqual([])
    bench.call(marathon, { kind: "revive" })
    expect(bench.offers(marathon).length).toBe(1)
  })

  test("with an id that this master does not know continues under it", () => {
    const bench = new Bench()
    expect(bench.subscribe({ ...INFO, id: UNKNOWN }).id).toBe(UNKNOWN)
  })

  test("takes the authenticated principal where none is declared", () => {
    const bench = new Bench()
    const marathon = bench.subscribe(INFO, { principal: "alice" })
    expect(bench.master.view.frameworks.get(marathon.id)?.info.principal).toBe("alice")
  })

  test.each([
    ["a bad role", frameworkInfo({ roles: ["a//b"] }), "Framework role is invalid"],
    ["both forms of role", { ...INFO, role: "web" }, "'FrameworkInfo.role' must not be set"],
    [
      "roles without MULTI_ROLE",
      frameworkInfo({ caps: [], roles: ["web"] }),
      "'FrameworkInfo.roles' must not be set",
    ],
    ["a role twice", frameworkInfo({ roles: ["a", "a"] }), "contains role 'a' twice"],
    ["a negative timeout", { ...INFO, failoverTimeout: -1 }, "failover_timeout (-1) is invalid"],
    ["an endless timeout", { ...INFO, failoverTimeout: Infinity }, "failover_timeout (Infinity)"],
    ["a bad id", { ...INFO, id: "a/b" as FrameworkId }, "'framework_info.id' is invalid"],
    ["another principal", { ...INFO, principal: "bob" }, "may not subscribe as principal 'bob'"],
  ] as const)("refuses %s", (_name, info, message) => {
    expect(refusal(new Bench(), info, { principal: "alice" })).toContain(message)
  })

  test("refuses what the master's settings forbid", () => {
    const bench = new Bench({ master: { roles: ["web"], rootSubmissions: false } })
    expect(refusal(bench, frameworkInfo({ roles: ["db"] }))).toContain("'db' is not present")
    expect(refusal(bench, { ...INFO, user: "root" })).toContain("User 'root' is not allowed")
    expect(bench.subscribe(frameworkInfo({ roles: ["web", "*"] })).id as string).toBe("M-0000")
  })

  test("refuses roles that are not the framework's", () => {
    const bench = new Bench()
    expect(refusal(bench, INFO, { suppressedRoles: ["db"] })).toContain("Suppressed role 'db'")
    const offerConstraints = { roleConstraints: { db: {} } }
    expect(refusal(bench, INFO, { offerConstraints })).toContain("role 'db', which is not among")
    expect(bench.master.view.frameworks.size).toBe(0)
  })
})

describe("failover of a scheduler", () => {
  test("the newest wins: the old one hears ERROR and is cut off, offers start anew", () => {
    const bench = new Bench()
    const agent = bench.register()
    const first = bench.subscribe(INFO)
    const [old] = bench.offers(first)
    bench.clear()
    const second = bench.subscribe({ ...INFO, id: first.id })
    expect(second.id).toBe(first.id)
    const kinds = bench.effects.flatMap((effect) =>
      effect.kind === "event"
        ? [`${effect.stream} ${effect.event.kind}`]
        : effect.kind === "closeStream"
          ? [`${effect.stream} closed`]
          : [],
    )
    expect(kinds).toEqual([
      `${first.stream} error`,
      `${first.stream} closed`,
      `${second.stream} subscribed`,
      `${second.stream} heartbeat`,
      `${second.stream} offers`,
    ])
    expect(bench.events(first.stream, "error")[0]?.message).toBe("Framework failed over")
    expect(bench.offers(second)[0]?.id).not.toBe(old!.id)
    expect(bench.call(first, { kind: "revive" })).toMatchObject({ status: 400 })
    const { id } = agent
    expect(bench.launch(second, [taskInfo("t1", id)])).toEqual({ status: 202 })
  })

  test("the late end of the old stream changes nothing", () => {
    const bench = new Bench()
    const first = bench.subscribe(INFO)
    bench.subscribe({ ...INFO, id: first.id })
    bench.feed({ kind: "streamClosed", stream: first.stream })
    expect(bench.master.view.frameworks.get(first.id)?.connected).toBe(true)
  })

  test("keeps user and checkpoint, takes the rest, and tells the agents", () => {
    const bench = new Bench()
    const agent = bench.register()
    const marathon = bench.subscribe({ ...INFO, checkpoint: true })
    bench.launch(marathon, [taskInfo("t1", agent.id)])
    const changed = { ...INFO, id: marathon.id, name: "new", user: "x", checkpoint: false }
    bench.subscribe(changed)
    const info = { name: "new", user: "svc", checkpoint: true, id: marathon.id }
    expect(bench.master.view.frameworks.get(marathon.id)?.info).toMatchObject(info)
    expect(bench.sent(agent.link, "updateFramework")).toMatchObject([{ framework: info }])
  })

  test("may not change the principal", () => {
    const bench = new Bench()
    const marathon = bench.subscribe({ ...INFO, principal: "alice" })
    const info = { ...INFO, id: marathon.id, principal: "bob" }
    expect(refusal(bench, info)).toBe("Changing framework's principal is not allowed")
    expect(bench.master.view.frameworks.get(marathon.id)?.connected).toBe(true)
  })
})

describe("a scheduler that goes away", () => {
  test("has its failover timeout to come back, without offers meanwhile", () => {
    const bench = new Bench({ check: false })
    const agent = bench.register()
    const marathon = bench.subscribe({ ...INFO, failoverTimeout: 60 })
    bench.launch(marathon, [taskInfo("t1", agent.id)])
    bench.feed({ kind: "streamClosed", stream: marathon.stream })
    expect(bench.master.view.offers.size).toBe(0)
    bench.keepAlive([agent], 59_000)
    const back = bench.subscribe({ ...INFO, id: marathon.id, failoverTimeout: 60 })
    bench.keepAlive([agent], 300_000)
    expect(bench.master.view.frameworks.get(back.id)?.tasks.size).toBe(1)
  })

  test("is removed afterwards, and everything it runs is ended", () => {
    const bench = new Bench()
    const agent = bench.register()
    const marathon = bench.subscribe({ ...INFO, failoverTimeout: 60 })
    bench.launch(marathon, [taskInfo("t1", agent.id)])
    bench.feed({ kind: "streamClosed", stream: marathon.stream })
    bench.clear()
    bench.keepAlive([agent], 61_000)
    expect(bench.sent(agent.link, "shutdownFramework")).toEqual([
      { kind: "shutdownFramework", frameworkId: marathon.id },
    ])
    expect(bench.master.view.frameworks.size).toBe(0)
    const completed = bench.master.view.completedFrameworks.get(marathon.id)!
    expect(completed.unregisteredAt).toBe(bench.now - 1_000)
    expect([...completed.completedTasks]).toMatchObject([
      { state: "TASK_KILLED", statuses: [{ reason: "REASON_FRAMEWORK_REMOVED" }] },
    ])
    // What it used is free once the agent says so, and not before.
    expect(bench.master.view.agents.get(agent.id)?.used).not.toEqual([])
    bench.fromAgent(agent.link, { kind: "frameworkEnded", frameworkId: marathon.id })
    expect(bench.master.view.agents.get(agent.id)?.used).toEqual([])
  })

  test("is removed at once when it has no failover timeout", () => {
    const bench = new Bench()
    const { failoverTimeout: _, ...info } = INFO
    const marathon = bench.subscribe(info)
    bench.feed({ kind: "streamClosed", stream: marathon.stream })
    expect(bench.master.view.frameworks.size).toBe(0)
  })
})

describe("TEARDOWN", () => {
  test("ends the stream, and the id can never be used again", () => {
    const bench = new Bench()
    const marathon = bench.subscribe(INFO)
    expect(bench.call(marathon, { kind: "teardown" })).toEqual({ status: 202 })
    expect(bench.effects).toContainEqual({ kind: "closeStream", stream: marathon.stream })
    expect(refusal(bench, { ...INFO, id: marathon.id })).toBe("Framework has been removed")
    expect(bench.call(marathon, { kind: "revive" })).toMatchObject({ status: 400 })
  })

  test("by an operator answers 200, or 400 when there is no such framework", () => {
    const bench = new Bench()
    const marathon = bench.subscribe(INFO)
    const request = 77 as RequestId
    bench.feed({ kind: "operate", request, call: { kind: "teardown", frameworkId: marathon.id } })
    expect(bench.replyTo(request)).toEqual({ status: 200 })
    const again = 78 as RequestId
    bench.feed({
      kind: "operate",
      request: again,
      call: { kind: "teardown", frameworkId: marathon.id },
    })
    expect(bench.replyTo(again)).toEqual({
      status: 400,
      message: "No framework found with specified ID",
    })
  })

  test("a late status of its tasks is answered by telling the agent once more", () => {
    const bench = new Bench()
    const agent = bench.register()
    const marathon = bench.subscribe(INFO)
    bench.launch(marathon, [taskInfo("t1", agent.id)])
    bench.call(marathon, { kind: "teardown" })
    bench.clear()
    bench.update(agent, marathon.id, { id: "t1", state: "TASK_RUNNING" })
    expect(bench.sent(agent.link, "shutdownFramework").length).toBe(1)
  })

  test("keeps the last frameworks and tasks only", () => {
    const bench = new Bench({ master: { limits: { completedFrameworks: 2, completedTasks: 2 } } })
    const agent = bench.register()
    const ids = [1, 2, 3].map(() => {
      const marathon = bench.subscribe(INFO)
      bench.launch(
        marathon,
        ["a", "b", "c"].map((id) => taskInfo(id, agent.id)),
      )
      bench.call(marathon, { kind: "teardown" })
      bench.fromAgent(agent.link, { kind: "frameworkEnded", frameworkId: marathon.id })
      return marathon.id
    })
    const completed = bench.master.view.completedFrameworks
    expect([...completed.keys()]).toEqual(ids.slice(1))
    const tasks = [...completed.values()].map(({ completedTasks }) =>
      [...completedTasks].map(({ taskId }) => taskId as string),
    )
    expect(tasks).toEqual([
      ["b", "c"],
      ["b", "c"],
    ])
  })
})

describe("UPDATE_FRAMEWORK", () => {
  test("changes roles: offers under a lost role are rescinded, new roles get theirs", () => {
    const bench = new Bench()
    bench.register()
    const marathon = bench.subscribe(INFO)
    bench.clear()
    const info = { ...INFO, id: marathon.id, roles: ["db"] }
    expect(bench.call(marathon, { kind: "updateFramework", frameworkInfo: info })).toEqual({
      status: 200,
    })
    expect(bench.events(marathon.stream, "rescind").length).toBe(1)
    expect(bench.offers(marathon)).toMatchObject([{ allocationInfo: { role: "db" } }])
  })

  test("is refused with the field that may not change", () => {
    const bench = new Bench()
    const marathon = bench.subscribe({ ...INFO, principal: "alice" })
    for (const [field, change] of [
      ["user", { user: "root" }],
      ["checkpoint", { checkpoint: true }],
      ["principal", { principal: "bob" }],
    ] as const) {
      const frameworkInfo = { ...INFO, principal: "alice", id: marathon.id, ...change }
      expect(bench.call(marathon, { kind: "updateFramework", frameworkInfo })).toEqual({
        status: 400,
        message: `Updating 'FrameworkInfo.${field}' is unsupported`,
      })
    }
  })

  test("of a role that tasks still use keeps them", () => {
    const bench = new Bench()
    const agent = bench.register()
    const marathon = bench.subscribe(INFO)
    bench.launch(marathon, [taskInfo("t1", agent.id)])
    const info = { ...INFO, id: marathon.id, roles: ["db"] }
    bench.call(marathon, { kind: "updateFramework", frameworkInfo: info })
    bench.update(agent, marathon.id, { id: "t1", state: "TASK_FINISHED" })
    expect(bench.master.view.agents.get(agent.id)?.used).toEqual([])
  })
})

test("heartbeats go to connected frameworks only", () => {
  const bench = new Bench()
  const marathon = bench.subscribe(INFO)
  bench.advance(45_000)
  expect(bench.events(marathon.stream, "heartbeat").length).toBe(4)
  bench.feed({ kind: "streamClosed", stream: marathon.stream })
  bench.advance(45_000)
  expect(bench.events(marathon.stream, "heartbeat").length).toBe(4)
})

test("a framework that its agents told of is taken over whatever principal it had", () => {
  const bench = new Bench()
  const id = UNKNOWN
  bench.register({
    agentId: "old-S0" as never,
    frameworks: [{ ...INFO, id, principal: "alice" }],
    tasks: [
      reportedTask("t1", id, "old-S0" as never, { resources: resources("cpus:1;mem:128", "web") }),
    ],
  })
  expect(bench.subscribe({ ...INFO, id, principal: "bob" }).id).toBe(id)
})
