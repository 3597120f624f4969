/** The behaviour cases of Marathon's group endpoints, request by request. */
import { expect, test } from "bun:test"
import { ApiWorld } from "./marathon-world.ts"
import type { Answer } from "./marathon-world.ts"

const a = { id: "a", cmd: "sleep 1000", cpus: 0.1, mem: 32 }

async function withGroup(body: object = {}): Promise<ApiWorld> {
  const api = new ApiWorld()
  const created = await api.post("/v2/groups", { id: "/g", apps: [a], ...body })
  expect(created.status).toBe(201)
  expect(created.headers.get("location")).toEndWith("/v2/groups/g")
  api.advance(1000)
  return api
}

const exists = async (api: ApiWorld, path: string): Promise<boolean> =>
  (await api.get(path)).status === 200

const message = ({ status, body }: Answer): [number, string] => [status, body.message as string]

test("80: creates a group with its apps, once", async () => {
  const api = await withGroup()
  expect((await api.get("/v2/apps/g/a")).body.app.id).toBe("/g/a")
  expect(message(await api.post("/v2/groups", { id: "g" }))).toEqual([
    409,
    "Group /g is already created. Use PUT to change this group.",
  ])
  expect(message(await api.post("/v2/groups/g", { id: "a" }))).toEqual([
    409,
    "An app with the path /g/a already exists.",
  ])
  expect((await api.post("/v2/groups/g", { id: "h" })).status).toBe(201)
  expect(await exists(api, "/v2/groups/g/h")).toBe(true)
})

test("shows the tree, whole or in parts", async () => {
  const api = await withGroup({ groups: [{ id: "h", apps: [a] }], dependencies: ["/k"] })
  const root = (await api.get("/v2/groups")).body
  expect(root).toMatchObject({ id: "/", apps: [], pods: [], dependencies: [] })
  expect(root).not.toHaveProperty("enforceRole")
  const [g] = root.groups
  expect(g).toMatchObject({ id: "/g", pods: [], dependencies: ["/k"], enforceRole: false })
  expect(g.apps[0].id).toBe("/g/a")
  expect(g.groups[0].apps[0].id).toBe("/g/h/a")
  expect(g.version).toBe(root.version)
  const bare = (await api.get("/v2/groups/g?embed=group.apps&embed=group.apps.counts")).body
  expect(bare).not.toHaveProperty("groups")
  expect(bare).not.toHaveProperty("pods")
  expect(bare.apps[0].tasksRunning).toBe(1)
  const apps = (await api.get("/v2/groups/g/apps")).body
  expect(apps.map(({ id }: { id: string }) => id)).toEqual(["/g/a", "/g/h/a"])
  expect(message(await api.get("/v2/groups/none"))).toEqual([404, "Group '/none' does not exist"])
})

test("81: a member that is given becomes exactly that", async () => {
  const api = await withGroup({ groups: [{ id: "h", apps: [a] }] })
  expect((await api.put("/v2/groups/g", { groups: [] })).status).toBe(200)
  expect(await exists(api, "/v2/groups/g/h")).toBe(false)
  expect(await exists(api, "/v2/apps/g/h/a")).toBe(false)
  expect(await exists(api, "/v2/apps/g/a")).toBe(true)
  expect((await api.put("/v2/groups/g", { apps: [] })).status).toBe(200)
  expect(await exists(api, "/v2/apps/g/a")).toBe(false)
  expect(await exists(api, "/v2/groups/g")).toBe(true)
})

test("creates missing groups, and takes the id from the body where the path has none", async () => {
  const api = new ApiWorld()
  expect((await api.put("/v2/groups/x/y", { apps: [a] })).status).toBe(200)
  expect(await exists(api, "/v2/apps/x/y/a")).toBe(true)
  expect((await api.put("/v2/groups", { id: "/z", apps: [a] })).status).toBe(200)
  expect(await exists(api, "/v2/apps/z/a")).toBe(true)
  expect(await exists(api, "/v2/groups/x")).toBe(true)
})

test("82: multiplies instances, alone", async () => {
  const api = await withGroup({ apps: [{ ...a, instances: 3 }] })
  expect((await api.put("/v2/groups/g", { scaleBy: 1.5 })).status).toBe(200)
  expect((await api.get("/v2/apps/g/a")).body.app.instances).toBe(5)
  expect((await api.put("/v2/groups/g", { scaleBy: 2, apps: [] })).status).toBe(422)
  expect((await api.put("/v2/groups/none", { scaleBy: 2 })).status).toBe(404)
})

test("83: a dry run shows the steps and changes nothing", async () => {
  const api = await withGroup()
  const events = api.world.events.length
  const dry = await api.put("/v2/groups/g?dryRun=true", { apps: [{ ...a, id: "b" }] })
  expect(dry.status).toBe(200)
  expect(dry.body.steps).toEqual([
    { actions: [{ action: "StopApplication", app: "/g/a" }] },
    { actions: [{ action: "StartApplication", app: "/g/b" }] },
    { actions: [{ action: "ScaleApplication", app: "/g/b" }] },
  ])
  expect(await exists(api, "/v2/apps/g/b")).toBe(false)
  expect(api.world.events.length).toBe(events)
})

test("84: refuses dependencies in a circle", async () => {
  const api = new ApiWorld()
  const answer = await api.post("/v2/groups", {
    id: "g",
    apps: [
      { ...a, dependencies: ["b"] },
      { ...a, id: "b", dependencies: ["a"] },
    ],
  })
  expect(answer.status).toBe(422)
  expect(JSON.stringify(answer.body)).toContain("Dependency graph has cyclic dependencies.")
})

test("85: says where in the tree a member is missing", async () => {
  const answer = await new ApiWorld().put("/v2/groups", { groups: [{ id: "g", apps: [{}] }] })
  expect(answer.status).toBe(422)
  expect(answer.body.details).toEqual([
    { path: "/groups(0)/apps(0)/id", errors: ["'id' is undefined on object: {}"] },
  ])
  const invalid = await new ApiWorld().put("/v2/groups", {
    groups: [{ id: "g", apps: [{ ...a, constraints: [["x", "UNIQUE", "y"]] }] }],
  })
  expect(invalid.body.details).toMatchObject([{ path: "/groups(0)/apps(0)/constraints(0)" }])
  const unbuilt = await new ApiWorld().put("/v2/groups", {
    groups: [{ id: "g", apps: [{ id: "a" }] }],
  })
  expect(unbuilt.body.details).toMatchObject([{ path: "/groups(0)/apps(0)" }])
})

test("86, 87: enforces the role of top-level groups only", async () => {
  const api = await withGroup()
  expect(message(await api.patch("/v2/groups/a/b", { enforceRole: true }))).toEqual([
    422,
    "Path needs to be top-level",
  ])
  const patched = await api.patch("/v2/groups/g", { enforceRole: true })
  expect([patched.status, patched.text]).toEqual([200, ""])
  expect((await api.get("/v2/groups/g")).body.enforceRole).toBe(true)
  const foreign = await api.post("/v2/apps", { ...a, id: "/g/b", role: "x" })
  expect(foreign.status).toBe(422)
  expect(foreign.body.details).toEqual([{ path: "/role", errors: ["got x, expected one of: [g]"] }])
  expect((await api.post("/v2/apps", { ...a, id: "/g/b" })).body.role).toBe("g")
  const mixed = await api.put("/v2/groups/g", { enforceRole: false, apps: [] })
  expect(JSON.stringify(mixed.body)).toContain("enforceRole cannot be modified in a request that")
  expect((await api.patch("/v2/groups/none", { enforceRole: true })).status).toBe(404)
  expect((await api.patch("/v2/groups/g", {})).status).toBe(422)
})

test("new top-level groups enforce their role where that is set", async () => {
  const api = new ApiWorld({}, { newGroupsEnforceRole: true })
  expect((await api.post("/v2/apps", { ...a, id: "/g/h/a" })).body.role).toBe("g")
  expect((await api.get("/v2/groups/g")).body.enforceRole).toBe(true)
  expect((await api.post("/v2/apps", { ...a, id: "/g/b" })).body.role).toBe("g")
  expect((await api.post("/v2/apps", { ...a, id: "/c" })).body.role).toBe("*")
  await api.put("/v2/groups/k/l", { apps: [a] })
  expect((await api.get("/v2/groups/k")).body.enforceRole).toBe(true)
  expect((await api.get("/v2/apps/k/l/a")).body.app.role).toBe("k")
  await api.post("/v2/groups", { id: "m", enforceRole: false, apps: [a] })
  expect((await api.get("/v2/apps/m/a")).body.app.role).toBe("*")
})

test("keeps versions of the whole tree and goes back to one", async () => {
  const api = await withGroup()
  const first = (await api.get("/v2/groups/g")).body.version as string
  await api.put("/v2/groups/g", {
    apps: [
      { ...a, mem: 64 },
      { ...a, id: "b" },
    ],
  })
  api.advance(60_000)
  const versions = (await api.get("/v2/groups/versions")).body as string[]
  expect(versions).toContain(first)
  expect((await api.get("/v2/groups/g/versions")).body).toEqual(versions)
  const old = (await api.get(`/v2/groups/g/versions/${first}`)).body
  expect(old.apps).toHaveLength(1)
  expect(old.version).toBe(first)
  expect((await api.put("/v2/groups/g", { version: first })).status).toBe(200)
  expect(await exists(api, "/v2/apps/g/b")).toBe(false)
  expect((await api.get("/v2/apps/g/a")).body.app.mem).toBe(32)
  const unknown = "2001-01-01T00:00:00.000Z"
  expect(message(await api.put("/v2/groups/g", { version: unknown }))).toEqual([
    422,
    `Group /g not available in version ${unknown}`,
  ])
  expect((await api.get(`/v2/groups/g/versions/${unknown}`)).status).toBe(404)
})

test("removes a group with all that is below it, and empties the root", async () => {
  const api = await withGroup({ groups: [{ id: "h", apps: [a] }] })
  await api.post("/v2/apps", { ...a, id: "/b" })
  api.advance(1000)
  expect((await api.delete("/v2/groups/g")).status).toBe(200)
  expect(await exists(api, "/v2/groups/g")).toBe(false)
  expect(await exists(api, "/v2/apps/g/h/a")).toBe(false)
  expect((await api.delete("/v2/groups/g")).status).toBe(404)
  expect((await api.delete("/v2/groups")).status).toBe(200)
  expect((await api.get("/v2/apps")).body.apps).toEqual([])
})

test("waits for a deployment inside before it removes, unless forced", async () => {
  const api = await withGroup()
  api.world.master.onLaunch = () => undefined
  await api.put("/v2/apps/g/a", { instances: 2 })
  expect((await api.delete("/v2/groups/g")).status).toBe(409)
  expect((await api.delete("/v2/groups/g?force=true")).status).toBe(200)
})
