import { describe, expect, test } from "bun:test"
import { TestMaster, dig, until } from "./master-harness.ts"

const post = (master: TestMaster, body: unknown, headers: Record<string, string> = {}) =>
  master.api.request("/api/v1", {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  })
const answer = async (master: TestMaster, type: string, body = {}): Promise<unknown> => {
  const response = await post(master, { type, ...body })
  expect(response.status).toBe(200)
  expect(response.headers.get("content-type")).toBe("application/json")
  return response.json()
}

/** A master with an agent and a framework that holds one offer. */
async function cluster() {
  const master = await TestMaster.start({ flags: { port: "5050" } })
  const stream = await master.subscribe()
  const agent = await master.agent()
  const offers = dig(await stream.event("OFFERS"), "offers", "offers")
  const framework_id = dig(offers, 0, "framework_id")
  return { master, stream, agent, framework_id, offerId: dig(offers, 0, "id") }
}

describe("4: the operator endpoint, check by check", () => {
  test.each<[string, number, unknown, Record<string, string>]>([
    ["no Content-Type", 400, { type: "GET_HEALTH" }, { "content-type": "" }],
    ["an unknown Content-Type", 415, { type: "GET_HEALTH" }, { "content-type": "text/xml" }],
    ["a body that is no JSON", 400, "{", {}],
    ["no type", 400, {}, {}],
    ["a missing message", 400, { type: "TEARDOWN" }, {}],
    ["a missing message of options", 400, { type: "GET_METRICS" }, {}],
    ["an unusable Accept", 406, { type: "GET_HEALTH" }, { accept: "text/html" }],
    ["UNKNOWN", 501, { type: "UNKNOWN" }, {}],
    [
      "an unknown framework",
      400,
      { type: "TEARDOWN", teardown: { framework_id: { value: "x" } } },
      {},
    ],
  ])("%s answers %d", async (_, status, body, headers) => {
    expect((await post(await TestMaster.start(), body, headers)).status).toBe(status)
  })

  test("401 with its own realm, 307 to the leader, 405 naming POST", async () => {
    const refusing = await TestMaster.start({ authenticate: () => ({ kind: "refused" }) })
    const refused = await post(refusing, { type: "GET_HEALTH" })
    expect(refused.status).toBe(401)
    expect(refused.headers.get("www-authenticate")).toBe('Basic realm="mesos-master-readwrite"')
    const following = await TestMaster.start({
      leadership: () => ({ kind: "other", hostname: "m2", port: 5050 }),
    })
    const moved = await post(following, { type: "GET_HEALTH" })
    expect([moved.status, moved.headers.get("location")]).toEqual([307, "//m2:5050/api/v1"])
    const wrong = await (await TestMaster.start()).api.request("/api/v1")
    expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "POST"])
  })
})

describe("4.1 and 4.2: reads", () => {
  test("GET_HEALTH, GET_VERSION, GET_FLAGS, GET_METRICS, GET_MASTER", async () => {
    const { master } = await cluster()
    expect(await answer(master, "GET_HEALTH")).toEqual({
      type: "GET_HEALTH",
      get_health: { healthy: true },
    })
    expect(await answer(master, "GET_VERSION")).toMatchObject({
      get_version: { version_info: { version: "1.12.0", build_user: "ci" } },
    })
    expect(await answer(master, "GET_FLAGS")).toEqual({
      type: "GET_FLAGS",
      get_flags: { flags: [{ name: "port", value: "5050" }] },
    })
    const metrics = dig(
      await answer(master, "GET_METRICS", { get_metrics: {} }),
      "get_metrics",
      "metrics",
    )
    expect(metrics).toContainEqual({ name: "master/slaves_active", value: 1 })
    expect(await answer(master, "GET_MASTER")).toEqual({
      type: "GET_MASTER",
      get_master: {
        master_info: { id: "m", ip: 16777343, port: 5050, hostname: "m1" },
        start_time: 1_700_000_000,
        elected_time: 1_700_000_000,
      },
    })
  })

  test("GET_AGENTS shows resources in both forms, GET_FRAMEWORKS offers, GET_ROLES who holds what", async () => {
    const { master, agent, framework_id, offerId } = await cluster()
    const cpus = { name: "cpus", type: "SCALAR", scalar: { value: 4 } }
    const agents = dig(await answer(master, "GET_AGENTS"), "get_agents")
    expect(agents).toMatchObject({
      recovered_agents: [],
      agents: [{ active: true, deactivated: false }],
    })
    expect(dig(agents, "agents", 0)).toMatchObject({
      agent_info: { hostname: "a1", id: { value: agent.id }, port: 5051 },
      version: "1.12.0",
      pid: "slave(1)@10.0.2.1:5051",
      registered_time: { nanoseconds: 1_700_000_000_000_000_000 },
      capabilities: [
        { type: "MULTI_ROLE" },
        { type: "HIERARCHICAL_ROLE" },
        { type: "RESERVATION_REFINEMENT" },
      ],
    })
    expect(dig(agents, "agents", 0, "total_resources", 0)).toEqual({ ...cpus, role: "*" })
    const framework = dig(await answer(master, "GET_FRAMEWORKS"), "get_frameworks", "frameworks", 0)
    expect(framework).toMatchObject({
      framework_info: { id: framework_id, name: "demo", roles: ["*"], checkpoint: false },
      active: true,
      connected: true,
      recovered: false,
      offers: [{ id: offerId, agent_id: { value: agent.id }, hostname: "a1" }],
    })
    expect(dig(await answer(master, "GET_ROLES"), "get_roles", "roles")).toMatchObject([
      { name: "*", weight: 1, frameworks: [framework_id], resources: [cpus, {}, {}, {}] },
    ])
  })

  test("GET_STATE holds all, with empty lists written out", async () => {
    const { master } = await cluster()
    const state = dig(await answer(master, "GET_STATE"), "get_state")
    expect(dig(state, "get_tasks")).toEqual({
      pending_tasks: [],
      tasks: [],
      unreachable_tasks: [],
      completed_tasks: [],
      orphan_tasks: [],
    })
    expect(dig(state, "get_executors")).toEqual({ executors: [], orphan_executors: [] })
    expect(dig(state, "get_frameworks", "completed_frameworks")).toEqual([])
    expect(dig(state, "get_agents", "agents")).toHaveLength(1)
  })

  test("GET_TASKS shows a launched task", async () => {
    const { master, stream, agent, framework_id, offerId } = await cluster()
    const task = {
      name: "web",
      task_id: { value: "web.1" },
      agent_id: { value: agent.id },
      command: { value: "sleep 1" },
      resources: [{ name: "cpus", type: "SCALAR", scalar: { value: 1 } }],
    }
    const operations = [{ type: "LAUNCH", launch: { task_infos: [task] } }]
    const accept = { offer_ids: [offerId], operations }
    await master.call({ framework_id, type: "ACCEPT", accept }, { "mesos-stream-id": stream.id })
    expect(dig(await answer(master, "GET_TASKS"), "get_tasks", "tasks")).toMatchObject([
      {
        name: "web",
        task_id: { value: "web.1" },
        framework_id,
        agent_id: { value: agent.id },
        state: "TASK_STAGING",
        resources: [{ name: "cpus", allocation_info: { role: "*" } }],
      },
    ])
    expect(dig(await master.get("/state"), "frameworks", 0, "tasks", 0)).toMatchObject({
      id: "web.1",
      executor_id: "",
      state: "TASK_STAGING",
      resources: { cpus: 1, gpus: 0, mem: 0, disk: 0 },
    })
    const summary = await master.get("/state-summary")
    expect(dig(summary, "slaves", 0)).toMatchObject({
      TASK_STAGING: 1,
      framework_ids: [dig(framework_id, "value")],
    })
  })
})

describe("5.6: teardown", () => {
  const form = (master: TestMaster, body: string) =>
    master.api.request("/master/teardown", { method: "POST", body })

  test.each(["call", "form"])("by %s ends the framework's stream and completes it", async (way) => {
    const { master, stream, framework_id } = await cluster()
    const id = dig(framework_id, "value") as string
    const response =
      way === "form"
        ? await form(master, `frameworkId=${id}`)
        : await post(master, { type: "TEARDOWN", teardown: { framework_id } })
    expect(response.status).toBe(200)
    await until("the end of the stream", () => stream.ended)
    const state = await master.get("/state")
    expect(state["frameworks"]).toEqual([])
    expect(dig(state, "completed_frameworks", 0)).toMatchObject({
      id,
      active: false,
      connected: false,
    })
  })

  test("400 without an id or with an unknown one, 405 for GET", async () => {
    const master = await TestMaster.start()
    expect((await form(master, "")).status).toBe(400)
    expect((await form(master, "frameworkId=x")).status).toBe(400)
    expect((await master.api.request("/teardown")).status).toBe(405)
  })
})

describe("1.2: finding the leader", () => {
  test("everything but what any master answers follows the leader", async () => {
    const { api } = await TestMaster.start({
      leadership: () => ({ kind: "other", hostname: "m2", port: 5055 }),
    })
    for (const path of [
      "/state",
      "/master/state-summary",
      "/slaves",
      "/frameworks",
      "/tasks?limit=1",
      "/roles",
    ]) {
      const response = await api.request(path)
      expect([response.status, response.headers.get("location")]).toEqual([307, `//m2:5055${path}`])
    }
    for (const path of ["/health", "/version", "/flags", "/metrics/snapshot"])
      expect((await api.request(path)).status).toBe(200)
    expect((await api.request("/redirect")).headers.get("location")).toBe("//m2:5055")
  })

  test("the leader redirects to itself, nobody to nowhere", async () => {
    const { api } = await TestMaster.start()
    for (const path of ["/redirect", "/master/redirect"]) {
      const response = await api.request(path)
      expect([response.status, response.headers.get("location")]).toEqual([307, "//m1:5050"])
    }
    expect((await api.request("/redirect/x")).status).toBe(404)
    const lost = await TestMaster.start({ leadership: () => ({ kind: "unknown" }) })
    expect((await lost.api.request("/redirect")).status).toBe(503)
    expect((await lost.api.request("/state")).status).toBe(503)
  })

  test("/health is empty, and reads are 405 for anything but GET and HEAD", async () => {
    const { api } = await TestMaster.start()
    const healthy = await api.request("/master/health")
    expect([healthy.status, await healthy.text()]).toEqual([200, ""])
    expect((await api.request("/health", { method: "HEAD" })).status).toBe(200)
    const response = await api.request("/state", { method: "POST" })
    expect([response.status, response.headers.get("allow")]).toEqual([405, "GET"])
  })
})
