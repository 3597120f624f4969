/**
 * Section 4 of the reference as tables: a row for each call and each event of the master's operator
 * API, in JSON and in protobuf. A row that is missing fails the test of the table's completeness.
 */
import { describe, expect, test } from "bun:test"
import type { PublishedFiles } from "#lib/master/index.ts"
import { err, ok } from "#lib/std/result.ts"
import { dig, until, type Json, type TestAgent } from "./master-harness.ts"
import { AGENT_CAPABILITIES, ENCODINGS, Scene, enumNames, launch, scalar } from "./mesos-scene.ts"

const agentOf = (scene: Scene): Promise<TestAgent> =>
  scene.master.agent({ capabilities: AGENT_CAPABILITIES })
const idOf = (agent: TestAgent) => ({ value: agent.id })
const machines = [{ hostname: "a1", ip: "10.0.2.1" }]
const HOUR_NS = 3_600_000_000_000
const later = { start: { nanoseconds: 1_700_000_000_000_000_000 + HOUR_NS } }
const schedule = { windows: [{ machine_ids: machines, unavailability: later }] }

const reserved = (name: string, value: number) => ({
  ...scalar(name, value),
  reservations: [{ type: "DYNAMIC", role: "db", principal: "ops" }],
})
const volume = (value: number) => ({
  ...reserved("disk", value),
  disk: {
    persistence: { id: "v1", principal: "ops" },
    volume: { container_path: "data", mode: "RW" },
  },
})

/** Waits for the next operation that the agent is to apply, and has it applied. */
async function applied(agent: TestAgent, kind: string): Promise<void> {
  const sent = () =>
    agent.received.findLast(
      (message) => message.kind === "applyOperation" && message.operation.kind === kind,
    )
  await until(`the agent to hear of ${kind}`, () => sent() !== undefined)
  const message = sent()
  if (message?.kind !== "applyOperation") throw new Error("not an operation")
  const { uuid } = message
  agent.send({
    kind: "operationUpdate",
    operationUuid: uuid,
    status: {
      state: "OPERATION_FINISHED",
      uuid: { value: btoa("fedcba9876543210") },
      agentId: agent.id,
    },
  })
}

const operations = (scene: Scene, agent: TestAgent) => ({
  do: async (type: string, kind: string, body: object) => {
    const call = { type, [type.toLowerCase()]: { agent_id: idOf(agent), ...body } }
    await scene.answered(202, call)
    await applied(agent, kind)
  },
  refused: async (status: number, type: string, body: object) => {
    const call = { type, [type.toLowerCase()]: { agent_id: idOf(agent), ...body } }
    await scene.answered(status, call)
  },
})

/** What a read answers under its own name. */
const read = async (scene: Scene, type: string, body?: object): Promise<unknown> => {
  const name = type.toLowerCase()
  const answer = await scene.answered(200, { type, ...(body && { [name]: body }) })
  expect(dig(answer, "type")).toBe(type)
  return dig(answer, name)
}

const agentState = async (scene: Scene) => dig(await read(scene, "GET_AGENTS"), "agents", 0)
const ofAgent = (type: string, agent: TestAgent, more: object = {}) => ({
  type,
  [type.toLowerCase()]: { agent_id: idOf(agent), ...more },
})

/** What a call answers and does. */
const calls: Record<string, (scene: Scene) => Promise<void>> = {
  GET_HEALTH: async (scene) => expect(await read(scene, "GET_HEALTH")).toEqual({ healthy: true }),
  GET_FLAGS: async (scene) =>
    expect(await read(scene, "GET_FLAGS")).toEqual({ flags: [{ name: "port", value: "5050" }] }),
  GET_VERSION: async (scene) =>
    expect(await read(scene, "GET_VERSION")).toMatchObject({
      version_info: { version: "1.12.0", build_user: "ci" },
    }),
  GET_METRICS: async (scene) =>
    expect(dig(await read(scene, "GET_METRICS", {}), "metrics")).toContainEqual({
      name: "master/elected",
      value: 1,
    }),
  GET_LOGGING_LEVEL: async (scene) =>
    expect(dig(await read(scene, "GET_LOGGING_LEVEL"), "level") ?? 0).toBeNumber(),
  SET_LOGGING_LEVEL: async (scene) => {
    const set_logging_level = { level: 1, duration: { nanoseconds: HOUR_NS } }
    await scene.answered(200, { type: "SET_LOGGING_LEVEL", set_logging_level })
    expect(dig(await read(scene, "GET_LOGGING_LEVEL"), "level")).toBe(1)
  },
  LIST_FILES: async (scene) => {
    await scene.answered(404, { type: "LIST_FILES", list_files: { path: "/none" } })
    expect(dig(await read(scene, "LIST_FILES", { path: "/master" }), "file_infos")).toEqual([
      {
        path: "/master/log",
        size: 6,
        nlink: 1,
        mtime: { nanoseconds: 9_000_000_000 },
        mode: 0o100_640,
        uid: "ada",
        gid: "ops",
      },
    ])
  },
  READ_FILE: async (scene) => {
    await scene.answered(404, { type: "READ_FILE", read_file: { path: "/none", offset: 0 } })
    const answer = await read(scene, "READ_FILE", { path: "/master/log", offset: 1, length: 3 })
    expect(answer).toEqual({ size: 6, data: btoa("ogs") })
  },
  GET_STATE: async (scene) => {
    const agent = await agentOf(scene)
    await scene.running(agent)
    const state = await read(scene, "GET_STATE")
    expect(state).toMatchObject({
      get_tasks: { tasks: [{ task_id: { value: "web" }, state: "TASK_RUNNING" }] },
      get_frameworks: { frameworks: [{ active: true, connected: true, recovered: false }] },
      get_agents: { agents: [{ agent_info: { hostname: "a1" }, active: true }] },
    })
    expect(dig(state, "get_executors")).toBeDefined()
  },
  GET_AGENTS: async (scene) => {
    const agent = await agentOf(scene)
    expect(await agentState(scene)).toMatchObject({
      agent_info: { id: idOf(agent), hostname: "a1" },
      active: true,
      deactivated: false,
      version: "1.12.0",
      total_resources: [{ name: "cpus" }, { name: "disk" }, { name: "mem" }, { name: "ports" }],
      capabilities: AGENT_CAPABILITIES.map((type) => ({ type })),
    })
  },
  GET_FRAMEWORKS: async (scene) =>
    expect(dig(await read(scene, "GET_FRAMEWORKS"), "frameworks")).toMatchObject([
      { framework_info: { id: scene.frameworkId, name: "demo" }, active: true, connected: true },
    ]),
  GET_EXECUTORS: async (scene) => {
    await agentOf(scene)
    const offer = await scene.offer()
    const executor = { executor_id: { value: "e" }, command: { value: "executor" } }
    await scene.accept(offer, launch("web", offer, { command: undefined, executor }))
    expect(dig(await read(scene, "GET_EXECUTORS"), "executors")).toMatchObject([
      { executor_info: { executor_id: { value: "e" } }, agent_id: offer["agent_id"] },
    ])
  },
  GET_OPERATIONS: async (scene) => {
    const agent = await agentOf(scene)
    const resources = [reserved("cpus", 1)]
    await scene.answered(202, ofAgent("RESERVE_RESOURCES", agent, { resources }))
    expect(dig(await read(scene, "GET_OPERATIONS"), "operations")).toMatchObject([
      {
        agent_id: idOf(agent),
        info: { type: "RESERVE" },
        latest_status: { state: "OPERATION_PENDING" },
      },
    ])
  },
  GET_TASKS: async (scene) => {
    await scene.running(await agentOf(scene))
    expect(dig(await read(scene, "GET_TASKS"), "tasks")).toMatchObject([
      { name: "web", task_id: { value: "web" }, framework_id: scene.frameworkId },
    ])
  },
  GET_ROLES: async (scene) =>
    expect(dig(await read(scene, "GET_ROLES"), "roles")).toMatchObject([
      { name: "*", weight: 1, frameworks: [scene.frameworkId] },
    ]),
  GET_WEIGHTS: async (scene) => {
    expect(dig(await read(scene, "GET_WEIGHTS"), "weight_infos") ?? []).toEqual([])
  },
  UPDATE_WEIGHTS: async (scene) => {
    const update = (role: string, weight: number) => ({
      type: "UPDATE_WEIGHTS",
      update_weights: { weight_infos: [{ role, weight }] },
    })
    await scene.answered(400, update("db", 0))
    await scene.answered(400, update("a b", 2))
    await scene.answered(200, update("db", 2.5))
    expect(dig(await read(scene, "GET_WEIGHTS"), "weight_infos")).toEqual([
      { role: "db", weight: 2.5 },
    ])
  },
  GET_MASTER: async (scene) =>
    expect(await read(scene, "GET_MASTER")).toMatchObject({
      master_info: { id: "m", hostname: "m1" },
      start_time: 1_700_000_000,
      elected_time: 1_700_000_000,
    }),
  SUBSCRIBE: async (scene) => {
    const stream = await scene.watch()
    expect(stream.response.headers.get("content-type")).toBe(scene.encoding)
    await stream.event("HEARTBEAT")
    expect(stream.events.map((event) => event["type"])).toEqual(["SUBSCRIBED", "HEARTBEAT"])
    await stream.close()
  },
  RESERVE_RESOURCES: async (scene) => {
    const agent = await agentOf(scene)
    const { do: operate, refused } = operations(scene, agent)
    await refused(400, "RESERVE_RESOURCES", { resources: [scalar("cpus", 1)] })
    await refused(409, "RESERVE_RESOURCES", { resources: [reserved("cpus", 1000)] })
    await scene.answered(400, {
      type: "RESERVE_RESOURCES",
      reserve_resources: { agent_id: { value: "none" }, resources: [reserved("cpus", 1)] },
    })
    await operate("RESERVE_RESOURCES", "reserve", { resources: [reserved("cpus", 1)] })
    const { slaves } = await scene.master.get("/slaves")
    expect(dig(slaves, 0, "reserved_resources", "db")).toMatchObject({ cpus: 1 })
  },
  UNRESERVE_RESOURCES: async (scene) => {
    const agent = await agentOf(scene)
    const { do: operate, refused } = operations(scene, agent)
    await refused(409, "UNRESERVE_RESOURCES", { resources: [reserved("cpus", 1)] })
    await operate("RESERVE_RESOURCES", "reserve", { resources: [reserved("cpus", 1)] })
    await operate("UNRESERVE_RESOURCES", "unreserve", { resources: [reserved("cpus", 1)] })
    const { slaves } = await scene.master.get("/slaves")
    expect(dig(slaves, 0, "reserved_resources")).toEqual({})
  },
  CREATE_VOLUMES: async (scene) => {
    const agent = await agentOf(scene)
    const { do: operate, refused } = operations(scene, agent)
    await refused(409, "CREATE_VOLUMES", { volumes: [volume(10)] })
    await operate("RESERVE_RESOURCES", "reserve", { resources: [reserved("disk", 10)] })
    await operate("CREATE_VOLUMES", "create", { volumes: [volume(10)] })
    const { slaves } = await scene.master.get("/slaves")
    expect(dig(slaves, 0, "reserved_resources_full", "db", 0)).toMatchObject({
      disk: { persistence: { id: "v1" } },
    })
  },
  DESTROY_VOLUMES: async (scene) => {
    const agent = await agentOf(scene)
    const { do: operate, refused } = operations(scene, agent)
    await refused(400, "DESTROY_VOLUMES", { volumes: [volume(10)] })
    await operate("RESERVE_RESOURCES", "reserve", { resources: [reserved("disk", 10)] })
    await operate("CREATE_VOLUMES", "create", { volumes: [volume(10)] })
    await operate("DESTROY_VOLUMES", "destroy", { volumes: [volume(10)] })
    const { slaves } = await scene.master.get("/slaves")
    expect(dig(slaves, 0, "reserved_resources_full", "db", 0)).not.toHaveProperty("disk")
  },
  GROW_VOLUME: async (scene) => {
    const agent = await agentOf(scene)
    const { do: operate, refused } = operations(scene, agent)
    await operate("RESERVE_RESOURCES", "reserve", { resources: [reserved("disk", 20)] })
    await operate("CREATE_VOLUMES", "create", { volumes: [volume(10)] })
    const grow = (addition: number) => ({
      volume: volume(10),
      addition: reserved("disk", addition),
    })
    await refused(400, "GROW_VOLUME", grow(0))
    await operate("GROW_VOLUME", "growVolume", grow(10))
  },
  SHRINK_VOLUME: async (scene) => {
    const agent = await agentOf(scene)
    const { do: operate, refused } = operations(scene, agent)
    await operate("RESERVE_RESOURCES", "reserve", { resources: [reserved("disk", 20)] })
    await operate("CREATE_VOLUMES", "create", { volumes: [volume(20)] })
    const shrink = (value: number) => ({ volume: volume(20), subtract: { value } })
    await refused(400, "SHRINK_VOLUME", shrink(20))
    await operate("SHRINK_VOLUME", "shrinkVolume", shrink(10))
  },
  GET_MAINTENANCE_STATUS: async (scene) => {
    await scene.answered(200, {
      type: "UPDATE_MAINTENANCE_SCHEDULE",
      update_maintenance_schedule: { schedule },
    })
    const status = dig(await read(scene, "GET_MAINTENANCE_STATUS"), "status")
    expect(status).toMatchObject({ draining_machines: [{ id: machines[0] }] })
  },
  GET_MAINTENANCE_SCHEDULE: async (scene) =>
    expect(dig(await read(scene, "GET_MAINTENANCE_SCHEDULE"), "schedule", "windows") ?? []).toEqual(
      [],
    ),
  UPDATE_MAINTENANCE_SCHEDULE: async (scene) => {
    const update = (windows: readonly object[]) => ({
      type: "UPDATE_MAINTENANCE_SCHEDULE",
      update_maintenance_schedule: { schedule: { windows } },
    })
    await scene.answered(400, update([{ machine_ids: [], unavailability: later }]))
    await scene.answered(200, update(schedule.windows))
    expect(dig(await read(scene, "GET_MAINTENANCE_SCHEDULE"), "schedule")).toEqual(schedule)
  },
  START_MAINTENANCE: async (scene) => {
    const start = { type: "START_MAINTENANCE", start_maintenance: { machines } }
    await scene.answered(400, start)
    await scene.answered(200, {
      type: "UPDATE_MAINTENANCE_SCHEDULE",
      update_maintenance_schedule: { schedule },
    })
    await scene.answered(200, start)
    expect(dig(await read(scene, "GET_MAINTENANCE_STATUS"), "status", "down_machines")).toEqual(
      machines,
    )
  },
  STOP_MAINTENANCE: async (scene) => {
    const stop = { type: "STOP_MAINTENANCE", stop_maintenance: { machines } }
    await scene.answered(400, stop)
    await scene.answered(200, {
      type: "UPDATE_MAINTENANCE_SCHEDULE",
      update_maintenance_schedule: { schedule },
    })
    await scene.answered(200, { type: "START_MAINTENANCE", start_maintenance: { machines } })
    await scene.answered(200, stop)
    expect(await read(scene, "GET_MAINTENANCE_STATUS")).toEqual({ status: {} })
  },
  DRAIN_AGENT: async (scene) => {
    const agent = await agentOf(scene)
    await scene.running(agent)
    await scene.answered(400, {
      type: "DRAIN_AGENT",
      drain_agent: { agent_id: { value: "none" } },
    })
    const max_grace_period = { seconds: 600, nanos: 0 }
    await scene.answered(200, ofAgent("DRAIN_AGENT", agent, { max_grace_period }))
    expect(await agentState(scene)).toMatchObject({
      deactivated: true,
      drain_info: {
        state: "DRAINING",
        config: { max_grace_period: { nanoseconds: 600_000_000_000 } },
      },
    })
    await until("the agent to drain", () => agent.received.some(({ kind }) => kind === "drain"))
  },
  DEACTIVATE_AGENT: async (scene) => {
    const agent = await agentOf(scene)
    await scene.answered(400, ofAgent("DEACTIVATE_AGENT", { ...agent, id: "none" as never }))
    await scene.answered(200, ofAgent("DEACTIVATE_AGENT", agent))
    expect(await agentState(scene)).toMatchObject({ active: false, deactivated: true })
  },
  REACTIVATE_AGENT: async (scene) => {
    const agent = await agentOf(scene)
    await scene.answered(400, ofAgent("REACTIVATE_AGENT", agent))
    await scene.answered(200, ofAgent("DEACTIVATE_AGENT", agent))
    await scene.answered(200, ofAgent("REACTIVATE_AGENT", agent))
    expect(await agentState(scene)).toMatchObject({ active: true, deactivated: false })
  },
  GET_QUOTA: async (scene) => {
    expect(dig(await read(scene, "GET_QUOTA"), "status", "configs") ?? []).toEqual([])
  },
  UPDATE_QUOTA: async (scene) => {
    await agentOf(scene)
    const update = (role: string, limit: number) => ({
      type: "UPDATE_QUOTA",
      update_quota: {
        quota_configs: [
          { role, guarantees: { cpus: { value: 1 } }, limits: { cpus: { value: limit } } },
        ],
      },
    })
    await scene.answered(400, update("a/b", 2))
    await scene.answered(400, update("db", 0.5))
    await scene.answered(200, update("db", 2))
    expect(dig(await read(scene, "GET_QUOTA"), "status", "configs")).toEqual([
      { role: "db", guarantees: { cpus: { value: 1 } }, limits: { cpus: { value: 2 } } },
    ])
  },
  SET_QUOTA: async (scene) => {
    await agentOf(scene)
    const set = (cpus: number) => ({
      type: "SET_QUOTA",
      set_quota: { quota_request: { role: "db", guarantee: [scalar("cpus", cpus)] } },
    })
    await scene.answered(409, set(1000))
    const none = { type: "SET_QUOTA", set_quota: { quota_request: { role: "db" } } }
    await scene.answered(400, none)
    await scene.answered(200, set(1))
    await scene.answered(400, set(1))
    expect(dig(await read(scene, "GET_QUOTA"), "status", "configs")).toEqual([
      { role: "db", guarantees: { cpus: { value: 1 } }, limits: { cpus: { value: 1 } } },
    ])
  },
  REMOVE_QUOTA: async (scene) => {
    await agentOf(scene)
    await scene.answered(200, {
      type: "SET_QUOTA",
      set_quota: { quota_request: { role: "db", guarantee: [scalar("cpus", 1)] } },
    })
    await scene.answered(200, { type: "REMOVE_QUOTA", remove_quota: { role: "db" } })
    await scene.answered(200, { type: "REMOVE_QUOTA", remove_quota: { role: "db" } })
    expect(dig(await read(scene, "GET_QUOTA"), "status", "configs") ?? []).toEqual([])
  },
  TEARDOWN: async (scene) => {
    const call = (framework_id: unknown) => ({ type: "TEARDOWN", teardown: { framework_id } })
    await scene.answered(400, call({ value: "none" }))
    await scene.answered(200, call(scene.frameworkId))
    await until("the end of the stream", () => scene.stream.ended)
  },
  MARK_AGENT_GONE: async (scene) => {
    const agent = await agentOf(scene)
    await scene.running(agent)
    await scene.answered(404, ofAgent("MARK_AGENT_GONE", { ...agent, id: "none" as never }))
    await scene.answered(200, ofAgent("MARK_AGENT_GONE", agent))
    await scene.answered(200, ofAgent("MARK_AGENT_GONE", agent))
    const states = () => scene.stream.events.map((event) => dig(event, "update", "status", "state"))
    await until("the status", () => states().includes("TASK_GONE_BY_OPERATOR"))
    expect(dig(await read(scene, "GET_AGENTS"), "agents") ?? []).toEqual([])
  },
}

/** What makes the master tell operators of an event; yields it. */
const events: Record<string, (scene: Scene) => Promise<Json>> = {
  SUBSCRIBED: async (scene) => {
    await scene.running(await agentOf(scene))
    const stream = await scene.watch()
    const event = await stream.event("SUBSCRIBED")
    expect(event["subscribed"]).toMatchObject({
      heartbeat_interval_seconds: 15,
      get_state: {
        get_tasks: { tasks: [{ task_id: { value: "web" } }] },
        get_agents: { agents: [{ agent_info: { hostname: "a1" } }] },
        get_frameworks: { frameworks: [{ framework_info: { id: scene.frameworkId } }] },
      },
    })
    return event
  },
  HEARTBEAT: async (scene) => {
    const stream = await scene.watch()
    const event = await stream.event("HEARTBEAT")
    scene.master.clock.advance(15_000)
    await until("the next", () => stream.events.length === 3)
    return event
  },
  TASK_ADDED: async (scene) => {
    const agent = await agentOf(scene)
    const stream = await scene.watch()
    await scene.running(agent)
    const event = await stream.event("TASK_ADDED")
    expect(dig(event, "task_added", "task")).toMatchObject({
      task_id: { value: "web" },
      framework_id: scene.frameworkId,
      agent_id: idOf(agent),
      state: "TASK_STAGING",
    })
    return event
  },
  TASK_UPDATED: async (scene) => {
    const agent = await agentOf(scene)
    const stream = await scene.watch()
    await scene.running(agent)
    const event = await stream.event("TASK_UPDATED")
    expect(event["task_updated"]).toMatchObject({
      framework_id: scene.frameworkId,
      state: "TASK_RUNNING",
      status: { task_id: { value: "web" }, state: "TASK_RUNNING" },
    })
    return event
  },
  AGENT_ADDED: async (scene) => {
    const stream = await scene.watch()
    const agent = await agentOf(scene)
    const event = await stream.event("AGENT_ADDED")
    expect(dig(event, "agent_added", "agent")).toMatchObject({
      agent_info: { id: idOf(agent), hostname: "a1" },
      active: true,
    })
    return event
  },
  AGENT_REMOVED: async (scene) => {
    const agent = await agentOf(scene)
    const stream = await scene.watch()
    agent.send({ kind: "unregister" })
    const event = await stream.event("AGENT_REMOVED")
    expect(event["agent_removed"]).toEqual({ agent_id: idOf(agent) })
    return event
  },
  FRAMEWORK_ADDED: async (scene) => {
    const stream = await scene.watch()
    const other = await scene.master.subscribe({ name: "other" })
    const id = dig(await other.event("SUBSCRIBED"), "subscribed", "framework_id")
    const event = await stream.event("FRAMEWORK_ADDED")
    expect(dig(event, "framework_added", "framework")).toMatchObject({
      framework_info: { id, name: "other" },
      active: true,
      connected: true,
    })
    return event
  },
  FRAMEWORK_UPDATED: async (scene) => {
    const stream = await scene.watch()
    await stream.event("SUBSCRIBED")
    await scene.master.subscribe({ id: scene.frameworkId, name: "renamed" })
    const event = await stream.event("FRAMEWORK_UPDATED")
    expect(dig(event, "framework_updated", "framework", "framework_info")).toMatchObject({
      id: scene.frameworkId,
      name: "renamed",
    })
    return event
  },
  FRAMEWORK_REMOVED: async (scene) => {
    const stream = await scene.watch()
    await scene.accepted({ type: "TEARDOWN" })
    const event = await stream.event("FRAMEWORK_REMOVED")
    expect(dig(event, "framework_removed", "framework_info")).toMatchObject({
      id: scene.frameworkId,
      name: "demo",
    })
    return event
  },
}

/** A folder "/master" with one file, "log". */
const published: PublishedFiles = {
  files: new Map([["/master", { root: "/var/log", path: "" }]]),
  reader: {
    stat: () => Promise.resolve(err({ code: "notFound", message: "" })),
    list: ({ path }) =>
      Promise.resolve(
        path === ""
          ? ok([
              {
                name: "log",
                size: 6,
                nlink: 1,
                mtime: 9,
                mode: "-rw-r-----",
                uid: "ada",
                gid: "ops",
              },
            ])
          : err({ code: "notADirectory", message: "" }),
      ),
    read: (_, { offset, length }) => {
      const bytes = new TextEncoder().encode("logs!\n").slice(offset, offset + length)
      return Promise.resolve(ok({ bytes, fileSize: 6 }))
    },
    download: () => Promise.resolve(err({ code: "denied", message: "" })),
  },
}

const open = (encoding: string): Promise<Scene> =>
  Scene.open(encoding, {}, { flags: { port: "5050" }, published })

describe.each(ENCODINGS)("4.1 to 4.3: every call in %s", (encoding) => {
  test.each(Object.keys(calls))("%s", async (type) => {
    await calls[type]?.(await open(encoding))
  })
})

test("4.1 to 4.3: no call lacks a row", () => {
  expect(Object.keys(calls).sort()).toEqual(enumNames("mesos.v1.master.Call.Type"))
})

describe.each(ENCODINGS)("4.4: every event in %s", (encoding) => {
  test.each(Object.keys(events))("%s", async (type) => {
    const event = await events[type]?.(await open(encoding))
    expect(event?.["type"]).toBe(type)
  })
})

test("4.4: no event lacks a row", () => {
  expect(Object.keys(events).sort()).toEqual(enumNames("mesos.v1.master.Event.Type"))
})
