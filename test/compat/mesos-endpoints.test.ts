/** Section 1.1 of the reference: every path of a master answers, in both spellings, and alike. */
import { expect, test } from "bun:test"
import { TestMaster, TestVerbosity } from "./master-harness.ts"

/** Path, method and the status that a request without a body gets. */
const ENDPOINTS: readonly (readonly [path: string, method: string, status: number])[] = [
  ["/api/v1", "POST", 400],
  ["/api/v1/scheduler", "POST", 400],
  ["/state", "GET", 200],
  ["/state-summary", "GET", 200],
  ["/slaves", "GET", 200],
  ["/frameworks", "GET", 200],
  ["/tasks", "GET", 200],
  ["/roles", "GET", 200],
  ["/flags", "GET", 200],
  ["/maintenance/status", "GET", 200],
  ["/maintenance/schedule", "GET", 200],
  ["/maintenance/schedule", "POST", 400],
  ["/machine/up", "POST", 400],
  ["/machine/down", "POST", 400],
  ["/quota", "GET", 200],
  ["/quota", "POST", 400],
  ["/quota/none", "DELETE", 400],
  ["/weights", "GET", 200],
  ["/weights", "PUT", 400],
  ["/reserve", "POST", 400],
  ["/unreserve", "POST", 400],
  ["/create-volumes", "POST", 400],
  ["/destroy-volumes", "POST", 400],
  ["/teardown", "POST", 400],
  ["/health", "GET", 200],
  ["/redirect", "GET", 307],
  ["/version", "GET", 200],
  ["/metrics/snapshot", "GET", 200],
  ["/files/browse", "GET", 400],
  ["/files/read", "GET", 400],
  ["/files/download", "GET", 400],
  ["/files/debug", "GET", 200],
  ["/logging/toggle", "GET", 200],
  ["/system/stats.json", "GET", 200],
  ["/metrics", "GET", 200],
  ["/help", "GET", 200],
  ["/profiler/start", "GET", 501],
  ["/profiler/stop", "GET", 501],
]

const OWN = /^\/(version|metrics|files|logging|system|help|profiler)/

test.each(ENDPOINTS)(
  "%s, asked by %s, answers %d in both spellings",
  async (path, method, status) => {
    const { api } = await TestMaster.start()
    const [plain, prefixed] = await Promise.all(
      [path, `/master${path}`].map((each) => api.request(each, { method })),
    )
    expect(plain?.status).toBe(status)
    const slash = await api.request(`${path}/`, { method })
    expect(slash.status).toBe(status)
    // What belongs to the process and not to its master has one spelling only.
    if (OWN.test(path)) return expect(prefixed?.status).toBe(404)
    expect(prefixed?.status).toBe(status)
    expect(prefixed?.headers.get("content-type")).toBe(plain?.headers.get("content-type") ?? null)
  },
)

test.each(["/state.json", "/master/state.json", "/none", "/..%2fstate", "/files/..x"])(
  "%s is not found",
  async (path) => {
    const { api } = await TestMaster.start()
    expect((await api.request(path)).status).toBe(404)
  },
)

test("1.1: the log says more for a while, as a query asks for", async () => {
  const logVerbosity = new TestVerbosity()
  const { api } = await TestMaster.start({ logVerbosity })
  const ask = async (query: string) => {
    const response = await api.request(`/logging/toggle${query}`)
    return [response.status, await response.text()]
  }
  expect(await ask("")).toEqual([200, "0\n"])
  expect(await ask("?level=2&duration=5mins")).toEqual([200, ""])
  expect(logVerbosity.durationMs).toBe(300_000)
  expect(await ask("")).toEqual([200, "2\n"])
  expect(await ask("?level=2")).toEqual([400, "Expecting 'duration=value' in query.\n"])
  expect(await ask("?duration=5secs")).toEqual([400, "Expecting 'level=value' in query.\n"])
  expect(await ask("?level=-1&duration=5secs")).toEqual([400, "Invalid level '-1'.\n"])
  expect((await ask("?level=1&duration=soon"))[0]).toBe(400)
})

test("1.1: what the machine says of itself", async () => {
  const systemMetrics = () => ({ "system/load_1min": 0.5, "system/mem_total_bytes": 7 })
  const master = await TestMaster.start({ systemMetrics })
  expect(await master.get("/system/stats.json")).toEqual({
    avg_load_1min: 0.5,
    mem_total_bytes: 7,
  })
})

test("1.1: /help names every endpoint with its methods", async () => {
  const master = await TestMaster.start()
  const { endpoints } = await master.get("/help?format=json")
  for (const [path, method] of ENDPOINTS)
    if (!path.startsWith("/quota/"))
      expect(endpoints).toContainEqual({
        path,
        methods: expect.arrayContaining([method]) as unknown,
      })
  const page = await (await master.api.request("/help")).text()
  expect(page).toContain("<td>/state-summary</td>")
})

const JSON_PATHS = ENDPOINTS.filter(
  ([path, method, status]) =>
    method === "GET" && status === 200 && !/^\/(health|metrics|help|logging.*)$/.test(path),
).map(([path]) => path)

test.each(JSON_PATHS)("1.1: %s calls the function that jsonp names", async (path) => {
  const { api } = await TestMaster.start()
  const response = await api.request(`${path}?jsonp=show`)
  expect(response.headers.get("content-type")).toBe("text/javascript")
  const [, json] = /^show\((.*)\);$/s.exec(await response.text()) ?? []
  expect(JSON.parse(json ?? "")).toBeObject()
})

test("1.1: JSON is compressed for who names gzip, and for nobody else", async () => {
  const { api } = await TestMaster.start()
  const ask = (encoding: string) =>
    api.request("/metrics/snapshot", { headers: { "accept-encoding": encoding } })
  for (const encoding of ["gzip", "deflate, gzip;q=0.5"]) {
    const response = await ask(encoding)
    expect(response.headers.get("content-encoding")).toBe("gzip")
    const bytes = Bun.gunzipSync(new Uint8Array(await response.arrayBuffer()))
    expect(JSON.parse(new TextDecoder().decode(bytes))).toMatchObject({ "master/elected": 1 })
  }
  for (const encoding of ["", "identity", "br", "gzip;q=0"]) {
    const response = await ask(encoding)
    expect(response.headers.get("content-encoding")).toBeNull()
    expect(await response.json()).toMatchObject({ "master/elected": 1 })
  }
})

test("1.1: a short answer and an event stream are left as they are", async () => {
  const master = await TestMaster.start()
  const headers = { "accept-encoding": "gzip" }
  const short = await master.api.request("/system/stats.json", { headers })
  expect(short.headers.get("content-encoding")).toBeNull()
  const framework_info = { user: "svc", name: "demo" }
  const subscribe = { type: "SUBSCRIBE", subscribe: { framework_info } }
  const stream = await master.call(subscribe, headers)
  expect(stream.headers.get("content-encoding")).toBeNull()
  await stream.body?.cancel()
})

test("5.5: how long commits and runs of the allocator take, and what waits", async () => {
  const master = await TestMaster.start()
  await master.agent()
  const stream = await master.subscribe()
  await stream.event("OFFERS")
  const metrics = await master.get("/metrics/snapshot")
  expect(metrics["registrar/state_store_ms/count"]).toBeGreaterThan(0)
  for (const name of ["", "/min", "/max", "/p50", "/p9999"])
    for (const timer of ["registrar/state_store", "allocator/mesos/allocation_run"])
      expect(metrics[`${timer}_ms${name}`]).toBe(0)
  expect(metrics).toMatchObject({
    "allocator/mesos/allocation_run_latency_ms/p999": 0,
    "allocator/mesos/event_queue_dispatches": 0,
    "registrar/queued_operations": 0,
    "registrar/state_fetch_ms": 0,
    "registrar/log/recovered": 1,
    "registrar/log/ensemble_size": 1,
    "master/operator_event_stream_subscribers": 0,
  })
  expect(metrics["registrar/registry_size_bytes"]).toBeGreaterThan(100)
  for (const name of ["messages", "dispatches", "http_requests"])
    expect(metrics[`master/event_queue_${name}`]).toBe(0)
})
