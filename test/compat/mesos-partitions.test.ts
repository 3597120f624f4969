/**
 * Sections 2.5, 8.1 and 8.2 of the reference: what frameworks hear of tasks whose agent is away, gone,
 * back or unknown, with PARTITION_AWARE and without; by themselves and when they ask.
 */
import { describe, expect, test } from "bun:test"
import { MemoryStore } from "#lib/runtime/index.ts"
import { TestMaster, dig, until, type Json, type TestAgent } from "./master-harness.ts"
import { AGENT_CAPABILITIES, JSON_TYPE, Scene } from "./mesos-scene.ts"

const AWARE = { capabilities: [{ type: "MULTI_ROLE" }, { type: "PARTITION_AWARE" }] }
const PLAIN = { capabilities: [{ type: "MULTI_ROLE" }] }
/** What differs between the two kinds of framework. */
const KINDS = [
  ["with PARTITION_AWARE", AWARE, (state: string) => state],
  ["without", PLAIN, () => "TASK_LOST"],
] as const

const statuses = (scene: Scene): Json[] =>
  scene.stream.events
    .filter((event) => event["type"] === "UPDATE")
    .map((event) => dig(event, "update", "status") as Json)

/** Waits for the next status after so many. */
async function status(scene: Scene, after: number): Promise<Json> {
  await until("a status", () => statuses(scene).length > after)
  return statuses(scene)[after] ?? {}
}

/** The link of an agent breaks, and it does not come back in time. */
async function lose(scene: Scene, agent: TestAgent): Promise<void> {
  scene.master.driver.linkClosed(agent.link)
  const { unreachableAgents } = scene.master.driver.view
  await until("the loss", () => {
    if (!unreachableAgents.has(agent.id)) scene.master.clock.advance(5_000)
    return unreachableAgents.has(agent.id)
  })
}

const gone = (scene: Scene, agent: TestAgent) =>
  scene.answered(200, { type: "MARK_AGENT_GONE", mark_agent_gone: { agent_id: idOf(agent) } })
const idOf = (agent: TestAgent) => ({ value: agent.id })

/** A framework with a task that runs on an agent. */
async function open(info: object) {
  const scene = await Scene.open(JSON_TYPE, { failover_timeout: 1e6, ...info })
  const agent = await scene.master.agent({ capabilities: AGENT_CAPABILITIES })
  await scene.running(agent)
  return { scene, agent }
}

describe.each(KINDS)("a framework %s", (_, info, state) => {
  test("hears that an agent is unreachable, since when, and that it is lost as such", async () => {
    const { scene, agent } = await open(info)
    await lose(scene, agent)
    const lost = await status(scene, 1)
    expect(lost).toMatchObject({
      task_id: { value: "web" },
      agent_id: idOf(agent),
      state: state("TASK_UNREACHABLE"),
      source: "SOURCE_MASTER",
      reason: "REASON_AGENT_REMOVED",
    })
    expect(dig(lost, "unreachable_time", "nanoseconds")).toBeNumber()
    expect(lost).not.toHaveProperty("uuid")
    const failure = await scene.stream.event("FAILURE")
    expect(failure["failure"]).toEqual({ agent_id: idOf(agent) })
    expect(scene.stream.events.some((event) => event["type"] === "RESCIND")).toBe(true)
  })

  test("hears that the agent is back, with the task as it is", async () => {
    const { scene, agent } = await open(info)
    const [framework] = scene.master.driver.view.frameworks.values()
    const [task] = framework?.tasks.values() ?? []
    const known = { ...task, framework: undefined, agent: undefined }
    await lose(scene, agent)
    await status(scene, 1)
    await scene.master.agent({
      agentId: agent.id,
      capabilities: AGENT_CAPABILITIES,
      frameworks: [framework?.info as never],
      tasks: [known as never],
    })
    expect(await status(scene, 2)).toMatchObject({
      task_id: { value: "web" },
      state: "TASK_RUNNING",
      reason: "REASON_AGENT_REREGISTERED",
      source: "SOURCE_MASTER",
    })
    scene.master.driver.checkInvariants()
  })

  test("hears that an operator gave the agent up", async () => {
    const { scene, agent } = await open(info)
    await gone(scene, agent)
    expect(await status(scene, 1)).toMatchObject({
      state: state("TASK_GONE_BY_OPERATOR"),
      source: "SOURCE_MASTER",
      reason: info === AWARE ? "REASON_AGENT_REMOVED_BY_OPERATOR" : "REASON_AGENT_REMOVED",
    })
    await scene.stream.event("FAILURE")
    expect(agent.received.at(-1)?.kind).toBe("shutdown")
  })

  test("hears that an agent left for good", async () => {
    const { scene, agent } = await open(info)
    agent.send({ kind: "unregister" })
    expect(await status(scene, 1)).toMatchObject({
      state: "TASK_LOST",
      source: "SOURCE_MASTER",
      reason: "REASON_AGENT_REMOVED",
    })
    await scene.stream.event("FAILURE")
  })

  /** Where a task that is asked for is said to be, and the answer. */
  const rows: Record<string, (at: Awaited<ReturnType<typeof open>>) => Promise<[Json, Json]>> = {
    "on an agent that does not know it": ({ agent }) =>
      Promise.resolve([{ agent_id: idOf(agent) }, { state: state("TASK_GONE") }]),
    "on an agent that is unreachable": async ({ scene, agent }) => {
      await lose(scene, agent)
      const unreachable_time = { nanoseconds: expect.any(Number) as number }
      return [{ agent_id: idOf(agent) }, { state: state("TASK_UNREACHABLE"), unreachable_time }]
    },
    "on an agent that is gone": async ({ scene, agent }) => {
      await gone(scene, agent)
      return [{ agent_id: idOf(agent) }, { state: state("TASK_GONE_BY_OPERATOR") }]
    },
    "on an agent that nobody knows": () =>
      Promise.resolve([{ agent_id: { value: "never" } }, { state: state("TASK_UNKNOWN") }]),
    "who knows where": () => Promise.resolve([{}, { state: state("TASK_UNKNOWN") }]),
  }
  test.each(Object.keys(rows))("asks for a task %s", async (name) => {
    const at = await open(info)
    const [of, expected] = (await rows[name]?.(at)) ?? [{}, {}]
    const { scene } = at
    const before = statuses(scene).length
    const tasks = [{ task_id: { value: "other" }, ...of }]
    await scene.accepted({ type: "RECONCILE", reconcile: { tasks } })
    const answer = await status(scene, before)
    expect(answer).toMatchObject({
      task_id: { value: "other" },
      source: "SOURCE_MASTER",
      reason: "REASON_RECONCILIATION",
      ...of,
      ...expected,
    })
    expect(answer).not.toHaveProperty("uuid")
  })
})

test("a task of an agent that is not back since the master started is not spoken of yet", async () => {
  const store = new MemoryStore()
  const first = await TestMaster.start({}, undefined, {}, { store })
  const agent = await first.agent()
  await first.driver.stop()
  const scene = await Scene.open(JSON_TYPE, AWARE, {}, { store })
  const task_id = { value: "web" }
  const tasks = [{ task_id }, { task_id, agent_id: idOf(agent) }]
  await scene.accepted({ type: "RECONCILE", reconcile: { tasks } })
  const operation = { operation_id: { value: "o" }, agent_id: idOf(agent) }
  const reconcile_operations = { operations: [operation] }
  await scene.accepted({ type: "RECONCILE_OPERATIONS", reconcile_operations })
  const outcome = await scene.stream.event("UPDATE_OPERATION_STATUS")
  expect(dig(outcome, "update_operation_status", "status")).toMatchObject({
    ...operation,
    state: "OPERATION_RECOVERING",
  })
  expect(statuses(scene)).toEqual([])
  await scene.accepted({
    type: "RECONCILE",
    reconcile: { tasks: [{ task_id, agent_id: { value: "never" } }] },
  })
  expect(await status(scene, 0)).toMatchObject({ state: "TASK_UNKNOWN" })
})

describe("RECONCILE_OPERATIONS of an operation that nobody knows", () => {
  const rows: Record<string, (scene: Scene, agent: TestAgent) => Promise<unknown>> = {
    OPERATION_UNKNOWN: () => Promise.resolve(),
    OPERATION_UNREACHABLE: lose,
    OPERATION_GONE_BY_OPERATOR: gone,
  }
  test.each(Object.keys(rows))("answers %s", async (state) => {
    const { scene, agent } = await open(AWARE)
    await rows[state]?.(scene, agent)
    const operation = { operation_id: { value: "o" }, agent_id: idOf(agent) }
    const reconcile_operations = { operations: [operation] }
    await scene.accepted({ type: "RECONCILE_OPERATIONS", reconcile_operations })
    const event = await scene.stream.event("UPDATE_OPERATION_STATUS")
    const answer = dig(event, "update_operation_status", "status")
    expect(answer).toMatchObject({ ...operation, state })
    expect(answer).not.toHaveProperty("uuid")
  })
})

describe("a kill", () => {
  const kill = { task_id: { value: "web" } }

  test("waits for an agent that is not connected", async () => {
    const { scene, agent } = await open(AWARE)
    const [framework] = scene.master.driver.view.frameworks.values()
    const [task] = framework?.tasks.values() ?? []
    scene.master.driver.linkClosed(agent.link)
    await scene.accepted({ type: "KILL", kill })
    expect(agent.received.some(({ kind }) => kind === "killTask")).toBe(false)
    const back = await scene.master.agent({
      agentId: agent.id,
      capabilities: AGENT_CAPABILITIES,
      frameworks: [framework?.info as never],
      tasks: [{ ...task, framework: undefined, agent: undefined } as never],
    })
    await until("the kill", () => back.received.some(({ kind }) => kind === "killTask"))
  })

  test("is repeated with each policy", async () => {
    const { scene, agent } = await open(AWARE)
    const policies = [3, 1].map((seconds) => ({
      grace_period: { nanoseconds: seconds * 1_000_000_000 },
    }))
    for (const kill_policy of policies)
      await scene.accepted({ type: "KILL", kill: { ...kill, kill_policy } })
    const told = agent.received.filter((message) => message.kind === "killTask")
    expect(told.map(({ killPolicy }) => killPolicy?.gracePeriod?.nanoseconds)).toEqual([3e9, 1e9])
  })
})

describe("a refusal", () => {
  const decline = async (scene: Scene, filters?: object): Promise<void> => {
    const offer_ids = [...scene.master.driver.view.offers.keys()].map((value) => ({ value }))
    await scene.accepted({ type: "DECLINE", decline: { offer_ids, filters } })
  }
  /** Whether an offer comes back within so many seconds, and not before. */
  async function comesBackAfter(scene: Scene, seconds: number): Promise<void> {
    const { offers } = scene.master.driver.view
    const turn = () => new Promise((resume) => setImmediate(resume))
    scene.master.clock.advance(seconds * 1000 - 1)
    await turn()
    expect(offers.size).toBe(0)
    scene.master.clock.advance(2)
    await until("the offer", () => offers.size === 1)
  }
  test.each<[string, object | undefined, number]>([
    ["without a filter hides for 5 s", undefined, 5],
    ["with an empty filter hides for 5 s", {}, 5],
    ["of a negative time hides for 5 s", { refuse_seconds: -1 }, 5],
    ["of some time hides for as long", { refuse_seconds: 60 }, 60],
    ["of no time hides until the next round", { refuse_seconds: 0 }, 1],
    ["of more than a year hides for a year", { refuse_seconds: 1e9 }, 31_536_000],
  ])("%s", async (_, filters, seconds) => {
    const scene = await Scene.open(JSON_TYPE)
    // An agent that is not asked whether it lives, however long the test looks away.
    await scene.master.agent()
    const { offers } = scene.master.driver.view
    await until("an offer", () => offers.size === 1)
    await decline(scene, filters)
    expect(offers.size).toBe(0)
    await comesBackAfter(scene, seconds)
  })

  test.each<[string, readonly object[]]>([
    ["no operations", []],
    ["an empty launch", [{ type: "LAUNCH", launch: { task_infos: [] } }]],
  ])("is what an ACCEPT with %s means", async (_, operations) => {
    const scene = await Scene.open(JSON_TYPE)
    await scene.master.agent()
    const { offers } = scene.master.driver.view
    await until("an offer", () => offers.size === 1)
    const offer_ids = [...offers.keys()].map((value) => ({ value }))
    const filters = { refuse_seconds: 60 }
    await scene.accepted({ type: "ACCEPT", accept: { offer_ids, operations, filters } })
    expect(offers.size).toBe(0)
    await comesBackAfter(scene, 60)
  })

  test("is over when there is more than what was refused", async () => {
    const { scene, agent } = await open(AWARE)
    const { offers } = scene.master.driver.view
    await until("the rest", () => {
      scene.master.clock.advance(1_000)
      return offers.size === 1
    })
    await decline(scene, { refuse_seconds: 3600 })
    scene.tell(agent, { taskId: "web", state: "TASK_FINISHED" })
    await until("more", () => offers.size === 1)
  })
})
