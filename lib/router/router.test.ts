import { describe, expect, test } from "bun:test"
import { createRouter, type RouterPorts } from "./router.ts"

const echo =
  (name: string) =>
  async (request: Request): Promise<Response> => {
    const url = new URL(request.url)
    return new Response(
      `${name} ${request.method} ${url.pathname}${url.search} ${await request.text()}`,
    )
  }

function router(
  changes: Partial<RouterPorts> = {},
): (path: string, init?: RequestInit) => Promise<Response> {
  const handler = createRouter({
    version: "1.2.3",
    clusterId: "c0ffee",
    mesos: echo("mesos"),
    marathon: echo("marathon"),
    cosmos: echo("cosmos"),
    agent: (id, request) => (id === "m-S0" ? echo("agent")(request) : undefined),
    service: (name) =>
      name === "web.group" ? { url: "http://10.0.0.1:31000", rewrite: true } : undefined,
    forward: async (url, request) => echo(url.host)(new Request(url.href, request)),
    ...changes,
  })
  return async (path, init) => handler(new Request(`http://router${path}`, init))
}

describe("router", () => {
  test.each([
    ["/mesos/state?jsonp=x", "mesos GET /state?jsonp=x "],
    ["/mesos/", "mesos GET / "],
    ["/service/marathon/v2/apps//a", "marathon GET /v2/apps//a "],
    ["/marathon/ping", "marathon GET /ping "],
    ["/package/search", "cosmos GET /package/search "],
    ["/cosmos/service/describe", "cosmos GET /service/describe "],
    ["/agent/m-S0/files/read?path=%2Fa%2Fb", "agent GET /files/read?path=%2Fa%2Fb "],
    ["/slave/m-S0/slave(1)/state", "agent GET /slave(1)/state "],
    ["/service/group/web/a/b?c=d", "10.0.0.1:31000 GET /a/b?c=d "],
    ["/service/group/web/", "10.0.0.1:31000 GET / "],
  ])("leads %s on", async (path, seen) => {
    expect(await (await router()(path)).text()).toBe(seen)
  })

  test("passes method and body", async () => {
    const answer = await router()("/package/install", { method: "POST", body: "hello" })
    expect(await answer.text()).toBe("cosmos POST /package/install hello")
  })

  test("says who the cluster is", async () => {
    const ask = router()
    expect(await (await ask("/metadata")).json()).toEqual({
      PUBLIC_IPV4: "router",
      CLUSTER_ID: "c0ffee",
    })
    expect(await (await ask("/dcos-metadata/dcos-version.json")).json()).toMatchObject({
      version: "1.2.3",
      "dcos-variant": "open",
    })
  })

  test("adds the missing slash", async () => {
    for (const path of ["/mesos", "/service/marathon", "/service/unknown"]) {
      const answer = await router()(path)
      expect([answer.status, answer.headers.get("location")]).toEqual([301, `${path}/`])
    }
  })

  test("names what it does not know", async () => {
    const agent = await router()("/agent/gone/state")
    expect([agent.status, await agent.text()]).toEqual([
      404,
      "404 Not Found: agent `gone` unknown.\n",
    ])
    const service = await router()("/service/nothing/here")
    expect([service.status, await service.text()]).toEqual([
      404,
      "404 Not Found: service not found.\n",
    ])
  })

  test("answers 502 when the other side is away", async () => {
    const away = router({
      agent: () => Promise.reject(new Error("the agent is not connected")),
      forward: () => Promise.reject(new Error("connection refused")),
    })
    expect((await away("/agent/m-S0/state")).status).toBe(502)
    expect(await (await away("/service/group/web/")).text()).toContain("connection refused")
  })

  test.each([
    ["/login", "/service/group/web/login"],
    ["http://10.0.0.1:31000/a?b=c", "/service/group/web/a?b=c"],
    ["/service/group/web/x", "/service/group/web/x"],
    ["http://elsewhere/a", "http://elsewhere/a"],
  ])("leads a redirect to %s back through itself", async (location, seen) => {
    const ask = router({
      forward: async () => new Response(null, { status: 302, headers: { location } }),
    })
    expect((await ask("/service/group/web/")).headers.get("location")).toBe(seen)
  })

  test("keeps the whole path for a service that asks for it", async () => {
    const ask = router({ service: () => ({ url: "http://h:1", rewrite: false }) })
    expect(await (await ask("/service/raw/x")).text()).toBe("h:1 GET /service/raw/x ")
  })
})
