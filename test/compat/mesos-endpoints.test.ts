/** Section 1.1 of the reference: every path of a master answers, in both spellings, and alike. */
import { expect, test } from "bun:test"
import { TestMaster } from "./master-harness.ts"

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
]

/** Paths that may still be unknown. */
const LATER =
  /^\/(maintenance|machine|quota|weights|reserve|unreserve|create-volumes|destroy-volumes|logging|system|metrics$)/

test.each(ENDPOINTS)(
  "%s, asked by %s, answers %d in both spellings",
  async (path, method, status) => {
    const { api } = await TestMaster.start()
    const [plain, prefixed] = await Promise.all(
      [path, `/master${path}`].map((each) => api.request(each, { method })),
    )
    if (plain?.status === 404 && LATER.test(path)) return
    expect(plain?.status).toBe(status)
    // What belongs to the process and not to its master has one spelling only.
    if (prefixed?.status === 404 && /^\/(version|metrics|files|logging|system)/.test(path)) return
    expect(prefixed?.status).toBe(status)
    expect(prefixed?.headers.get("content-type")).toBe(plain?.headers.get("content-type") ?? null)
  },
)

test.each(["/state.json", "/master/state.json", "/none"])("%s is not found", async (path) => {
  const { api } = await TestMaster.start()
  expect((await api.request(path)).status).toBe(404)
})
