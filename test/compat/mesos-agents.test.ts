/** Sections 4.3, 8.2 and 8.3 of the reference: agents that operators take out and bring back. */
import { describe, expect, test } from "bun:test"
import { MemoryStore } from "#lib/runtime/index.ts"
import { TestMaster, dig, until, type TestAgent } from "./master-harness.ts"
import { AGENT_CAPABILITIES, ENCODINGS, JSON_TYPE, Scene, UUID } from "./mesos-scene.ts"

const idOf = (agent: Pick<TestAgent, "id">) => ({ value: agent.id })
const of = (type: string, agent: Pick<TestAgent, "id">, more: object = {}) => ({
  type,
  [type.toLowerCase()]: { agent_id: idOf(agent), ...more },
})
const NONE = { id: "none" as never }
const shown = async (scene: Scene): Promise<unknown> =>
  dig(await scene.answered(200, { type: "GET_AGENTS" }), "get_agents", "agents", 0)
const drainOf = async (scene: Scene): Promise<unknown> => dig(await shown(scene), "drain_info")

/** A cluster with a task that runs. */
async function open(encoding: string) {
  const scene = await Scene.open(encoding)
  const agent = await scene.master.agent({ capabilities: AGENT_CAPABILITIES })
  await scene.running(agent)
  return { scene, agent }
}

/** The task ends, and its framework acknowledges that. */
async function finish(scene: Scene, agent: TestAgent, state: string): Promise<void> {
  scene.tell(agent, { taskId: "web", state })
  const told = () =>
    scene.stream.events.some((event) => dig(event, "update", "status", "state") === state)
  await until("the end of the task", told)
  const acknowledge = { agent_id: idOf(agent), task_id: { value: "web" }, uuid: UUID }
  await scene.accepted({ type: "ACKNOWLEDGE", acknowledge })
}

describe.each(ENCODINGS)("an agent, in %s", (encoding) => {
  test("drains, is drained once its last end is acknowledged, and is brought back", async () => {
    const { scene, agent } = await open(encoding)
    const config = { max_grace_period: { nanoseconds: 60_500_000_000 }, mark_gone: false }
    const max_grace_period = { seconds: 60, nanos: 500_000_000 }
    await scene.answered(200, of("DRAIN_AGENT", agent, { max_grace_period }))
    expect(await shown(scene)).toMatchObject({
      active: false,
      deactivated: true,
      drain_info: { state: "DRAINING", config },
      estimated_drain_start_time: { nanoseconds: expect.any(Number) as number },
    })
    expect(dig(await scene.master.get("/slaves"), "slaves", 0)).toMatchObject({
      deactivated: true,
      drain_info: { state: "DRAINING", config },
      estimated_drain_start_time_seconds: 1_700_000_000,
    })
    expect(agent.received.at(-1)).toMatchObject({
      kind: "drain",
      config: { maxGracePeriod: { nanoseconds: 60_500_000_000 } },
    })
    const early = await scene.operate(of("REACTIVATE_AGENT", agent))
    expect([early.status, early.body]).toEqual([400, "Agent is still in the DRAINING state"])
    await finish(scene, agent, "TASK_KILLED")
    expect(await drainOf(scene)).toMatchObject({ state: "DRAINED" })
    expect(scene.master.driver.view.offers.size).toBe(0)
    await scene.answered(200, of("REACTIVATE_AGENT", agent))
    expect(await shown(scene)).toMatchObject({ active: true, deactivated: false })
    expect(await drainOf(scene)).toBeUndefined()
    await until("an offer", () => {
      scene.master.clock.advance(1_000)
      return scene.master.driver.view.offers.size === 1
    })
  })

  test("that is to be gone after its drain is gone, and never comes back", async () => {
    const { scene, agent } = await open(encoding)
    await scene.answered(200, of("DRAIN_AGENT", agent, { mark_gone: true }))
    expect(await drainOf(scene)).toMatchObject({ state: "DRAINING", config: { mark_gone: true } })
    await finish(scene, agent, "TASK_GONE_BY_OPERATOR")
    await until("the end of the agent", () => scene.master.driver.view.goneAgents.has(agent.id))
    expect(agent.received.some(({ kind }) => kind === "shutdown")).toBe(true)
    await scene.answered(200, of("MARK_AGENT_GONE", agent))
  })

  test("that drains is told so again, with what was said last", async () => {
    const { scene, agent } = await open(encoding)
    await scene.answered(200, of("DRAIN_AGENT", agent))
    await scene.answered(200, of("DRAIN_AGENT", agent, { max_grace_period: { seconds: 5 } }))
    expect(agent.received.at(-1)).toMatchObject({
      kind: "drain",
      config: { maxGracePeriod: { nanoseconds: 5_000_000_000 } },
    })
  })

  test("that is deactivated gets no offers, keeps its tasks, and is brought back", async () => {
    const { scene, agent } = await open(encoding)
    await scene.answered(200, of("DEACTIVATE_AGENT", agent))
    await scene.answered(200, of("DEACTIVATE_AGENT", agent))
    scene.master.clock.advance(10_000)
    await new Promise((resume) => setImmediate(resume))
    expect(scene.master.driver.view.offers.size).toBe(0)
    expect(scene.master.driver.view.agents.get(agent.id)?.tasks.size).toBe(1)
    await scene.answered(200, of("REACTIVATE_AGENT", agent))
    await until("an offer", () => {
      scene.master.clock.advance(1_000)
      return scene.master.driver.view.offers.size === 1
    })
  })

  test.each([
    ["DRAIN_AGENT", 400, "Unknown agent"],
    ["DEACTIVATE_AGENT", 400, "Unknown agent"],
    ["REACTIVATE_AGENT", 400, "Agent is not in the DEACTIVATED state"],
    ["MARK_AGENT_GONE", 404, "Agent 'none' is not known to this master"],
  ])("that nobody knows: %s answers %d", async (type, status, text) => {
    const { scene } = await open(encoding)
    const refused = await scene.operate(of(type, NONE))
    expect([refused.status, refused.body]).toEqual([status, text])
  })

  test("that cannot drain, or is to be maintained, is 400", async () => {
    const scene = await Scene.open(encoding)
    const agent = await scene.master.agent()
    const unable = await scene.operate(of("DRAIN_AGENT", agent))
    expect([unable.status, unable.body]).toEqual([400, "Agent is not capable of being drained"])
    const other = await scene.master.agent({
      capabilities: AGENT_CAPABILITIES,
      info: { hostname: "a2", resources: [] },
    })
    const machine_ids = [{ hostname: "a2", ip: "10.0.2.1" }]
    const unavailability = { start: { nanoseconds: 1_800_000_000_000_000_000 } }
    const schedule = { windows: [{ machine_ids, unavailability }] }
    await scene.answered(200, {
      type: "UPDATE_MAINTENANCE_SCHEDULE",
      update_maintenance_schedule: { schedule },
    })
    const scheduled = await scene.operate(of("DRAIN_AGENT", other))
    expect([scheduled.status, scheduled.body]).toEqual([
      400,
      "Agent is part of a maintenance schedule",
    ])
  })
})

test("what operators decided outlives the master; an agent that is not back is 409, and active later", async () => {
  const store = new MemoryStore()
  const first = await TestMaster.start({}, undefined, {}, { store })
  const agent = await first.agent({ capabilities: AGENT_CAPABILITIES })
  const operate = (master: TestMaster, type: string) =>
    master.api.request("/api/v1", {
      method: "POST",
      headers: { "content-type": JSON_TYPE },
      body: JSON.stringify(of(type, agent)),
    })
  expect((await operate(first, "DEACTIVATE_AGENT")).status).toBe(200)
  await first.driver.stop()
  const next = await TestMaster.start({}, undefined, {}, { store })
  const conflict = await operate(next, "REACTIVATE_AGENT")
  expect([conflict.status, await conflict.text()]).toEqual([
    409,
    "Agent is not registered now; it is active once it comes back",
  ])
  await next.agent({ agentId: agent.id, capabilities: AGENT_CAPABILITIES })
  expect(next.driver.view.agents.get(agent.id)).toMatchObject({ active: true, deactivated: false })
})

test("a master says what it can do, to operators and to frameworks", async () => {
  const capabilities = ["AGENT_UPDATE", "AGENT_DRAINING", "QUOTA_V2"] as const
  const info = {
    id: "m",
    ip: 1,
    port: 5050,
    hostname: "m1",
    capabilities: capabilities.map((type) => ({ type })),
  }
  const scene = await Scene.open(JSON_TYPE, {}, {}, { master: { info, seed: 1 } })
  expect((await scene.master.get("/state"))["capabilities"]).toEqual(capabilities)
  const expected = capabilities.map((type) => ({ type }))
  const subscribed = await scene.stream.event("SUBSCRIBED")
  expect(dig(subscribed, "subscribed", "master_info", "capabilities")).toEqual(expected)
  const master = await scene.answered(200, { type: "GET_MASTER" })
  expect(dig(master, "get_master", "master_info", "capabilities")).toEqual(expected)
})
