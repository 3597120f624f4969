/** The behaviour cases of Marathon's other endpoints, and of its transport. */
import { describe, expect, test } from "bun:test"
import { ApiWorld } from "./marathon-world.ts"

const S = { id: "/s", cmd: "sleep 1000", cpus: 0.1, mem: 32 }

describe("every answer", () => {
  test("forbids caching and names the leader", async () => {
    const api = new ApiWorld()
    for (const path of ["/v2/apps", "/v2/apps/none", "/nonsense", "/ping"]) {
      const { headers } = await api.get(path)
      expect(headers.get("cache-control")).toBe("no-cache, no-store, must-revalidate")
      expect(headers.get("pragma")).toBe("no-cache")
      expect(headers.get("expires")).toBe("0")
      expect(headers.get("x-marathon-leader")).toBe("http://leader.example:8080")
      expect(headers.get("x-frame-options")).toBe("DENY")
    }
  })

  test.each([
    ["GET", "/nonsense", 404],
    ["GET", "/v2/schemas", 404],
    ["GET", "/v2/artifacts", 404],
    ["GET", "/v2/eventSubscriptions", 404],
    ["GET", "/v2/queue/s", 404],
    ["GET", "/v2/apps/%zz", 404],
    ["POST", "/v2/info", 405],
    ["DELETE", "/v2/tasks", 405],
    ["GET", "/v2/apps/s/restart", 405],
    ["PUT", "/ping", 405],
    ["TRACE", "/v2/apps", 405],
  ])("%s %s is %d, with a message", async (method, path, status) => {
    if (method === "TRACE") return // The platform refuses to make such a request.
    const answer = await new ApiWorld().ask(method, path)
    expect(answer.status).toBe(status)
    expect(answer.body.message).toBeString()
  })

  test("needs a client that takes JSON", async () => {
    const api = new ApiWorld()
    const accept = async (Accept: string): Promise<number> =>
      (await api.get("/v2/apps", { headers: { Accept } })).status
    expect(await accept("text/html")).toBe(406)
    expect(await accept("application/json;q=0, */*")).toBe(406)
    expect(await accept("text/html, */*;q=0.1")).toBe(200)
    expect(await accept("application/*")).toBe(200)
  })

  test("lets named origins in", async () => {
    const api = new ApiWorld({}, { allowedOrigins: ["http://a.example", "http://b.example"] })
    const origin = async (Origin: string): Promise<string | null> =>
      (await api.get("/v2/apps", { headers: { Origin } })).headers.get(
        "access-control-allow-origin",
      )
    expect(await origin("http://a.example")).toBe("http://a.example")
    expect(await origin("http://c.example")).toBeNull()
    expect((await api.ask("OPTIONS", "/v2/apps")).status).toBe(200)
  })

  test("answers no more requests at once than it may", async () => {
    const api = new ApiWorld({}, { maxConcurrentRequests: 2 })
    const asked = [1, 2, 3].map(() => api.post("/v2/apps", {}))
    const [, , third] = await Promise.all(asked)
    expect([third?.status, third?.body.message]).toEqual([
      503,
      "Too many concurrent requests! Allowed: 2.",
    ])
    expect((await api.get("/v2/apps")).status).toBe(200)
  })

  test("leads to the interface", async () => {
    const answer = await new ApiWorld().get("/")
    expect([answer.status, answer.headers.get("location")]).toEqual([302, "/ui/"])
  })

  test("says so where this process does not lead", async () => {
    const api = new ApiWorld({}, { isLeader: () => false })
    expect((await api.get("/v2/apps")).status).toBe(503)
    expect((await api.get("/v2/leader")).body).toEqual({ message: "There is no leader" })
    expect((await api.get("/ping")).status).toBe(200)
  })
})

test("88: pods say that they are not there yet", async () => {
  const api = new ApiWorld()
  const answer = await api.post("/v2/pods", {})
  expect(answer.status).toBe(501)
  expect(answer.body.message).toStartWith("POST /v2/pods is not there yet")
  expect((await api.ask("HEAD", "/v2/pods")).status).toBe(501)
})

test.each([
  [undefined, 200, "pong", "text/plain"],
  ["*/*", 200, "pong", "text/plain"],
  ["text/plain", 200, "pong", "text/plain"],
  ["application/json", 200, '"pong"', "application/json"],
  ["text/html", 200, "pong", "text/html"],
  ["image/png", 204, "", null],
])("97: a ping that accepts %p", async (accept, status, text, type) => {
  const answer = await new ApiWorld().get(
    "/ping",
    accept === undefined ? {} : { headers: { accept } },
  )
  expect([answer.status, answer.text, answer.headers.get("content-type")]).toEqual([
    status,
    text,
    type,
  ])
})

test("98: tells the leader, and lets it go", async () => {
  expect((await new ApiWorld().get("/v2/leader")).body).toEqual({ leader: "leader.example:8080" })
  expect((await new ApiWorld().delete("/v2/leader")).status).toBe(501)
  let gone = 0
  const api = new ApiWorld({}, { abdicate: () => void gone++ })
  const answer = await api.delete("/v2/leader")
  expect([answer.status, answer.body.message, gone]).toEqual([200, "Leadership abdicated", 1])
})

test("99: counts", async () => {
  const api = new ApiWorld()
  await api.post("/v2/apps", S)
  const { version, gauges } = (await api.get("/metrics")).body
  expect(version).toBe("4.0.0")
  expect(gauges["marathon.apps.active.gauge"]).toEqual({ value: 1 })
  expect(gauges["marathon.instances.running.gauge"]).toEqual({ value: 1 })
  const { text } = await api.get("/metrics/prometheus")
  expect(text).toContain("marathon_apps_active_gauge 1\n")
})

test("tells what it is", async () => {
  const info = (await new ApiWorld().get("/v2/info")).body
  expect(info).toMatchObject({
    name: "marathon",
    version: "1.11.0",
    elected: true,
    leader: "leader.example:8080",
    frameworkId: "m-0000",
    http_config: { http_port: 8080, https_port: null },
  })
  expect(info.marathon_config).toMatchObject({ mesos_role: "*", local_port_min: 10_000 })
  expect(info.marathon_config.mesos_leader_ui_url).toBeNull()
  expect(info.zookeeper_config.zk).toBeNull()
})

test("has no plugins, and a log level", async () => {
  const api = new ApiWorld()
  expect((await api.get("/v2/plugins")).body).toEqual({ plugins: [] })
  const plugin = await api.get("/v2/plugins/x/y")
  expect([plugin.status, plugin.body.message]).toEqual([404, "No plugin with this pluginId: x"])
  expect((await api.get("/logging")).body).toEqual({ ROOT: "INFO" })
  expect((await api.post("/logging", { level: "debug" })).status).toBe(501)
})

type Frame = { readonly event: string; readonly data: Record<string, unknown> }

/** Reads frames until one of the named type came. */
async function readUntil(response: Response, type: string): Promise<Frame[]> {
  const frames: Frame[] = []
  const decoder = new TextDecoder()
  let text = ""
  for await (const chunk of response.body!) {
    text += decoder.decode(chunk, { stream: true })
    const parts = text.split("\r\n\r\n")
    text = parts.pop() ?? ""
    for (const part of parts) {
      const [event, data] = part.split("\r\n").map((line) => line.replace(/^\w+: /, ""))
      frames.push({ event: event ?? "", data: JSON.parse(data ?? "") as Frame["data"] })
    }
    if (frames.some(({ event }) => event === type)) return frames
  }
  return frames
}

const stream = (api: ApiWorld, query = ""): Promise<Response> =>
  api.fetch(
    new Request(`http://marathon.example/v2/events${query}`, {
      headers: { Accept: "text/event-stream" },
    }),
  )

describe("the event stream", () => {
  test("96: tells of a new app from the request to the end of its deployment", async () => {
    const api = new ApiWorld()
    const response = await stream(api)
    expect(response.headers.get("content-type")).toBe("text/event-stream")
    const created = await api.post("/v2/apps", S)
    const frames = await readUntil(response, "api_post_event")
    expect(frames[0]).toMatchObject({
      event: "event_stream_attached",
      data: { eventType: "event_stream_attached", remoteAddress: "192.0.2.7" },
    })
    const find = (type: string): Frame["data"] | undefined =>
      frames.find(({ event }) => event === type)?.data
    expect(find("group_change_success")).toMatchObject({ groupId: "/" })
    expect(find("deployment_success")).toMatchObject({ id: created.body.deployments[0].id })
    expect(find("api_post_event")).toMatchObject({
      clientIp: "192.0.2.7",
      uri: "/v2/apps",
      appDefinition: { id: "/s" },
    })
  })

  test("95: tells only of the types that are asked for", async () => {
    const api = new ApiWorld()
    const response = await stream(api, "?event_type=deployment_success&event_type=foo")
    await api.post("/v2/apps", S)
    const frames = await readUntil(response, "deployment_success")
    expect(frames.map(({ event }) => event)).toEqual(["deployment_success"])
    expect((await api.get("/v2/events")).status).toBe(405)
    const html = { headers: { Accept: "text/html" } }
    expect((await api.get("/v2/events", html)).status).toBe(405)
  })

  test("cuts off a client that does not read, and says why", async () => {
    const api = new ApiWorld()
    const response = await stream(api, "?event_type=x")
    for (let i = 0; i < 3000; i++) api.bus.publish({ eventType: "x", timestamp: "" })
    const frames = await readUntil(response, "never")
    expect(frames.length).toBeLessThan(3000)
    expect(api.logged).toEqual(["warn: an event stream of marathon ended"])
    expect((await api.get("/metrics")).body.gauges).toMatchObject({
      "marathon.http.event-streams.active.gauge": { value: 0 },
    })
  })

  test("lets a client go", async () => {
    const api = new ApiWorld()
    const other = await stream(api, "?event_type=event_stream_detached")
    const response = await stream(api)
    await response.body?.cancel()
    const [detached] = await readUntil(other, "event_stream_detached")
    expect(detached?.data).toMatchObject({ remoteAddress: "192.0.2.7" })
  })
})
