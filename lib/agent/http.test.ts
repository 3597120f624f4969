import { expect, test } from "bun:test"
import { parseAttributes, parseResources, type Resources } from "#lib/mesos/index.ts"
import type { FileLocation, Sandboxes } from "#lib/ports/index.ts"
import { err, ok } from "#lib/std/result.ts"
import { testCalls } from "./test-calls.ts"
import { TestWorld, testOptions, testTask } from "./core/test-world.ts"
import { createAgentApi } from "./http.ts"
import { testExecutors } from "./test-executors.ts"
import { encodeSlice } from "./http/files.ts"
import { sumStatistics } from "./http/container-statistics.ts"

const parsed = <T>(
  result: { readonly ok: true; readonly value: T } | { readonly ok: false },
): T => {
  if (!result.ok) throw new Error("the test's own text is wrong")
  return result.value
}

const resources = (text: string): Resources => parsed(parseResources(text))

const total = resources("cpus:8;mem:15000;disk:100000;ports:[31000-32000];cpus(db):1;mem(db):1024")

/** Files by "root path": what the sandboxes on disk would hold. */
const files: Readonly<Record<string, string>> = {
  stdout: 'hello "world"\n',
  "a/b.txt": "x",
}

const sandboxes: Pick<Sandboxes, "stat" | "list" | "read" | "download"> = {
  stat: () => Promise.resolve(err({ code: "notFound", message: "" })),
  list: ({ path }: FileLocation) =>
    Promise.resolve(
      path === ""
        ? ok([
            {
              name: "stdout",
              size: 14,
              nlink: 1,
              mtime: 9,
              mode: "-rw-r--r--",
              uid: "ada",
              gid: "ada",
            },
          ])
        : err({ code: path === "stdout" ? "notADirectory" : "notFound", message: "" }),
    ),
  read: ({ path }, { offset, length }) => {
    const text = files[path]
    if (path === "") return Promise.resolve(err({ code: "notAFile", message: "" }))
    if (text === undefined) return Promise.resolve(err({ code: "notFound", message: "" }))
    const bytes = new TextEncoder().encode(text)
    const part = bytes.slice(offset, offset + length)
    return Promise.resolve(ok({ bytes: part, fileSize: bytes.length }))
  },
  download: ({ path }) => {
    const text = files[path]
    if (text === undefined) return Promise.resolve(err({ code: "denied", message: "" }))
    const body = new Blob([text]).stream()
    return Promise.resolve(ok({ name: path.split("/").at(-1) ?? "", size: text.length, body }))
  },
}

const served = () => {
  const attributes = parsed(parseAttributes("rack:r7;level:3"))
  const info = { hostname: "a1.example.org", port: 5051, resources: total, attributes }
  const world = new TestWorld(testOptions({ info })).register()
  const clock = { now: () => world.now, wakeAt: () => () => {}, soon: () => {} }
  const api = createAgentApi({
    driver: {
      agent: world.agent,
      recoverySeconds: 0.5,
      fetches: { succeeded: 3, failed: 1 },
      calls: testCalls(world).calls,
      executors: testExecutors(world),
      statistics: () => Promise.resolve({ timestamp: 5, cpusUserTimeSecs: 1.5, memRssBytes: 100 }),
    },
    sandboxes,
    clock,
    log: { enabled: () => false, write: () => {} },
    build: { version: "1.12.0" },
    flags: { port: "5051" },
    startedAt: world.now,
    masterHostname: () => "m1",
    logFile: { root: "/var/log", path: "agent.log" },
    systemMetrics: () => ({ "system/cpus_total": 8 }),
  })
  const get = (path: string): Promise<Response> =>
    Promise.resolve(api.fetch(new Request(`http://a1:5051${path}`)))
  const json = async (path: string): Promise<unknown> => (await get(path)).json()
  return {
    world,
    get,
    json,
    post: (path: string, body: string) =>
      Promise.resolve(api.fetch(new Request(`http://a1${path}`, { method: "POST", body }))),
  }
}

test.each(["/health", "/slave(1)/health", "/slave%281%29/health"])(
  "%s answers 200",
  async (path) => {
    const response = await served().get(path)
    expect([response.status, await response.text()]).toEqual([200, ""])
  },
)

test("state shows the agent, its resources and what it runs", async () => {
  const { world, json } = served()
  const allocated = resources("cpus:0.5;mem:128;ports:[31005-31005]").map((resource) => ({
    ...resource,
    allocationRole: "web",
  }))
  const spec = world.runToRunning(
    testTask("web.1", {
      resources: allocated,
      labels: { labels: [{ key: "team", value: "blue" }] },
      discovery: { visibility: "FRAMEWORK", name: "web" },
    }),
  )
  world.run(testTask("queued"))
  const state = (await json("/slave(1)/state")) as Record<string, unknown>
  expect(state).toMatchObject({
    version: "1.12.0",
    id: "m-S0",
    pid: "slave(1)@10.0.2.1:5051",
    hostname: "a1.example.org",
    attributes: { rack: "r7", level: 3 },
    master_hostname: "m1",
    flags: { port: "5051" },
    resources: { cpus: 9, mem: 16024, disk: 100000, gpus: 0, ports: "[31000-32000]" },
    reserved_resources: { db: { cpus: 1, mem: 1024, disk: 0, gpus: 0 } },
    unreserved_resources: { cpus: 8, mem: 15000 },
    unreserved_resources_allocated: { cpus: 0.5, mem: 128, ports: "[31005-31005]" },
    resource_providers: [],
    completed_frameworks: [],
  })
  const [framework] = state["frameworks"] as Record<string, unknown>[]
  expect(framework).toMatchObject({
    id: "m-0000",
    name: "marathon",
    user: "ada",
    checkpoint: true,
    failover_timeout: 0,
    hostname: "",
    role: "*",
    completed_executors: [],
  })
  const [executor, other] = framework!["executors"] as Record<string, unknown>[]
  expect(executor).toMatchObject({
    id: "web.1",
    source: "web.1",
    container: spec.containerId,
    directory: spec.sandbox,
    resources: { cpus: 0.5, mem: 128, disk: 0, gpus: 0, ports: "[31005-31005]" },
    role: "web",
    queued_tasks: [],
    completed_tasks: [],
  })
  const [task] = executor!["tasks"] as Record<string, unknown>[]
  expect(task).toMatchObject({
    id: "web.1",
    name: "web.1",
    framework_id: "m-0000",
    executor_id: "",
    slave_id: "m-S0",
    state: "TASK_RUNNING",
    role: "web",
    labels: [{ key: "team", value: "blue" }],
    discovery: { visibility: "FRAMEWORK", name: "web" },
  })
  expect((task!["statuses"] as { state: string }[]).map(({ state: name }) => name)).toEqual([
    "TASK_STARTING",
    "TASK_RUNNING",
  ])
  expect(other!["queued_tasks"]).toMatchObject([{ id: "queued", command: { value: "sleep 1000" } }])
})

test("an ended framework is shown among the completed ones", async () => {
  const { world, json } = served()
  const spec = world.runToRunning(testTask("web.1"))
  world.exited(spec, 0)
  world.acknowledgeAll()
  const state = (await json("/state")) as { completed_frameworks: unknown[]; frameworks: unknown[] }
  expect(state.frameworks).toEqual([])
  expect(state.completed_frameworks).toMatchObject([
    { completed_executors: [{ id: "web.1", completed_tasks: [{ state: "TASK_FINISHED" }] }] },
  ])
})

test("metrics count tasks, resources and removals", async () => {
  const { world, json } = served()
  world.runToRunning(testTask("a", { resources: resources("cpus:2;mem:1024") }))
  const spec = world.runToRunning(testTask("b"))
  world.exited(spec, 1 << 8)
  const metrics = (await json("/metrics/snapshot")) as Record<string, number>
  expect(metrics).toMatchObject({
    "slave/registered": 1,
    "slave/frameworks_active": 1,
    "slave/executors_running": 2,
    "slave/tasks_running": 1,
    "slave/tasks_failed": 1,
    "slave/cpus_total": 9,
    "slave/cpus_used": 2,
    "slave/mem_percent": 1024 / 16024,
    "gc/path_removals_pending": 0,
    "containerizer/fetcher/task_fetches_succeeded": 3,
    "containerizer/fetcher/task_fetches_failed": 1,
    "system/cpus_total": 8,
  })
  for (const value of Object.values(metrics)) expect(Number.isFinite(value)).toBe(true)
})

test("containers and their statistics, all or chosen", async () => {
  const { world, json } = served()
  const a = world.runToRunning(testTask("a"))
  world.runToRunning(testTask("b"))
  const containers = (await json("/containers")) as Record<string, unknown>[]
  expect(containers).toHaveLength(2)
  expect(containers[0]).toMatchObject({
    container_id: a.containerId,
    executor_id: "a",
    framework_id: "m-0000",
    source: "a",
    statistics: { timestamp: 5, cpus_user_time_secs: 1.5, mem_rss_bytes: 100 },
    status: { container_id: { value: a.containerId } },
  })
  expect(await json(`/containers?container_id=${a.containerId}`)).toHaveLength(1)
  expect(await json("/containers?framework_id=m-0000&executor_id=b")).toHaveLength(1)
  const [statistics] = (await json("/monitor/statistics")) as Record<string, unknown>[]
  expect(Object.keys(statistics!).sort()).toEqual([
    "executor_id",
    "executor_name",
    "framework_id",
    "source",
    "statistics",
  ])
})

test("statistics of an executor are the sums of its tasks'", () => {
  expect(
    sumStatistics([
      { timestamp: 1, memRssBytes: 10 },
      undefined,
      { timestamp: 3, memRssBytes: 5, cpusLimit: 1 },
    ]),
  ).toEqual({ timestamp: 3, memRssBytes: 15, cpusLimit: 1 })
})

const sandboxOf = (world: TestWorld): string => world.run(testTask("web.1")).sandbox

test("browse, read and download go by host path and by the newest run", async () => {
  const { world, get, json } = served()
  const sandbox = sandboxOf(world)
  const latest = "/frameworks/m-0000/executors/web.1/runs/latest"
  for (const root of [sandbox, latest]) {
    expect(await json(`/files/browse?path=${root}`)).toEqual([
      {
        path: `${root}/stdout`,
        size: 14,
        nlink: 1,
        mtime: 9,
        mode: "-rw-r--r--",
        uid: "ada",
        gid: "ada",
      },
    ])
    expect(await json(`/files/read?path=${root}/stdout&offset=0`)).toEqual({
      data: 'hello "world"\n',
      offset: 0,
    })
  }
  expect(await json(`/files/browse?path=${latest}/stdout`)).toEqual([])
  const download = await get(`/files/download?path=${latest}/a/b.txt`)
  expect(download.headers.get("content-type")).toStartWith("text/plain")
  expect(download.headers.get("content-disposition")).toBe('attachment; filename="b.txt"')
  expect(await download.text()).toBe("x")
  expect(await json("/files/debug")).toEqual({
    "/slave/log": "/var/log/agent.log",
    "/agent/log": "/var/log/agent.log",
    [sandbox]: sandbox,
    [latest]: sandbox,
  })
})

test.each([
  ["", { data: "", offset: 14 }],
  ["&offset=-1", { data: "", offset: 14 }],
  ["&offset=6&length=7", { data: '"world"', offset: 6 }],
  ["&offset=6&length=-1", { data: '"world"\n', offset: 6 }],
  ["&offset=100", { data: "", offset: 100 }],
])("read with '%s'", async (query, expected) => {
  const { world, json } = served()
  expect(await json(`/files/read?path=${sandboxOf(world)}/stdout${query}`)).toEqual(expected)
})

test.each([
  ["/files/read", 400],
  ["/files/browse", 400],
  ["/files/download", 400],
  ["/files/read?path=/etc/passwd&offset=0", 404],
  ["/files/read?path=SANDBOX/none&offset=0", 404],
  ["/files/read?path=SANDBOX&offset=0", 400],
  ["/files/read?path=SANDBOX/stdout&offset=x", 400],
  ["/files/read?path=SANDBOX/stdout&offset=-2", 400],
  ["/files/read?path=SANDBOX/stdout&length=1.5", 400],
  ["/files/download?path=SANDBOX/none", 403],
  ["/files/browse?path=/work/slaves/../frameworks/../executors/../runs/..", 404],
  ["/files/browse?path=/work/slaves/m-S0", 404],
  ["/files/browse?path=/frameworks/m-0000/executors/other/runs/latest", 404],
  ["/nothing", 404],
])("%s answers %d", async (path, status) => {
  const { world, get } = served()
  expect((await get(path.replace("SANDBOX", sandboxOf(world)))).status).toBe(status)
})

test("a slice keeps the bytes of the file, whole characters or not", () => {
  const bytes = new Uint8Array([0x22, 0x5c, 0x0a, 0x01, 0x61, 0xe2, 0x82])
  const body = encodeSlice(bytes, 7)
  const text = [...body].map((byte) => String.fromCharCode(byte)).join("")
  expect(text).toBe('{"data":"\\"\\\\\\n\\u0001a\xe2\x82","offset":7}')
})

test("any text comes back from a slice as it was", () => {
  const all = Array.from({ length: 0x300 }, (_, code) => String.fromCodePoint(code)).join("")
  const body = new TextDecoder().decode(encodeSlice(new TextEncoder().encode(all), 0))
  expect(JSON.parse(body)).toEqual({ data: all, offset: 0 })
})

test("wraps any reply in the function that jsonp names", async () => {
  const response = await served().get("/version?jsonp=f")
  expect(response.headers.get("content-type")).toStartWith("text/javascript")
  expect(await response.text()).toBe('f({"version":"1.12.0"});')
})

test("refuses calls by other methods than POST", async () => {
  const { get } = served()
  for (const path of ["/api/v1", "/slave(1)/api/v1", "/api/v1/executor"]) {
    const refused = await get(path)
    expect([refused.status, refused.headers.get("allow")]).toEqual([405, "POST"])
  }
})

test("state and metrics show volumes and reservations that were made at run time", async () => {
  const { world, json } = served()
  const reservation = { type: "DYNAMIC" as const, role: "web", principal: "ops" }
  const [bare] = resources("cpus:1")
  world.receive({
    kind: "applyOperation",
    uuid: "dWlk",
    operation: { kind: "reserve", resources: [{ ...bare!, reservations: [reservation] }] },
  })
  const state = (await json("/state")) as Record<string, unknown>
  expect(state).toMatchObject({
    resources: { cpus: 9 },
    unreserved_resources: { cpus: 7 },
    reserved_resources: { db: { cpus: 1 }, web: { cpus: 1 } },
  })
  expect((state["reserved_resources_full"] as Record<string, unknown>)["web"]).toMatchObject([
    { name: "cpus", scalar: { value: 1 }, reservations: [reservation] },
  ])
  expect(await json("/metrics/snapshot")).toMatchObject({ "slave/cpus_total": 9 })
})

test("metrics in the text of Prometheus, counters told from gauges", async () => {
  const response = await served().get("/metrics")
  expect(response.headers.get("content-type")).toStartWith("text/plain; version=0.0.4")
  const lines = (await response.text()).split("\n")
  for (const line of [
    "# TYPE mesos_slave_tasks_finished counter",
    "# TYPE mesos_slave_tasks_running gauge",
    "# TYPE mesos_gc_path_removals_pending gauge",
    "# TYPE mesos_containerizer_fetcher_task_fetches_succeeded counter",
    "mesos_containerizer_fetcher_task_fetches_succeeded 3",
    "mesos_slave_cpus_total 9",
    "mesos_system_cpus_total 8",
  ])
    expect(lines).toContain(line)
})

test("flags are shown as they were given", async () => {
  expect(await served().json("/flags")).toEqual({ flags: { port: "5051" } })
})
