/**
 * Section 2 of the reference as tables: a row for each call and each event of the scheduler API, in
 * JSON and in protobuf. A row that is missing fails the test of the table's completeness.
 */
import { describe, expect, test } from "bun:test"
import { dig, until, type Json, type TestAgent } from "./master-harness.ts"
import {
  AGENT_CAPABILITIES,
  ENCODINGS,
  Scene,
  UUID,
  enumNames,
  launch,
  scalar,
  subscribe,
} from "./mesos-scene.ts"

const reserved = (name: string, value: number) => ({
  ...scalar(name, value),
  allocation_info: { role: "db" },
  reservations: [{ type: "DYNAMIC", role: "db" }],
})
const agentId = (agent: TestAgent) => ({ value: agent.id })
const task_id = { value: "web" }
const kinds = (agent: TestAgent): string[] => agent.received.map(({ kind }) => kind)
const states = (scene: Scene): unknown[] =>
  scene.stream.events
    .filter((event) => event["type"] === "UPDATE")
    .map((event) => dig(event, "update", "status", "state"))

/** Announces when the agent's machine will be away; [] takes it back. */
async function announce(scene: Scene, windows?: readonly object[]): Promise<void> {
  const update_maintenance_schedule = {
    schedule: { windows: windows ?? [{ machine_ids, unavailability }] },
  }
  await scene.answered(200, { type: "UPDATE_MAINTENANCE_SCHEDULE", update_maintenance_schedule })
}
const machine_ids = [{ hostname: "a1", ip: "10.0.2.1" }]
const unavailability = {
  start: { nanoseconds: 1_800_000_000_000_000_000 },
  duration: { nanoseconds: 3_600_000_000_000 },
}

/** What frameworks answered when they were asked to leave. */
const answersOf = (scene: Scene): unknown[] =>
  scene.master.driver.view
    .maintenanceStatus()
    .drainingMachines?.flatMap(({ statuses = [] }) => statuses.map(({ status }) => status)) ?? []

/** Has the master ask the framework to leave an agent. */
async function inverseOffer(scene: Scene): Promise<{ id: unknown; event: Json; agent: TestAgent }> {
  const agent = await scene.master.agent()
  await scene.running(agent)
  await announce(scene)
  const event = await scene.stream.event("INVERSE_OFFERS")
  return { id: dig(event, "inverse_offers", "inverse_offers", 0, "id"), event, agent }
}

/** What a call does, told by what can be seen of it. */
const calls: Record<string, (scene: Scene) => Promise<void>> = {
  SUBSCRIBE: async ({ master, stream, encoding, frameworkId }) => {
    expect(stream.response.headers.get("content-type")).toBe(encoding)
    const second = await subscribe(master, encoding, { id: frameworkId })
    expect(dig(await second.event("SUBSCRIBED"), "subscribed", "framework_id")).toEqual(frameworkId)
    await until("the end of the first stream", () => stream.ended)
  },
  TEARDOWN: async (scene) => {
    const agent = await scene.master.agent()
    await scene.running(agent)
    await scene.accepted({ type: "TEARDOWN" })
    await until("the end of the stream", () => scene.stream.ended)
    expect(kinds(agent)).toContain("shutdownFramework")
    const { completed_frameworks } = await scene.master.get("/frameworks")
    expect(dig(completed_frameworks, 0, "completed_tasks", 0)).toMatchObject({
      id: "web",
      state: "TASK_KILLED",
    })
  },
  ACCEPT: async (scene) => {
    const agent = await scene.master.agent()
    const offer = await scene.offer()
    await scene.accept(offer, launch("web", offer))
    expect(agent.received.at(-1)).toMatchObject({ kind: "runTask", task: { taskId: "web" } })
    await scene.accept(offer, launch("late", offer))
    expect(dig(await scene.stream.event("UPDATE"), "update", "status")).toMatchObject({
      task_id: { value: "late" },
      state: "TASK_DROPPED",
      reason: "REASON_INVALID_OFFERS",
      source: "SOURCE_MASTER",
    })
  },
  DECLINE: async (scene) => {
    await scene.master.agent()
    const offer = await scene.offer()
    const filters = { refuse_seconds: 30 }
    await scene.accepted({ type: "DECLINE", decline: { offer_ids: [offer["id"]], filters } })
    expect(scene.master.driver.view.offers.size).toBe(0)
    scene.master.clock.advance(31_000)
    await until("the offer again", () => scene.master.driver.view.offers.size === 1)
  },
  REVIVE: async (scene) => {
    await scene.master.agent()
    const offer = await scene.offer()
    const filters = { refuse_seconds: 3600 }
    await scene.accepted({ type: "DECLINE", decline: { offer_ids: [offer["id"]], filters } })
    await scene.accepted({ type: "REVIVE", revive: { roles: ["foreign"] } })
    expect(scene.master.driver.view.offers.size).toBe(0)
    await scene.accepted({ type: "REVIVE" })
    await until("the offer again", () => scene.master.driver.view.offers.size === 1)
  },
  SUPPRESS: async (scene) => {
    await scene.accepted({ type: "SUPPRESS" })
    const { suppressedRoles } = [...scene.master.driver.view.frameworks.values()][0] ?? {}
    expect([...(suppressedRoles ?? [])]).toEqual(["*"])
    await scene.master.agent()
    scene.master.clock.advance(5_000)
    expect(scene.master.driver.view.offers.size).toBe(0)
    await scene.accepted({ type: "REVIVE", revive: { roles: ["*"] } })
    await until("an offer", () => scene.master.driver.view.offers.size === 1)
  },
  KILL: async (scene) => {
    const agent = await scene.master.agent()
    await scene.running(agent)
    const kill_policy = { grace_period: { nanoseconds: 3_000_000_000 } }
    const kill = { task_id, agent_id: agentId(agent), kill_policy }
    await scene.accepted({ type: "KILL", kill: { ...kill, agent_id: { value: "other" } } })
    expect(kinds(agent)).not.toContain("killTask")
    await scene.accepted({ type: "KILL", kill })
    expect(agent.received.at(-1)).toMatchObject({
      kind: "killTask",
      taskId: "web",
      killPolicy: { gracePeriod: { nanoseconds: 3_000_000_000 } },
    })
    await scene.accepted({ type: "KILL", kill: { task_id: { value: "never" } } })
    await until("the answer", () => states(scene).includes("TASK_UNKNOWN"))
  },
  SHUTDOWN: async (scene) => {
    const agent = await scene.master.agent()
    const shutdown = { executor_id: { value: "e" }, agent_id: agentId(agent) }
    await scene.accepted({ type: "SHUTDOWN", shutdown })
    expect(agent.received.at(-1)).toMatchObject({ kind: "shutdownExecutor", executorId: "e" })
    await scene.accepted({
      type: "SHUTDOWN",
      shutdown: { ...shutdown, agent_id: { value: "none" } },
    })
  },
  ACKNOWLEDGE: async (scene) => {
    const agent = await scene.master.agent()
    await scene.running(agent)
    const acknowledge = { agent_id: agentId(agent), task_id, uuid: UUID }
    await scene.accepted({ type: "ACKNOWLEDGE", acknowledge })
    expect(agent.received.at(-1)).toMatchObject({ kind: "acknowledge", taskId: "web", uuid: UUID })
  },
  ACKNOWLEDGE_OPERATION_STATUS: async (scene) => {
    const agent = await scene.master.agent({ capabilities: AGENT_CAPABILITIES })
    const offer = await scene.offer()
    const reserve = { resources: [reserved("cpus", 1)] }
    await scene.accept(offer, { type: "RESERVE", id: { value: "o1" }, reserve })
    const sent = agent.received.at(-1)
    if (sent?.kind !== "applyOperation") throw new Error(`the agent heard ${sent?.kind}`)
    agent.send({
      kind: "operationUpdate",
      frameworkId: scene.id,
      operationUuid: sent.uuid,
      status: {
        operationId: "o1" as never,
        state: "OPERATION_FINISHED",
        uuid: { value: UUID },
        agentId: agent.id,
      },
    })
    const event = await scene.stream.event("UPDATE_OPERATION_STATUS")
    expect(dig(event, "update_operation_status", "status")).toMatchObject({
      operation_id: { value: "o1" },
      state: "OPERATION_FINISHED",
      uuid: { value: UUID },
      agent_id: agentId(agent),
    })
    const acknowledge_operation_status = {
      agent_id: agentId(agent),
      uuid: UUID,
      operation_id: { value: "o1" },
    }
    await scene.accepted({ type: "ACKNOWLEDGE_OPERATION_STATUS", acknowledge_operation_status })
    expect(agent.received.at(-1)).toEqual({ kind: "acknowledgeOperation", uuid: UUID })
  },
  RECONCILE: async (scene) => {
    const agent = await scene.master.agent()
    await scene.running(agent)
    await scene.accepted({ type: "RECONCILE", reconcile: {} })
    await until("the answer", () => states(scene).length === 2)
    const last = scene.stream.events.at(-1)
    expect(dig(last, "update", "status")).toMatchObject({
      task_id,
      state: "TASK_RUNNING",
      reason: "REASON_RECONCILIATION",
      source: "SOURCE_MASTER",
    })
    expect(dig(last, "update", "status")).not.toHaveProperty("uuid")
    const tasks = [
      { task_id: { value: "gone" }, agent_id: agentId(agent) },
      { task_id: { value: "unknown" }, agent_id: { value: "none" } },
    ]
    await scene.accepted({ type: "RECONCILE", reconcile: { tasks } })
    await until("the answers", () => states(scene).length === 4)
    expect(states(scene).slice(2)).toEqual(["TASK_GONE", "TASK_UNKNOWN"])
  },
  RECONCILE_OPERATIONS: async (scene) => {
    const agent = await scene.master.agent()
    const operations = [{ operation_id: { value: "never" }, agent_id: agentId(agent) }]
    await scene.accepted({ type: "RECONCILE_OPERATIONS", reconcile_operations: { operations } })
    const event = await scene.stream.event("UPDATE_OPERATION_STATUS")
    expect(dig(event, "update_operation_status", "status")).toMatchObject({
      operation_id: { value: "never" },
      state: "OPERATION_UNKNOWN",
    })
  },
  MESSAGE: async (scene) => {
    const agent = await scene.master.agent()
    const message = { agent_id: agentId(agent), executor_id: { value: "e" }, data: "AQI=" }
    await scene.accepted({ type: "MESSAGE", message })
    expect(agent.received.at(-1)).toMatchObject({
      kind: "frameworkMessage",
      executorId: "e",
      data: "AQI=",
    })
  },
  REQUEST: async (scene) => {
    const requests = [{ resources: [scalar("cpus", 1)] }]
    await scene.accepted({ type: "REQUEST", request: { requests } })
    expect(scene.master.driver.view.metrics(0)["master/messages_resource_request"]).toBe(1)
  },
  ACCEPT_INVERSE_OFFERS: async (scene) => {
    const { id } = await inverseOffer(scene)
    const filters = { refuse_seconds: 1 }
    const accept_inverse_offers = { inverse_offer_ids: [id], filters }
    await scene.accepted({ type: "ACCEPT_INVERSE_OFFERS", accept_inverse_offers })
    expect(answersOf(scene)).toEqual(["ACCEPT"])
  },
  DECLINE_INVERSE_OFFERS: async (scene) => {
    const { id } = await inverseOffer(scene)
    const inverse_offer_ids = [{ value: "never" }, id]
    const decline_inverse_offers = { inverse_offer_ids }
    await scene.accepted({ type: "DECLINE_INVERSE_OFFERS", decline_inverse_offers })
    expect(answersOf(scene)).toEqual(["DECLINE"])
  },
  UPDATE_FRAMEWORK: async (scene) => {
    await scene.master.agent()
    await scene.offer()
    const update = (change: object) => ({
      type: "UPDATE_FRAMEWORK",
      update_framework: {
        framework_info: {
          user: "svc",
          name: "renamed",
          id: scene.frameworkId,
          failover_timeout: 60,
          roles: ["other"],
          capabilities: [{ type: "MULTI_ROLE" }],
          ...change,
        },
      },
    })
    for (const change of [{ user: "root" }, { checkpoint: true }, { principal: "p" }]) {
      const response = await scene.call(update(change))
      expect(response.status).toBe(400)
      expect(await response.text()).toContain(`FrameworkInfo.${Object.keys(change)[0]}`)
    }
    expect((await scene.call(update({}))).status).toBe(200)
    await scene.stream.event("RESCIND")
    const { frameworks } = await scene.master.get("/frameworks")
    expect(frameworks).toMatchObject([{ name: "renamed", roles: ["other"] }])
  },
}

/** What the framework of a row says of itself, where it matters. */
const ROLES: Record<string, object> = { ACKNOWLEDGE_OPERATION_STATUS: { roles: ["db"] } }

describe.each(ENCODINGS)("2.1: every call in %s", (encoding) => {
  test.each(Object.keys(calls))("%s", async (type) => {
    await calls[type]?.(await Scene.open(encoding, ROLES[type]))
  })
})

test("2.1: no call lacks a row", () => {
  expect(Object.keys(calls).sort()).toEqual(enumNames("mesos.v1.scheduler.Call.Type"))
})

/** What makes the master send an event; yields the event that is to be looked at. */
const events: Record<string, (scene: Scene) => Promise<Json>> = {
  SUBSCRIBED: async (scene) => {
    const event = await scene.stream.event("SUBSCRIBED")
    expect(event["subscribed"]).toEqual({
      framework_id: scene.frameworkId,
      heartbeat_interval_seconds: 15,
      master_info: expect.objectContaining({ id: "m", ip: 16777343, port: 5050, hostname: "m1" }),
    })
    return event
  },
  OFFERS: async (scene) => {
    const agent = await scene.master.agent()
    const event = await scene.stream.event("OFFERS")
    expect(dig(event, "offers", "offers", 0)).toMatchObject({
      id: { value: "m-O0" },
      framework_id: scene.frameworkId,
      agent_id: agentId(agent),
      hostname: "a1",
      allocation_info: { role: "*" },
      url: {
        scheme: "http",
        address: { hostname: "a1", ip: "10.0.2.1", port: 5051 },
        path: "/slave(1)",
      },
    })
    return event
  },
  INVERSE_OFFERS: async (scene) => {
    const { event, agent } = await inverseOffer(scene)
    expect(dig(event, "inverse_offers", "inverse_offers")).toMatchObject([
      { framework_id: scene.frameworkId, agent_id: agentId(agent), unavailability },
    ])
    return event
  },
  RESCIND_INVERSE_OFFER: async (scene) => {
    const { id } = await inverseOffer(scene)
    await announce(scene, [])
    const event = await scene.stream.event("RESCIND_INVERSE_OFFER")
    expect(event["rescind_inverse_offer"]).toEqual({ inverse_offer_id: id })
    return event
  },
  RESCIND: async (scene) => {
    const agent = await scene.master.agent()
    const offer = await scene.offer()
    scene.master.driver.linkClosed(agent.link)
    const event = await scene.stream.event("RESCIND")
    expect(event["rescind"]).toEqual({ offer_id: offer["id"] })
    return event
  },
  UPDATE: async (scene) => {
    const agent = await scene.master.agent()
    await scene.running(agent)
    const event = await scene.stream.event("UPDATE")
    expect(dig(event, "update", "status")).toMatchObject({
      task_id,
      agent_id: agentId(agent),
      state: "TASK_RUNNING",
      uuid: UUID,
      timestamp: 1.5,
      source: "SOURCE_EXECUTOR",
    })
    return event
  },
  UPDATE_OPERATION_STATUS: async (scene) => {
    await scene.master.agent()
    const offer = await scene.offer()
    const reserve = { resources: [scalar("cpus", 1)] }
    await scene.accept(offer, { type: "RESERVE", id: { value: "o1" }, reserve })
    const event = await scene.stream.event("UPDATE_OPERATION_STATUS")
    expect(dig(event, "update_operation_status", "status")).toMatchObject({
      operation_id: { value: "o1" },
      state: "OPERATION_ERROR",
    })
    return event
  },
  MESSAGE: async (scene) => {
    const agent = await scene.master.agent()
    const frameworkId = scene.id
    agent.send({ kind: "executorMessage", frameworkId, executorId: "e" as never, data: "AQI=" })
    const event = await scene.stream.event("MESSAGE")
    expect(event["message"]).toEqual({
      agent_id: agentId(agent),
      executor_id: { value: "e" },
      data: "AQI=",
    })
    return event
  },
  FAILURE: async (scene) => {
    const agent = await scene.master.agent()
    const offer = await scene.offer()
    const executor = { executor_id: { value: "e" }, command: { value: "executor" } }
    await scene.accept(offer, launch("web", offer, { command: undefined, executor }))
    const frameworkId = scene.id
    agent.send({ kind: "executorExited", frameworkId, executorId: "e" as never, status: 256 })
    const event = await scene.stream.event("FAILURE")
    expect(event["failure"]).toEqual({
      agent_id: agentId(agent),
      executor_id: { value: "e" },
      status: 256,
    })
    return event
  },
  ERROR: async ({ master, encoding }) => {
    const stream = await subscribe(master, encoding, { roles: ["a b"] })
    await until("the end of the stream", () => stream.ended)
    expect(stream.events).toHaveLength(1)
    expect(dig(stream.events[0], "error", "message")).toContain("'a b'")
    return stream.events[0] ?? {}
  },
  HEARTBEAT: async (scene) => {
    const event = await scene.stream.event("HEARTBEAT")
    expect(event).toEqual({ type: "HEARTBEAT" })
    scene.master.clock.advance(15_000)
    await until("the next", () => scene.stream.events.length === 3)
    return event
  },
}

describe.each(ENCODINGS)("2.6: every event in %s", (encoding) => {
  test.each(Object.keys(events))("%s", async (type) => {
    const event = await events[type]?.(await Scene.open(encoding))
    expect(event?.["type"]).toBe(type)
  })
})

test("2.6: no event lacks a row", () => {
  expect(Object.keys(events).sort()).toEqual(enumNames("mesos.v1.scheduler.Event.Type"))
})
