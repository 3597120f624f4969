/** Whatever a client sends, Marathon's API answers in its own words and keeps its state readable. */
import { expect, test } from "bun:test"
import fc from "fast-check"
import { ApiWorld } from "./marathon-world.ts"

type Sent = { readonly method: string; readonly path: string; readonly body?: unknown }

const name = fc.constantFrom("a", "b", "g", "h")
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join("/"))
const flags = fc.constantFrom("", "?force=true", "?force=true", "?partialUpdate=false")

const app = fc.record(
  {
    cmd: fc.constant("sleep 1"),
    cpus: fc.constantFrom<unknown>(0.1, 0.1, 0.1, 1000, "1"),
    instances: fc.constantFrom<unknown>(0, 1, 3, null),
    dependencies: fc.array(name, { maxLength: 1 }),
    networks: fc.constantFrom([], [{ mode: "container/bridge" }], [{ name: "n" }]),
    ports: fc.array(fc.constantFrom(0, 0, 8080), { maxLength: 2 }),
    constraints: fc.constantFrom([["hostname", "UNIQUE"]], []),
    upgradeStrategy: fc.constant({ minimumHealthCapacity: 0, maximumOverCapacity: 0 }),
    labels: fc.dictionary(fc.string(), fc.string(), { maxKeys: 2 }),
    role: fc.constantFrom("*", "g"),
  },
  { requiredKeys: ["cmd"] },
)
const named = fc.tuple(app, name).map(([body, id]) => ({ ...body, id }))
const apps = fc.uniqueArray(named, { maxLength: 2, selector: ({ id }) => id })
const group = fc.record(
  {
    apps,
    groups: fc.array(fc.record({ id: fc.constantFrom("g", "h"), apps }), { maxLength: 1 }),
    dependencies: fc.array(path, { maxLength: 1 }),
  },
  { requiredKeys: [] },
)

const send = (method: string, at: fc.Arbitrary<string>, body?: fc.Arbitrary<unknown>) =>
  fc
    .tuple(at, flags, body ?? fc.constant(undefined))
    .map(([to, query, sent]): Sent => ({ method, path: `/v2/${to}${query}`, body: sent }))
const appPath = path.map((id) => `apps/${id}`)
const groupPath = path.map((id) => `groups/${id}`)

const sent = fc.oneof(
  { weight: 6, arbitrary: send("PUT", appPath, app) },
  { weight: 2, arbitrary: send("POST", fc.constant("apps"), named) },
  { weight: 2, arbitrary: send("PATCH", appPath, fc.record({ instances: fc.nat(4) })) },
  { weight: 2, arbitrary: send("PUT", fc.constant("apps"), apps) },
  { weight: 4, arbitrary: send("PUT", groupPath, group) },
  { weight: 1, arbitrary: send("PUT", fc.constant("groups"), group) },
  { weight: 1, arbitrary: send("PUT", groupPath, fc.record({ scaleBy: fc.constantFrom(0, 2) })) },
  { weight: 1, arbitrary: send("PATCH", groupPath, fc.record({ enforceRole: fc.boolean() })) },
  { weight: 1, arbitrary: send("DELETE", appPath) },
  { weight: 1, arbitrary: send("DELETE", groupPath) },
  {
    weight: 1,
    arbitrary: send(
      "POST",
      appPath.map((at) => `${at}/restart`),
    ),
  },
  {
    weight: 1,
    arbitrary: send(
      "DELETE",
      appPath.map((at) => `${at}/tasks`),
    ),
  },
  // And what makes no sense at all.
  {
    weight: 3,
    arbitrary: fc.record({
      method: fc.constantFrom("GET", "POST", "PUT", "PATCH", "DELETE"),
      path: fc
        .tuple(fc.constantFrom("apps", "groups", "tasks", "queue"), fc.webPath())
        .map((parts) => `/v2/${parts.join("/")}`),
      body: fc.oneof(fc.jsonValue(), fc.string()),
    }),
  },
)
const request = fc.tuple(sent, fc.constantFrom(0, 0, 1000, 60_000))

test("answers every history of requests without failing", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 25 }), async (requests) => {
      const api = new ApiWorld()
      for (const [{ method, path, body }, waitMs] of requests) {
        const answer = await api.ask(method, path, method === "GET" ? {} : { body })
        expect(answer.status).toBeLessThan(500)
        if (answer.status >= 400) expect(answer.body.message).toBeString()
        api.advance(waitMs)
      }
      expect(api.logged).toEqual([])
      const { groups, apps } = (await api.get("/v2/groups")).body
      expect([groups, apps]).toEqual([expect.any(Array), expect.any(Array)])
      const listed = (await api.get("/v2/apps")).body.apps as { id: string }[]
      for (const { id } of listed) {
        const { app: shown } = (await api.get(`/v2/apps${id}`)).body
        // What is shown can be sent back, and then changes nothing.
        const again = await api.put(`/v2/apps${id}?partialUpdate=false&force=true`, shown)
        expect(again.status).toBe(200)
        expect(again.body.deploymentId).toBeString()
        expect((await api.get(`/v2/apps${id}`)).body.app.version).toBe(shown.version)
      }
    }),
    { numRuns: 60 },
  )
}, 60_000)
