import { describe, expect, test } from "bun:test"
import {
  brandId,
  type AgentId,
  type ExecutorId,
  type FrameworkId,
  type OfferId,
} from "#lib/mesos/index.ts"
import {
  createMasterApi,
  type ExecutorView,
  type FrameworkView,
  type MasterHttpOptions,
  type MasterView,
  type OfferView,
} from "#lib/master/index.ts"
import {
  agentView,
  frameworkView,
  masterPort,
  masterView,
  resources,
  taskView,
} from "./master-view.ts"

const clock = {
  now: () => 1_700_000_100_000,
  wakeAt: () => () => undefined,
  soon: (run: () => void) => void setImmediate(run),
}
const build = { version: "1.12.0", buildDate: "2026-01-01 10:00:00", buildTime: 1, buildUser: "ci" }
const api = (view: MasterView, change: Partial<MasterHttpOptions> = {}) =>
  createMasterApi({
    master: masterPort(view),
    clock,
    log: { enabled: () => false, write: () => undefined },
    build,
    flags: { port: "5050" },
    ...change,
  })
const get = async (view: MasterView, path: string): Promise<unknown> => {
  const response = await api(view).request(path)
  expect(response.status).toBe(200)
  expect(response.headers.get("content-type")).toBe("application/json")
  return response.json()
}

const web = taskView("web", {
  user: "root",
  labels: { labels: [{ key: "team", value: "blue" }] },
  statuses: [
    {
      taskId: brandId("web"),
      state: "TASK_STARTING",
      timestamp: 1_700_000_030.25,
      message: "hidden",
    },
    {
      taskId: brandId("web"),
      state: "TASK_RUNNING",
      timestamp: 1_700_000_030.75,
      healthy: true,
      containerStatus: {
        containerId: { value: "c" },
        networkInfos: [{ ipAddresses: [{ ipAddress: "10.0.2.1" }] }],
      },
    },
  ],
  discovery: { visibility: "FRAMEWORK", ports: { ports: [{ number: 31005, name: "http" }] } },
  container: { type: "MESOS", mesos: { image: { type: "DOCKER", docker: { name: "web:1" } } } },
  healthCheck: { type: "HTTP", http: { scheme: "http", port: 31005, path: "/health" } },
  limits: { cpus: { value: 2 }, mem: { value: Infinity } },
})
const executor: ExecutorView = {
  executorId: brandId<ExecutorId>("pod-1"),
  agentId: brandId("m-S0"),
  frameworkId: brandId("m-0000"),
  info: {
    executorId: brandId<ExecutorId>("pod-1"),
    type: "CUSTOM",
    command: { shell: false, value: "/run", arguments: ["run"], uris: [{ value: "http://x/y" }] },
  },
  resources: resources("cpus:0.1;mem:32", "*"),
  role: "*",
}
const offer: OfferView = {
  id: brandId<OfferId>("m-O1"),
  frameworkId: brandId("m-0000"),
  agentId: brandId("m-S0"),
  role: "*",
  resources: resources("cpus:1", "*"),
  createdAt: 0,
}
const demo = frameworkView([web], {
  executors: new Set([executor]),
  offers: new Set([offer]),
  offered: () => offer.resources,
})
const node = agentView([web], { offered: offer.resources })
const attributes = [
  { name: "rack", type: "TEXT", text: { value: "r7" } },
  { name: "level", type: "SCALAR", scalar: { value: 3 } },
  { name: "keys", type: "RANGES", ranges: { range: [{ begin: 1, end: 2 }] } },
] as const
const view = masterView({
  agents: new Map([[node.id, { ...node, info: { ...node.info, attributes } }]]),
  frameworks: new Map([[demo.id, demo]]),
})

const flat = (change: object = {}) => ({ cpus: 0, gpus: 0, mem: 0, disk: 0, ...change })
const taskJson = {
  id: "web",
  name: "web",
  framework_id: "m-0000",
  executor_id: "",
  slave_id: "m-S0",
  state: "TASK_RUNNING",
  resources: flat({ cpus: 0.5, mem: 128, ports: "[31005-31005]" }),
  role: "*",
  statuses: [
    { state: "TASK_STARTING", timestamp: 1_700_000_030.25 },
    {
      state: "TASK_RUNNING",
      timestamp: 1_700_000_030.75,
      healthy: true,
      container_status: {
        container_id: { value: "c" },
        network_infos: [{ ip_addresses: [{ protocol: "IPv4", ip_address: "10.0.2.1" }] }],
      },
    },
  ],
  user: "root",
  labels: [{ key: "team", value: "blue" }],
  discovery: { visibility: "FRAMEWORK", ports: { ports: [{ number: 31005, name: "http" }] } },
  container: {
    type: "MESOS",
    mesos: { image: { type: "DOCKER", docker: { name: "web:1" }, cached: true } },
  },
  health_check: {
    type: "HTTP",
    delay_seconds: 15,
    interval_seconds: 10,
    timeout_seconds: 20,
    consecutive_failures: 3,
    grace_period_seconds: 10,
    http: { protocol: "IPv4", scheme: "http", port: 31005, path: "/health" },
  },
  limits: { cpus: 2, mem: "Infinity" },
}
const frameworkHead = {
  id: "m-0000",
  name: "demo",
  used_resources: flat({ cpus: 0.5, mem: 128, ports: "[31005-31005]" }),
  offered_resources: flat({ cpus: 1 }),
  capabilities: ["PARTITION_AWARE"],
  hostname: "",
  webui_url: "",
  active: true,
  connected: true,
  recovered: false,
}
const frameworkJson = {
  ...frameworkHead,
  user: "root",
  failover_timeout: 3600,
  checkpoint: true,
  registered_time: 1_700_000_020,
  unregistered_time: 0,
  resources: flat({ cpus: 1.5, mem: 128, ports: "[31005-31005]" }),
  role: "*",
  tasks: [taskJson],
  unreachable_tasks: [],
  completed_tasks: [],
  offers: [
    {
      id: "m-O1",
      framework_id: "m-0000",
      allocation_info: { role: "*" },
      slave_id: "m-S0",
      resources: flat({ cpus: 1 }),
    },
  ],
  executors: [
    {
      executor_id: "pod-1",
      name: "",
      framework_id: "m-0000",
      command: {
        shell: false,
        value: "/run",
        argv: ["run"],
        uris: [{ value: "http://x/y", executable: false }],
      },
      resources: flat({ cpus: 0.1, mem: 32 }),
      role: "*",
      type: "CUSTOM",
      slave_id: "m-S0",
    },
  ],
  offer_constraints: {},
}
const agentJson = {
  id: "m-S0",
  hostname: "a1",
  port: 5051,
  attributes: { rack: "r7", level: 3, keys: "[1-2]" },
  pid: "slave(1)@10.0.2.1:5051",
  registered_time: 1_700_000_010.1,
  resources: flat({ cpus: 8, mem: 15_000, disk: 100_000, ports: "[31000-32000]" }),
  used_resources: flat({ cpus: 0.5, mem: 128, ports: "[31005-31005]" }),
  offered_resources: flat({ cpus: 1 }),
  reserved_resources: { db: flat({ cpus: 1 }) },
  unreserved_resources: flat({ cpus: 7, mem: 15_000, disk: 100_000, ports: "[31000-32000]" }),
  active: true,
  deactivated: false,
  version: "1.12.0",
  capabilities: ["MULTI_ROLE"],
}
const counts = {
  TASK_STAGING: 0,
  TASK_STARTING: 0,
  TASK_RUNNING: 1,
  TASK_KILLING: 0,
  TASK_FINISHED: 0,
  TASK_KILLED: 0,
  TASK_FAILED: 0,
  TASK_LOST: 0,
  TASK_ERROR: 0,
  TASK_UNREACHABLE: 0,
}

describe("section 5: shapes of the older endpoints", () => {
  test("/state is complete", async () => {
    expect(await get(view, "/state")).toEqual({
      version: "1.12.0",
      build_date: "2026-01-01 10:00:00",
      build_time: 1,
      build_user: "ci",
      start_time: 1_700_000_000.5,
      elected_time: 1_700_000_000.5,
      id: "m",
      pid: "master@10.0.1.1:5050",
      hostname: "m1",
      capabilities: ["AGENT_UPDATE"],
      activated_slaves: 1,
      deactivated_slaves: 0,
      unreachable_slaves: 0,
      leader: "master@10.0.1.1:5050",
      leader_info: { id: "m", pid: "master@10.0.1.1:5050", port: 5050, hostname: "m1" },
      flags: { port: "5050" },
      slaves: [agentJson],
      recovered_slaves: [],
      frameworks: [frameworkJson],
      completed_frameworks: [],
      orphan_tasks: [],
      unregistered_frameworks: [],
    })
  })

  test("/state says where it is, what it is called and what was built, when that is known", async () => {
    const name = (text: string) => ({ name: text })
    const domain = { faultDomain: { region: name("eu"), zone: name("eu-a") } }
    const placed = masterView({ info: { ...view.info, domain } })
    const options = { cluster: "demo", build: { ...build, gitSha: "0123abc" } }
    const read = async (path: string) => (await api(placed, options).request(path)).json()
    expect(await read("/state")).toMatchObject({
      cluster: "demo",
      git_sha: "0123abc",
      domain: { fault_domain: { region: name("eu"), zone: name("eu-a") } },
    })
    expect(await read("/state-summary")).toMatchObject({ cluster: "demo" })
    expect(await read("/version")).toMatchObject({ git_sha: "0123abc" })
  })

  test("/state-summary counts tasks per agent and per framework", async () => {
    const expected = {
      hostname: "m1",
      slaves: [{ ...agentJson, ...counts, framework_ids: ["m-0000"] }],
      frameworks: [{ ...frameworkHead, ...counts, slave_ids: ["m-S0"] }],
    }
    expect(await get(view, "/state-summary")).toEqual(expected)
    expect(await get(view, "/master/state-summary")).toEqual(expected)
  })

  test("/slaves shows resources in full, with reservations in both forms", async () => {
    const scalar = (name: string, value: number) => ({ name, type: "SCALAR", scalar: { value } })
    const ports = (begin: number, end: number) => ({
      name: "ports",
      type: "RANGES",
      ranges: { range: [{ begin, end }] },
    })
    const given = { role: "*", allocation_info: { role: "*" } }
    const db = { role: "db", reservations: [{ type: "STATIC", role: "db" }] }
    expect(await get(view, "/slaves")).toEqual({
      slaves: [
        {
          ...agentJson,
          reserved_resources_full: { db: [{ ...scalar("cpus", 1), ...db }] },
          unreserved_resources_full: [
            { ...scalar("cpus", 7), role: "*" },
            { ...scalar("disk", 100_000), role: "*" },
            { ...scalar("mem", 15_000), role: "*" },
            { ...ports(31_000, 32_000), role: "*" },
          ],
          used_resources_full: [
            { ...scalar("cpus", 0.5), ...given },
            { ...scalar("mem", 128), ...given },
            { ...ports(31_005, 31_005), ...given },
          ],
          offered_resources_full: [{ ...scalar("cpus", 1), ...given }],
        },
      ],
      recovered_slaves: [],
    })
    expect(await get(view, "/slaves?slave_id=other")).toEqual({ slaves: [], recovered_slaves: [] })
  })

  test("agents that did not come back yet show their fault domain, in all reads", async () => {
    const name = (text: string) => ({ name: text })
    const domain = { faultDomain: { region: name("eu"), zone: name("eu-a") } }
    const shown = { fault_domain: { region: name("eu"), zone: name("eu-a") } }
    const id = brandId<AgentId>("m-S9")
    const info = { id, hostname: "a9", resources: [], domain }
    const away = masterView({ recoveredAgents: new Map([[id, { id, info, version: "1.12.0" }]]) })
    for (const path of ["/state", "/slaves"])
      expect(await get(away, path)).toMatchObject({
        slaves: [],
        recovered_slaves: [{ id, hostname: "a9", port: 5051, attributes: {}, domain: shown }],
      })
    const response = await api(away).request("/api/v1", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ type: "GET_AGENTS" }),
    })
    expect(await response.json()).toMatchObject({
      get_agents: { recovered_agents: [{ id: { value: id }, hostname: "a9", domain: shown }] },
    })
  })

  test("/frameworks shows one when its id is given", async () => {
    const none = { completed_frameworks: [], unregistered_frameworks: [] }
    expect(await get(view, "/frameworks?framework_id=m-0000")).toEqual({
      frameworks: [frameworkJson],
      ...none,
    })
    expect(await get(view, "/frameworks?framework_id=x")).toEqual({ frameworks: [], ...none })
  })

  test("/roles sums what frameworks of a role hold, and what is reserved", async () => {
    const role = (name: string, change: object) => ({
      name,
      weight: 1,
      quota: { role: name, guarantee: {}, limit: {}, consumed: {} },
      resources: flat(),
      allocated: flat(),
      offered: flat(),
      reserved: flat(),
      frameworks: [],
      ...change,
    })
    expect(await get(view, "/roles")).toEqual({
      roles: [
        role("*", {
          quota: { role: "*", guarantee: {}, limit: {}, consumed: { cpus: 0.5, mem: 128 } },
          resources: flat({ cpus: 1.5, mem: 128, ports: "[31005-31005]" }),
          allocated: flat({ cpus: 0.5, mem: 128, ports: "[31005-31005]" }),
          offered: flat({ cpus: 1 }),
          frameworks: ["m-0000"],
        }),
        role("db", {
          quota: { role: "db", guarantee: {}, limit: {}, consumed: { cpus: 1 } },
          reserved: flat({ cpus: 1 }),
        }),
      ],
    })
  })

  test("roles of several, principal, labels and re-registration are shown when there are any", async () => {
    const many = frameworkView([], {
      info: {
        ...demo.info,
        principal: "p",
        hostname: "h",
        webuiUrl: "http://h",
        labels: { labels: [{ key: "k" }] },
      },
      capabilities: new Set(["MULTI_ROLE"]),
      roles: ["a", "b"],
      reregisteredAt: 1_700_000_099_000,
    })
    const { frameworks } = (await get(
      masterView({ frameworks: new Map([[many.id, many]]) }),
      "/frameworks",
    )) as { frameworks: Record<string, unknown>[] }
    expect(frameworks[0]).toMatchObject({
      roles: ["a", "b"],
      principal: "p",
      hostname: "h",
      webui_url: "http://h",
      labels: [{ key: "k" }],
      reregistered_time: 1_700_000_099,
    })
    expect(frameworks[0]).not.toHaveProperty("role")
  })

  test("/metrics/snapshot, /flags and /version", async () => {
    expect(await get(view, "/metrics/snapshot?timeout=5secs")).toEqual({ "master/elected": 1 })
    expect((await api(view).request("/metrics/snapshot?timeout=soon")).status).toBe(400)
    expect(await get(view, "/flags")).toEqual({ flags: { port: "5050" } })
    expect(await get(view, "/version")).toEqual({
      version: "1.12.0",
      build_date: "2026-01-01 10:00:00",
      build_time: 1,
      build_user: "ci",
    })
  })

  test("jsonp wraps JSON in a call", async () => {
    const response = await api(view).request("/master/flags?jsonp=cb")
    expect(response.headers.get("content-type")).toBe("text/javascript")
    expect(await response.text()).toBe('cb({"flags":{"port":"5050"}});')
  })

  test("the old .json forms are gone", async () => {
    expect((await api(view).request("/state.json")).status).toBe(404)
  })
})

describe("/tasks", () => {
  const at = (id: string, timestamp: number, change = {}) =>
    taskView(id, {
      ...change,
      statuses: [{ taskId: brandId(id), state: "TASK_RUNNING", timestamp }],
    })
  const live = frameworkView([at("b", 2), at("d", 4)], {
    unreachableTasks: new Map([[brandId("a"), at("a", 1, { state: "TASK_UNREACHABLE" })]]),
    completedTasks: [at("c", 3, { state: "TASK_FINISHED" })],
  })
  const gone: FrameworkView = frameworkView([], {
    id: brandId<FrameworkId>("m-0001"),
    completedTasks: [at("e", 4, { frameworkId: brandId("m-0001") })],
  })
  const all = masterView({
    frameworks: new Map([[live.id, live]]),
    completedFrameworks: new Map([[gone.id, gone]]),
  })
  test.each([
    ["", "d e c b a"],
    ["?order=asc", "a b c d e"],
    ["?order=asc&limit=2", "a b"],
    ["?order=asc&limit=2&offset=1", "b c"],
    ["?limit=1&offset=1", "e"],
    ["?offset=9", ""],
    ["?limit=x", "d e c b a"],
    ["?framework_id=m-0001", "e"],
    ["?task_id=c", "c"],
    ["?task_id=c&framework_id=m-0001", ""],
  ])("%p lists %p", async (query, ids) => {
    const { tasks } = (await get(all, `/tasks${query}`)) as { tasks: { id: string }[] }
    expect(tasks.map(({ id }) => id).join(" ")).toBe(ids)
  })
})

test("a large state is sent in pieces, between which the process goes on", async () => {
  const tasks = Array.from({ length: 3000 }, (_, n) => taskView(`t${n}`))
  const big = frameworkView(tasks)
  let turns = 0
  const counting = { ...clock, soon: (run: () => void) => void (turns++, setImmediate(run)) }
  const large = masterView({ frameworks: new Map([[big.id, big]]) })
  const response = await api(large, { clock: counting }).request("/state")
  const state = (await response.json()) as { frameworks: { tasks: unknown[] }[] }
  expect(state.frameworks[0]?.tasks).toHaveLength(3000)
  expect(turns).toBeGreaterThan(5)
})
