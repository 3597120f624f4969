import { afterEach, expect, test } from "bun:test"
import fc from "fast-check"
import { anyMessage } from "../fixtures/any-message.ts"
import { TestMaster, dig, until } from "./master-harness.ts"

let fatal: unknown
afterEach(() => expect(fatal).toBeUndefined())

/** Puts ids that exist in the place of random ones, so that calls reach what they name. */
function withRealIds(json: unknown, pick: (kind: string) => string | undefined): unknown {
  if (Array.isArray(json)) return json.map((each) => withRealIds(each, pick))
  if (typeof json !== "object" || json === null) return json
  return Object.fromEntries(
    Object.entries(json).map(([key, value]) => {
      const kind = /^(framework|agent|offer|task|executor)_ids?$/.exec(key)?.[1]
      const real = kind === undefined ? undefined : pick(kind)
      if (real === undefined) return [key, withRealIds(value, pick)]
      return [key, Array.isArray(value) ? [{ value: real }] : { value: real }]
    }),
  )
}

const uuid = btoa("0123456789abcdef")

test("no call that decodes can bring the master down", async () => {
  const master = await TestMaster.start({}, (cause) => void (fatal = cause))
  const agents = [await master.agent(), await master.agent()]
  const capabilities = [{ type: "MULTI_ROLE" }, { type: "PARTITION_AWARE" }]
  const stream = await master.subscribe({ capabilities, failover_timeout: 1e6 })
  const id = dig(await stream.event("SUBSCRIBED"), "subscribed", "framework_id", "value") as string
  const pool: Record<string, readonly string[]> = {
    framework: [id],
    agent: agents.map((agent) => agent.id),
    task: ["t1", "t2", "t3"],
    executor: ["e1", "e2"],
  }
  const seen = new Set<number>()
  const property = fc.asyncProperty(
    anyMessage("mesos.v1.scheduler.Call", 4),
    fc.nat(),
    async (json, choice) => {
      const offers = [...master.driver.view.offers.keys()]
      const call = withRealIds(json, (kind) => {
        const ids: readonly string[] = kind === "offer" ? offers : (pool[kind] ?? [])
        return choice % 5 === 0 ? undefined : ids[choice % Math.max(ids.length, 1)]
      }) as Record<string, unknown>
      // These end the conversation by right.
      if (call["type"] === "SUBSCRIBE" || call["type"] === "TEARDOWN") return
      if (call["type"] === "ACKNOWLEDGE") Object.assign(call["acknowledge"] as object, { uuid })
      const response = await master.call(
        { ...call, framework_id: { value: id } },
        { "mesos-stream-id": stream.id },
      )
      seen.add(response.status)
      expect([200, 202, 400]).toContain(response.status)
      master.clock.advance(2_000)
      expect(fatal).toBeUndefined()
    },
  )
  await fc.assert(property, { numRuns: 400 })
  expect(seen).toContain(202)
  const revive = { type: "REVIVE", framework_id: { value: id } }
  expect((await master.call(revive, { "mesos-stream-id": stream.id })).status).toBe(202)
}, 30_000)

test("tasks that are right but for one odd member are launched or refused, one by one", async () => {
  const master = await TestMaster.start({}, (cause) => void (fatal = cause))
  const agent = await master.agent()
  const stream = await master.subscribe({ failover_timeout: 1e6 })
  const framework_id = dig(await stream.event("SUBSCRIBED"), "subscribed", "framework_id")
  let count = 0
  const property = fc.asyncProperty(
    anyMessage("mesos.v1.TaskInfo", 3),
    fc.constantFrom(
      "name",
      "executor",
      "container",
      "health_check",
      "check",
      "kill_policy",
      "data",
    ),
    fc.constantFrom("labels", "discovery", "max_completion_time", "limits", "command", "resources"),
    async (odd, first, second) => {
      await until("an offer", () => {
        master.clock.advance(1_000)
        return master.driver.view.offers.size > 0
      })
      const task = {
        name: "web",
        command: { value: "true" },
        resources: [{ name: "cpus", type: "SCALAR", scalar: { value: 0.001 } }],
        ...(dig(odd, first) === undefined ? {} : { [first]: dig(odd, first) }),
        ...(dig(odd, second) === undefined ? {} : { [second]: dig(odd, second) }),
        task_id: { value: `t${count++}` },
        agent_id: { value: agent.id },
      }
      const offer_ids = [...master.driver.view.offers.keys()].map((value) => ({ value }))
      const accept = {
        offer_ids,
        operations: [{ type: "LAUNCH", launch: { task_infos: [task] } }],
        filters: { refuse_seconds: 0 },
      }
      const call = { framework_id, type: "ACCEPT", accept }
      const response = await master.call(call, { "mesos-stream-id": stream.id })
      expect(response.status).toBe(202)
      expect(fatal).toBeUndefined()
    },
  )
  await fc.assert(property, { numRuns: 200 })
  const told = new Set<unknown>()
  await until("word of every task", () => {
    for (const message of agent.received)
      if (message.kind === "runTask") told.add(message.task.taskId)
    for (const event of stream.events) told.add(dig(event, "update", "status", "task_id", "value"))
    told.delete(undefined)
    return told.size === count
  })
  expect(agent.received.some(({ kind }) => kind === "runTask")).toBe(true)
  expect(
    stream.events.some((event) => dig(event, "update", "status", "state") === "TASK_ERROR"),
  ).toBe(true)
  const { tasks } = await master.get("/tasks?limit=1000")
  expect(tasks).toBeArray()
}, 30_000)

test("no operator's call that decodes can bring the master down", async () => {
  const master = await TestMaster.start({}, (cause) => void (fatal = cause))
  const agents = [await master.agent(), await master.agent()]
  const stream = await master.subscribe({ roles: ["db", "*"], failover_timeout: 1e6 })
  const id = dig(await stream.event("SUBSCRIBED"), "subscribed", "framework_id", "value") as string
  const seen = new Set<number>()
  const property = fc.asyncProperty(
    anyMessage("mesos.v1.master.Call", 5),
    fc.nat(),
    async (json, choice) => {
      const ids: Record<string, string> = {
        framework: "never",
        agent: agents[choice % 2]?.id ?? "",
      }
      const call = choice % 5 === 0 ? json : withRealIds(json, (kind) => ids[kind])
      const response = await master.api.request("/api/v1", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(call),
      })
      seen.add(response.status)
      expect([200, 202, 400, 404, 409, 501, 503]).toContain(response.status)
      await response.body?.cancel()
      master.clock.advance(2_000)
      expect(fatal).toBeUndefined()
    },
  )
  await fc.assert(property, { numRuns: 600 })
  expect(seen).toContain(200)
  expect(seen).toContain(400)
  master.driver.checkInvariants()
  const revive = { type: "REVIVE", framework_id: { value: id } }
  expect((await master.call(revive, { "mesos-stream-id": stream.id })).status).toBe(202)
}, 30_000)

test("no SUBSCRIBE that decodes can bring the master down", async () => {
  const master = await TestMaster.start({}, (cause) => void (fatal = cause))
  await master.agent()
  const property = fc.asyncProperty(
    anyMessage("mesos.v1.scheduler.Call.Subscribe", 4),
    async (body) => {
      const id = dig(body, "framework_info", "id")
      const response = await master.call({ type: "SUBSCRIBE", framework_id: id, subscribe: body })
      expect(response.status).toBe(200)
      await response.body?.cancel()
    },
  )
  await fc.assert(property, { numRuns: 150 })
  await until("all to be disconnected", () =>
    [...master.driver.view.frameworks.values()].every(({ connected }) => !connected),
  )
}, 30_000)

test("no body at all can bring the master down", async () => {
  const master = await TestMaster.start({}, (cause) => void (fatal = cause))
  const property = fc.asyncProperty(
    fc.oneof(fc.string(), fc.json(), fc.constant("[".repeat(100_000))),
    fc.constantFrom("/api/v1/scheduler", "/api/v1", "/teardown"),
    async (body, path) => {
      const headers = { "content-type": "application/json" }
      const response = await master.api.request(path, { method: "POST", headers, body })
      expect(response.status).toBe(400)
    },
  )
  await fc.assert(property, { numRuns: 200 })
}, 30_000)
