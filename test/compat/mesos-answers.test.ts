/** Sections 1.2, 1.6 and 1.7 of the reference: who answers what, in which words, and what JSON may say. */
import { describe, expect, test } from "bun:test"
import { agentApi } from "./agent-harness.ts"
import { TestMaster, dig, until, type Json } from "./master-harness.ts"
import { AGENT_CAPABILITIES, JSON_TYPE, Scene, launch, scalar } from "./mesos-scene.ts"

const SCHEDULER = "/api/v1/scheduler"
const info = { user: "svc", name: "demo" }
const subscribe = { type: "SUBSCRIBE", subscribe: { framework_info: info } }

describe("1.2: a master that does not lead", () => {
  const OWN = [
    "/health",
    "/version",
    "/flags",
    "/metrics/snapshot",
    "/metrics",
    "/files/debug",
    "/logging/toggle",
    "/system/stats.json",
    "/help",
  ]
  const LEADERS = [
    ["POST", SCHEDULER],
    ["POST", "/api/v1"],
    ...[
      "/state",
      "/state-summary",
      "/slaves",
      "/frameworks",
      "/tasks",
      "/roles",
      "/maintenance/status",
      "/maintenance/schedule",
      "/quota",
      "/weights",
    ].map((path) => ["GET", path]),
    ...[
      "/machine/up",
      "/machine/down",
      "/reserve",
      "/unreserve",
      "/create-volumes",
      "/destroy-volumes",
      "/teardown",
      "/quota",
      "/maintenance/schedule",
    ].map((path) => ["POST", path]),
    ["PUT", "/weights"],
    ["DELETE", "/quota/db"],
  ] as [string, string][]

  test.each(LEADERS)(
    "sends %s %s to the leader, or says that there is none",
    async (method, path) => {
      const following = await TestMaster.start({
        leadership: () => ({ kind: "other", hostname: "m2", port: 5055 }),
      })
      const lost = await TestMaster.start({ leadership: () => ({ kind: "unknown" }) })
      for (const spelling of [`${path}?a=b%20c`, `/master${path}`]) {
        const moved = await following.api.request(spelling, { method })
        expect([moved.status, moved.headers.get("location")]).toEqual([307, `//m2:5055${spelling}`])
        const nobody = await lost.api.request(spelling, { method })
        expect([nobody.status, await nobody.text()]).toEqual([503, "No leader elected"])
      }
    },
  )

  test.each(OWN)("answers %s itself", async (path) => {
    const lost = await TestMaster.start({ leadership: () => ({ kind: "unknown" }) })
    expect((await lost.api.request(path)).status).toBe(200)
  })
})

describe("1.6: the words of a refusal", () => {
  const STREAM = "mesos-stream-id"
  const revive = (id = "x") => ({ type: "REVIVE", framework_id: { value: id } })
  type Row = readonly [
    what: string,
    status: number,
    text: string,
    body: unknown,
    Record<string, string>,
  ]
  const rows: readonly Row[] = [
    [
      "no Content-Type",
      400,
      "Expecting 'Content-Type' to be present",
      subscribe,
      { "content-type": "" },
    ],
    [
      "another Content-Type",
      415,
      "Expecting 'Content-Type' of application/json or application/x-protobuf, not 'text/xml'",
      subscribe,
      { "content-type": "text/xml" },
    ],
    ["no JSON", 400, "Failed to parse body into JSON", "{", {}],
    ["no type", 400, "Failed to validate scheduler::Call: Expecting 'type' to be present", {}, {}],
    [
      "no message",
      400,
      "Failed to validate scheduler::Call: Expecting 'subscribe' to be present",
      { type: "SUBSCRIBE" },
      {},
    ],
    [
      "no framework",
      400,
      "Failed to validate scheduler::Call: Expecting 'framework_id' to be present",
      { type: "REVIVE" },
      {},
    ],
    [
      "ids that differ",
      400,
      "Failed to validate scheduler::Call: 'framework_id' differs from 'subscribe.framework_info.id'",
      { ...subscribe, framework_id: { value: "x" } },
      {},
    ],
    [
      "another Accept",
      406,
      "Expecting 'Accept' to allow application/json or application/x-protobuf",
      subscribe,
      { accept: "text/html" },
    ],
    [
      "a stream id on SUBSCRIBE",
      400,
      "Subscribe calls should not include the 'Mesos-Stream-Id' header",
      subscribe,
      { [STREAM]: "s" },
    ],
    ["a framework nobody knows", 400, "Framework cannot be found", revive(), { [STREAM]: "s" }],
  ]
  test.each(rows)("%s: %d", async (_, status, text, body, headers) => {
    const master = await TestMaster.start()
    const response = await master.call(body, headers)
    expect([response.status, await response.text()]).toEqual([status, text])
    expect(response.headers.get("content-type")).toContain("text/plain")
  })

  test("of a framework's own streams", async () => {
    const scene = await Scene.open(JSON_TYPE)
    const call = { ...revive(scene.id) }
    const answer = async (headers: Record<string, string>) => {
      const response = await scene.master.call(call, headers)
      return [response.status, await response.text()]
    }
    expect(await answer({})).toEqual([
      400,
      "All non-subscribe calls should include the 'Mesos-Stream-Id' header",
    ])
    expect(await answer({ [STREAM]: "other" })).toEqual([
      400,
      `The stream ID 'other' included in this request didn't match the stream ID currently associated with framework ID '${String(scene.id)}'`,
    ])
    await scene.stream.close()
    await until("the disconnection", () =>
      [...scene.master.driver.view.frameworks.values()].every(({ connected }) => !connected),
    )
    expect(await answer({ [STREAM]: scene.stream.id })).toEqual([
      403,
      "Framework is not subscribed",
    ])
  })
})

describe("1.6: the words of the operator endpoints", () => {
  const TYPES = "application/json or application/x-protobuf"
  type Row = readonly [number, string, unknown, Record<string, string>]
  const rows: readonly Row[] = [
    [400, "Expecting 'Content-Type' to be present", { type: "GET_HEALTH" }, { "content-type": "" }],
    [
      415,
      `Expecting 'Content-Type' of ${TYPES}, not 'text/xml'`,
      { type: "GET_HEALTH" },
      { "content-type": "text/xml" },
    ],
    [400, "Failed to parse body into JSON", "{", {}],
    [406, `Expecting 'Accept' to allow ${TYPES}`, { type: "GET_HEALTH" }, { accept: "text/html" }],
  ]
  const ask = async (
    send: (path: string, init: RequestInit) => Response | Promise<Response>,
    body: unknown,
    headers: Record<string, string>,
  ) => {
    const text = typeof body === "string" ? body : JSON.stringify(body)
    const init = { method: "POST", headers: { "content-type": JSON_TYPE, ...headers }, body: text }
    const response = await send("/api/v1", init)
    return [response.status, await response.text()]
  }
  test.each(rows)("%d: %s", async (status, text, body, headers) => {
    const { api } = await TestMaster.start()
    expect(await ask((path, init) => api.request(path, init), body, headers)).toEqual([
      status,
      text,
    ])
    const agent = await ask(agentApi(), body, headers)
    // An agent knows one more type: streams of records.
    expect([agent[0], String(agent[1]).split(",")[0]]).toEqual([
      status,
      expect.stringContaining(text.split(" ").slice(0, 3).join(" ")) as never,
    ])
  })

  test("a call that is none of this API is 501 by its name", async () => {
    const { api } = await TestMaster.start()
    const send = (path: string, init: RequestInit) => api.request(path, init)
    const [status, text] = await ask(send, { type: "UNKNOWN" }, {})
    expect([status, typeof text]).toEqual([501, "string"])
    expect((await ask(agentApi(), { type: "UNKNOWN" }, {}))[0]).toBe(501)
  })

  test.each(["/api/v1", "/api/v1/scheduler"])("%s takes POST alone", async (path) => {
    const { api } = await TestMaster.start()
    for (const method of ["GET", "PUT", "DELETE", "HEAD"]) {
      const refused = await api.request(path, { method })
      expect([refused.status, refused.headers.get("allow")]).toEqual([405, "POST"])
    }
  })
})

describe("1.7: JSON", () => {
  /** A call that is accepted, and the task that the agent is told to launch. */
  async function launched(change: object): Promise<Json> {
    const scene = await Scene.open(JSON_TYPE)
    const agent = await scene.master.agent({ capabilities: AGENT_CAPABILITIES })
    const offer = await scene.offer()
    await scene.accept(offer, launch("web", offer, change))
    const found = agent.received.find(({ kind }) => kind === "runTask")
    return dig(found, "task") as Json
  }
  /** The answer to a call with such a task. */
  async function refused(change: object): Promise<string> {
    const scene = await Scene.open(JSON_TYPE)
    const offer_ids = [{ value: "o" }]
    const operations = [launch("web", { agent_id: { value: "a" } }, change)]
    const response = await scene.call({ type: "ACCEPT", accept: { offer_ids, operations } })
    expect(response.status).toBe(400)
    return await response.text()
  }
  const check = (change: object) => ({ health_check: { type: "TCP", tcp: { port: 1 }, ...change } })

  test.each<[string, object, object]>([
    [
      "numbers as texts",
      check({ tcp: { port: "8080" } }),
      { healthCheck: { tcp: { port: 8080 } } },
    ],
    ["doubles as texts", check({ delay_seconds: "1.5" }), { healthCheck: { delaySeconds: 1.5 } }],
    [
      "large numbers as texts",
      { max_completion_time: { nanoseconds: "3600000000000" } },
      { maxCompletionTime: { nanoseconds: 3_600_000_000_000 } },
    ],
    ["truth as text", { command: { value: "x", shell: "true" } }, { command: { shell: true } }],
    [
      "endless limits",
      { limits: { mem: { value: "Infinity" } } },
      { limits: { mem: { value: Infinity } } },
    ],
    ["bytes in base64", { data: "AP8=" }, { data: "AP8=" }],
    ["null for what is unset", { labels: null, data: null }, { name: "web" }],
    ["fields of the future", { of_the_future: { a: [1] } }, { name: "web" }],
    ["maps as objects", { limits: { cpus: { value: 2 } } }, { limits: { cpus: { value: 2 } } }],
    [
      "enums of the future, dropped where they may be absent",
      {
        command: {
          value: "x",
          environment: { variables: [{ name: "A", type: "NEW", value: "1" }] },
        },
      },
      { command: { environment: { variables: [{ name: "A", value: "1" }] } } },
    ],
    [
      "three decimals of an amount",
      { resources: [scalar("cpus", 0.12345), scalar("mem", 32)] },
      { resources: [{ value: { milli: 123 } }, { value: { milli: 32_000 } }] },
    ],
  ])("may say %s", async (_, change, expected) => {
    expect(await launched(change)).toMatchObject(expected)
  })

  test("null is not passed on as a value", async () => {
    expect(await launched({ labels: null })).not.toHaveProperty("labels")
  })

  test.each<[string, object, string]>([
    ["a missing field", { task_id: undefined }, "task_id"],
    ["null for what must be there", { name: null }, "name"],
    ["an enum as a number", check({ type: 3 }), "health_check.type"],
    ["a text for a number", check({ tcp: { port: "http" } }), "health_check.tcp.port"],
    ["a part of a number", check({ tcp: { port: 1.5 } }), "health_check.tcp.port"],
    ["a number that does not fit", check({ tcp: { port: 2 ** 32 } }), "health_check.tcp.port"],
    ["NaN", check({ delay_seconds: "NaN" }), "health_check.delay_seconds"],
    ["bytes that are none", { data: "?" }, "data"],
    ["bytes without padding", { data: "AP8" }, "data"],
    ["a number for a text", { name: 1 }, "name"],
    ["a number for truth", { command: { shell: 1 } }, "command.shell"],
    ["an object for a list", { resources: {} }, "resources"],
    ["a list for an object", { command: [] }, "command"],
    ["an id as a text", { task_id: "web" }, "task_id"],
    ["an unknown enum where one must be", { container: { type: "NEW" } }, "container.type"],
  ])("that says %s is refused with its path", async (_, change, path) => {
    const text = await refused(change)
    expect(text).toContain(`accept.operations[0].launch.task_infos[0].${path}`)
  })

  test("camelCase is no alias", async () => {
    expect(await refused({ task_id: undefined, taskId: { value: "web" } })).toContain("task_id")
  })

  test("what is written: defaults that matter, numbers as numbers, no empty lists", async () => {
    const scene = await Scene.open(JSON_TYPE)
    const agent = await scene.master.agent({ capabilities: AGENT_CAPABILITIES })
    await scene.running(agent)
    const frameworks = await scene.answered(200, { type: "GET_FRAMEWORKS" })
    expect(dig(frameworks, "get_frameworks", "frameworks", 0, "framework_info")).toMatchObject({
      checkpoint: false,
      failover_timeout: 60,
    })
    const agents = await scene.answered(200, { type: "GET_AGENTS" })
    expect(dig(agents, "get_agents", "agents", 0, "agent_info", "port")).toBe(5051)
    const nanoseconds = dig(agents, "get_agents", "agents", 0, "registered_time", "nanoseconds")
    expect(nanoseconds).toBe(1_700_000_000_000_000_000)
    const tasks = dig(await scene.answered(200, { type: "GET_TASKS" }), "get_tasks")
    // Only the lists of the state calls are written when they are empty.
    expect(dig(tasks, "completed_tasks")).toEqual([])
    expect(dig(tasks, "tasks", 0)).not.toHaveProperty("labels")
    expect(JSON.stringify(tasks)).not.toContain('"variables":[]')
  })
})
