/** Section 1.1 of the reference: every path of an agent answers, in both spellings, and alike. */
import { expect, test } from "bun:test"
import { agentApi } from "./agent-harness.ts"

/** Path, method and the status that a request without a body gets. */
const ENDPOINTS: readonly (readonly [path: string, method: string, status: number])[] = [
  ["/api/v1", "POST", 400],
  ["/api/v1/executor", "POST", 400],
  ["/api/v1/resource_provider", "POST", 501],
  ["/state", "GET", 200],
  ["/flags", "GET", 200],
  ["/containers", "GET", 200],
  ["/monitor/statistics", "GET", 200],
  ["/containerizer/debug", "GET", 200],
  ["/health", "GET", 200],
  ["/version", "GET", 200],
  ["/metrics/snapshot", "GET", 200],
  ["/metrics", "GET", 200],
  ["/files/browse", "GET", 400],
  ["/files/read", "GET", 400],
  ["/files/download", "GET", 400],
  ["/files/debug", "GET", 200],
  ["/system/stats.json", "GET", 200],
  ["/help", "GET", 200],
  ["/logging/toggle", "GET", 200],
  ["/profiler/start", "GET", 501],
  ["/profiler/stop", "GET", 501],
]

test.each(ENDPOINTS)(
  "%s, asked by %s, answers %d in every spelling",
  async (path, method, status) => {
    const ask = agentApi()
    for (const spelling of [path, `${path}/`])
      expect((await ask(spelling, { method })).status).toBe(status)
    // What belongs to the process and not to its agent has one spelling only.
    const own = /^\/(version|metrics|files|logging|system|help|profiler)/.test(path)
    for (const prefix of ["/slave(1)", "/slave%281%29"]) {
      const response = await ask(`${prefix}${path}`, { method })
      expect([prefix, response.status]).toEqual([prefix, own ? 404 : status])
    }
  },
)

test.each(ENDPOINTS)("%s takes %s and no other method", async (path, method) => {
  const refused = await agentApi()(path, { method: method === "GET" ? "POST" : "GET" })
  expect([refused.status, refused.headers.get("allow")]).toEqual([405, method])
})

test.each([
  "/none",
  "/state.json",
  "/slave(1)/state.json",
  "/files/read.json",
  "/slave(2)/state",
  "/..%2fstate",
  "/files/..x",
  "/__processes__",
])("%s is not found", async (path) => {
  expect((await agentApi()(path)).status).toBe(404)
})

test("/help names every endpoint with its methods", async () => {
  const ask = agentApi()
  const { endpoints } = (await (await ask("/help?format=json")).json()) as { endpoints: unknown }
  for (const [path, method] of ENDPOINTS)
    expect(endpoints).toContainEqual({ path, methods: [method] })
  expect(await (await ask("/help")).text()).toContain("<td>/containers</td>")
})

test("what the machine says of itself", async () => {
  expect(await (await agentApi()("/system/stats.json")).json()).toEqual({
    avg_load_1min: 0.5,
    cpus_total: 8,
  })
})

test.each([
  ["5secs", 200],
  ["soon", 400],
])("metrics within a timeout of %s answer %d", async (timeout, status) => {
  expect((await agentApi()(`/metrics/snapshot?timeout=${timeout}`)).status).toBe(status)
})

const JSON_PATHS = ENDPOINTS.filter(
  ([path, method, status]) =>
    method === "GET" && status === 200 && !/^\/(health|metrics|help|logging.*)$/.test(path),
).map(([path]) => path)

test.each(JSON_PATHS)("%s calls the function that jsonp names", async (path) => {
  const response = await agentApi()(`${path}?jsonp=show`)
  expect(response.headers.get("content-type")).toBe("text/javascript")
  const [, json] = /^show\((.*)\);$/s.exec(await response.text()) ?? []
  expect(JSON.parse(json ?? "")).toBeObject()
})

test("JSON is compressed for who names gzip, and for nobody else", async () => {
  const ask = agentApi()
  const state = (encoding: string) => ask("/state", { headers: { "accept-encoding": encoding } })
  const zipped = await state("deflate, gzip;q=0.5")
  expect(zipped.headers.get("content-encoding")).toBe("gzip")
  const bytes = Bun.gunzipSync(new Uint8Array(await zipped.arrayBuffer()))
  expect(JSON.parse(new TextDecoder().decode(bytes))).toMatchObject({ id: "m-S0" })
  for (const encoding of ["", "identity", "gzip;q=0"]) {
    const plain = await state(encoding)
    expect(plain.headers.get("content-encoding")).toBeNull()
    expect(await plain.json()).toMatchObject({ id: "m-S0" })
  }
})
