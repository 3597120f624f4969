/** The behaviour cases of Marathon's app endpoints, request by request. */
import { describe, expect, test } from "bun:test"
import { ApiWorld } from "./marathon-world.ts"
import type { Answer, Body } from "./marathon-world.ts"

const S = { id: "/s", cmd: "sleep 1000", cpus: 0.1, mem: 32 }

async function withS(change: object = {}): Promise<ApiWorld> {
  const api = new ApiWorld()
  expect((await api.post("/v2/apps", { ...S, ...change })).status).toBe(201)
  return api
}

const app = async (api: ApiWorld, id = "/s"): Promise<Body> =>
  (await api.get(`/v2/apps${id}`)).body.app

const taskIds = async (api: ApiWorld, id = "/s"): Promise<string[]> =>
  (await api.get(`/v2/apps${id}/tasks`)).body.tasks.map((task: { id: string }) => task.id)

const problems = (answer: Answer): unknown => answer.body.details

describe("creating and reading", () => {
  test("1: answers a new app with its deployment and no tasks", async () => {
    const api = new ApiWorld()
    const created = await api.post("/v2/apps", S)
    expect(created.status).toBe(201)
    const [deployment] = created.body.deployments
    expect(created.headers.get("marathon-deployment-id")).toBe(deployment.id)
    expect(created.headers.get("location")).toEndWith("/v2/apps/s")
    expect(created.body).toMatchObject({
      id: "/s",
      tasksStaged: 0,
      tasksRunning: 0,
      tasksHealthy: 0,
      tasksUnhealthy: 0,
    })
    expect(created.body.version).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    expect(created.body).not.toHaveProperty("tasks")
    expect(created.body).not.toHaveProperty("versionInfo")
  })

  test("2: refuses the same id twice", async () => {
    const api = await withS()
    const again = await api.post("/v2/apps", S)
    expect(again.status).toBe(409)
    expect(again.body).toEqual({ message: "An app with id [/s] already exists." })
  })

  test("3: shows what was filled in", async () => {
    const shown = await app(await withS())
    expect(shown).toMatchObject({
      networks: [{ mode: "host" }],
      labels: {},
      upgradeStrategy: { minimumHealthCapacity: 1, maximumOverCapacity: 1 },
      unreachableStrategy: { inactiveAfterSeconds: 0, expungeAfterSeconds: 0 },
      backoffFactor: 1.15,
    })
    expect(shown.portDefinitions).toHaveLength(1)
    expect(shown.portDefinitions[0].name).toBe("default")
    expect(shown.portDefinitions[0].port).toBeWithin(10_000, 20_001)
    expect(shown).not.toHaveProperty("env")
    expect(shown).not.toHaveProperty("constraints")
    expect(shown.tasks).toHaveLength(1)
    expect(shown.tasksRunning).toBe(1)
  })

  test("5, 6: tells bodies that are not JSON from none", async () => {
    const api = new ApiWorld()
    const broken = await api.post("/v2/apps", '{"id":')
    expect(broken.status).toBe(400)
    expect(broken.body.message).toBe("Invalid JSON")
    expect(broken.body.details).toBeString()
    const empty = await api.post("/v2/apps", "")
    expect(empty.status).toBe(400)
    expect(empty.body.message).toBe("Please specify data in JSON format")
  })

  test.each([
    [7, { cmd: "a b" }, "/id", `'id' is undefined on object: {"cmd":"a b"}`],
    [8, { ...S, cpus: "1" }, "/cpus", "error.expected.jsnumber"],
    [
      9,
      { ...S, container: { docker: { image: "i", network: "FOO" } } },
      "/container/docker/network",
      "error.unknown.enum.literal",
    ],
  ])("%d: names the place and the error of a wrong type", async (_case, body, path, error) => {
    const answer = await new ApiWorld().post("/v2/apps", body)
    expect(answer.status).toBe(422)
    expect(answer.body).toEqual({
      message: "Invalid JSON",
      details: [{ path, errors: [error] }],
    })
  })

  test.each<[number, object, string]>([
    [10, { id: "/App_1", cmd: "a b" }, "/id"],
    [11, { id: "/a/restart", cmd: "a b" }, "/id"],
    [12, { id: "/x" }, "/"],
    [13, { ...S, args: ["a"] }, "/"],
    [
      14,
      { ...S, upgradeStrategy: { minimumHealthCapacity: 1.2, maximumOverCapacity: 0 } },
      "/upgradeStrategy/minimumHealthCapacity",
    ],
    [53, { ...S, constraints: [["hostname", "UNIQUE", "x"]] }, "/constraints(0)"],
  ])("%d: names the place of a wrong value", async (_case, body, path) => {
    const answer = await new ApiWorld().post("/v2/apps", body)
    expect(answer.status).toBe(422)
    expect(answer.body.message).toBe("Object is not valid")
    expect(problems(answer)).toMatchObject([{ path }])
  })

  test("15, 16: drops unknown members and takes null as absent", async () => {
    const api = await withS({ foo: 1, instances: null })
    const shown = await app(api)
    expect(shown).not.toHaveProperty("foo")
    expect(shown.instances).toBe(1)
  })

  test("17: refuses a body of another type, but not one without a type", async () => {
    const api = new ApiWorld()
    const headers = { "Content-Type": "text/plain" }
    expect((await api.post("/v2/apps", S, { headers })).status).toBe(415)
    expect((await api.post("/v2/apps", S)).status).toBe(201)
    const plain = await api.post("/v2/groups", { id: "/g" }, { headers })
    expect(plain.status).toBe(201)
  })

  test("18: says which app does not exist", async () => {
    const answer = await new ApiWorld().get("/v2/apps/none")
    expect(answer.status).toBe(404)
    expect(answer.body).toEqual({ message: "App '/none' does not exist" })
  })

  test("19: drops empty segments of a path", async () => {
    const api = await withS()
    for (const path of ["/v2/apps//s", "/v2/apps/s/", "//v2//apps/s"])
      expect((await api.get(path)).body.app.id).toBe("/s")
    expect((await api.post("/v2/apps/", { ...S, id: "t" })).status).toBe(201)
  })

  test("20, 21, 22: filters by id, command and labels", async () => {
    const api = await withS({ labels: { tier: "web", env: "prod" } })
    await api.post("/v2/apps", { ...S, id: "/t", cmd: "nginx", labels: { env: "test" } })
    const ids = async (query: string): Promise<string[]> =>
      (await api.get(`/v2/apps?${query}`)).body.apps.map(({ id }: { id: string }) => id)
    expect(await ids("id=S")).toEqual(["/s"])
    expect(await ids("cmd=NGINX")).toEqual(["/t"])
    expect(await ids("label=tier==web,env in (prod, test)")).toEqual(["/s"])
    expect(await ids("label=tier!=db")).toEqual(["/s"])
    expect(await ids("label=env&id=t")).toEqual(["/t"])
    const bad = await api.get("/v2/apps?label===")
    expect(bad.status).toBe(422)
    expect(bad.body.message).toStartWith("Can not parse label selector ==. Reason: ")
  })

  test("23: lists everything below a group", async () => {
    const api = await withS({ id: "/prod/a/s" })
    expect((await api.get("/v2/apps/prod/*")).body["*"]).toHaveLength(1)
    expect((await api.get("/v2/apps/*")).body["*"]).toHaveLength(1)
    expect((await api.get("/v2/apps/none/*")).status).toBe(404)
    expect((await api.get("/v2/apps/prod/*/tasks")).body.tasks).toHaveLength(1)
  })

  test("embeds what is asked for under any prefix", async () => {
    const api = await withS()
    const list = async (query: string): Promise<Body> =>
      (await api.get(`/v2/apps?${query}`)).body.apps[0]
    expect(await list("")).not.toHaveProperty("tasks")
    expect((await list("embed=apps.tasks")).tasks).toHaveLength(1)
    const both = await list("embed=app.taskStats&embed=group.apps.readiness&embed=nonsense")
    expect(both.taskStats.totalSummary.stats.counts).toEqual({
      staged: 0,
      running: 1,
      healthy: 0,
      unhealthy: 0,
    })
    expect(both.taskStats).not.toHaveProperty("withOutdatedConfig")
    expect(both.readinessCheckResults).toEqual([])
  })

  test("makes room for an app where an empty group is, not where one is in use", async () => {
    const api = await withS({ id: "/a/b/s" })
    const taken = await api.post("/v2/apps", { ...S, id: "/a/b" })
    expect(taken.status).toBe(422)
    expect(problems(taken)).toEqual([
      { path: "/", errors: ["Groups and Applications may not have the same identifier."] },
    ])
    await api.delete("/v2/apps/a/b/s")
    expect((await api.post("/v2/apps", { ...S, id: "/a/b" })).status).toBe(201)
    expect((await api.post("/v2/apps", { ...S, id: "/a/b/c" })).status).toBe(422)
  })
})

describe("updating", () => {
  test("24: scales without touching anything else", async () => {
    const api = await withS()
    const before = await app(api)
    const tasks = await taskIds(api)
    api.advance(1000)
    const scaled = await api.put("/v2/apps/s", { instances: 3 })
    expect(scaled.status).toBe(200)
    expect(Object.keys(scaled.body).sort()).toEqual(["deploymentId", "version"])
    const after = await app(api)
    expect(after).toMatchObject({ cmd: S.cmd, instances: 3 })
    expect(after.versionInfo.lastConfigChangeAt).toBe(before.versionInfo.lastConfigChangeAt)
    expect(after.versionInfo.lastScalingAt).toBe(scaled.body.version)
    expect(await taskIds(api)).toContain(tasks[0]!)
    expect(await taskIds(api)).toHaveLength(3)
  })

  test("25: replaces whole members, and all tasks", async () => {
    const api = await withS({ env: { A: "1" } })
    const tasks = await taskIds(api)
    api.advance(1000)
    await api.put("/v2/apps/s", { env: { B: "2" } })
    api.advance(60_000)
    expect((await app(api)).env).toEqual({ B: "2" })
    expect(await taskIds(api)).not.toContain(tasks[0]!)
  })

  test("26: falls back to defaults in a full update", async () => {
    const api = await withS()
    await api.put("/v2/apps/s?partialUpdate=false", { cmd: "sleep 5" })
    expect((await app(api)).mem).toBe(128)
  })

  test("27: PUT creates, PATCH does not", async () => {
    const api = new ApiWorld()
    const created = await api.put("/v2/apps/s", S)
    expect(created.status).toBe(201)
    expect(created.headers.get("location")).toEndWith("/v2/apps/s")
    expect((await api.patch("/v2/apps/t", S)).status).toBe(404)
    expect((await api.patch("/v2/apps/s", { instances: 2 }, {})).status).toBe(200)
  })

  test("an id in the path is checked like one in the body", async () => {
    const api = new ApiWorld()
    for (const answer of [
      await api.put("/v2/apps/App_1", { cmd: "sleep 1" }),
      await api.put("/v2/groups/Group_1", {}),
    ]) {
      expect(answer.status).toBe(422)
      expect(problems(answer)).toMatchObject([{ path: "/id" }])
    }
    expect((await api.put("/v2/apps/a%2Fb", { cmd: "sleep 1" })).status).toBe(201)
    expect((await api.get("/v2/apps/a/b")).status).toBe(200)
  })

  test("28: the id of the path wins", async () => {
    const api = await withS()
    await api.put("/v2/apps/s", { id: "/other", mem: 64 })
    expect((await app(api)).mem).toBe(64)
    expect((await api.get("/v2/apps/other")).status).toBe(404)
  })

  test("29: an update that changes nothing keeps version and tasks", async () => {
    const api = await withS()
    const [before, tasks] = [await app(api), await taskIds(api)]
    api.advance(1000)
    const same = await api.put("/v2/apps/s", S)
    expect(same.status).toBe(200)
    expect(same.body.deploymentId).toBeString()
    expect((await app(api)).version).toBe(before.version)
    expect(await taskIds(api)).toEqual(tasks)
    expect((await api.get("/v2/deployments")).body).toEqual([])
  })

  test("30, 31: goes back to a version, named alone", async () => {
    const api = await withS()
    const first = (await app(api)).version
    api.advance(1000)
    await api.put("/v2/apps/s", { mem: 64 })
    api.advance(60_000)
    const both = await api.put("/v2/apps/s", { version: first, instances: 2 })
    expect(both.status).toBe(422)
    expect(both.body.message).toBe("The 'version' field may only be combined with the 'id' field.")
    expect((await api.put("/v2/apps/s", { version: first })).status).toBe(200)
    api.advance(60_000)
    const back = await app(api)
    expect(back.mem).toBe(32)
    expect(back.version).not.toBe(first)
    const unknown = await api.put("/v2/apps/s", { version: "2001-01-01T00:00:00.000Z" })
    expect(unknown.status).toBe(404)
  })

  test("32: changes several apps in one deployment", async () => {
    const api = await withS()
    api.world.master.onLaunch = () => undefined
    const body = [
      { id: "/s", instances: 2 },
      { ...S, id: "/t" },
    ]
    expect((await api.patch("/v2/apps", body)).status).toBe(404)
    expect((await api.put("/v2/apps", body)).status).toBe(200)
    const deployments = (await api.get("/v2/deployments")).body
    expect(deployments).toHaveLength(1)
    expect(deployments[0].affectedApps).toEqual(["/s", "/t"])
    expect((await api.put("/v2/apps", {}, {})).status).toBe(422)
    expect(problems(await api.put("/v2/apps", [{ id: "/s", mem: "1" }]))).toMatchObject([
      { path: "(0)/mem" },
    ])
  })

  test("33, 34: keeps versions, newest first", async () => {
    const api = await withS()
    api.advance(1000)
    await api.put("/v2/apps/s", { mem: 64 })
    const { versions } = (await api.get("/v2/apps/s/versions")).body
    expect(versions).toHaveLength(2)
    expect(versions[0] > versions[1]).toBe(true)
    const old = await api.get(`/v2/apps/s/versions/${versions[1]}`)
    expect(old.body).toMatchObject({ id: "/s", mem: 32, version: versions[1] })
    expect((await api.get("/v2/apps/s/versions/yesterday")).status).toBe(422)
    const unknown = await api.get("/v2/apps/s/versions/2001-01-01T00:00:00.000Z")
    expect(unknown.status).toBe(404)
    expect(unknown.body.message).toBe("App '/s' does not exist in version 2001-01-01T00:00:00.000Z")
    expect((await api.get("/v2/apps/none/versions")).status).toBe(404)
  })

  test("35: restarts with a new version of the same definition", async () => {
    const api = await withS()
    const [before, tasks] = [await app(api), await taskIds(api)]
    api.advance(1000)
    expect((await api.post("/v2/apps/s/restart")).status).toBe(200)
    api.advance(60_000)
    const after = await app(api)
    expect(after.version).not.toBe(before.version)
    expect(after.cmd).toBe(before.cmd)
    expect(await taskIds(api)).not.toContain(tasks[0]!)
    expect((await api.post("/v2/apps/none/restart")).status).toBe(404)
  })

  test("36, 37: removes an app in spite of its own deployment", async () => {
    const api = new ApiWorld()
    api.world.master.onLaunch = () => undefined
    await api.post("/v2/apps", S)
    expect((await api.delete("/v2/apps/s?force=false")).status).toBe(409)
    expect((await api.delete("/v2/apps/s")).status).toBe(200)
    expect((await api.delete("/v2/apps/none")).status).toBe(404)
  })

  test("38: names the deployments that hold an app", async () => {
    const api = new ApiWorld()
    api.world.master.onLaunch = () => undefined
    const created = await api.post("/v2/apps", S)
    const locked = await api.put("/v2/apps/s", { instances: 2 })
    expect(locked.status).toBe(409)
    expect(locked.body.message).toContain("?force=true")
    expect(locked.body.deployments).toEqual(created.body.deployments)
    expect((await api.put("/v2/apps/s?force", { instances: 2 })).status).toBe(409)
    expect((await api.put("/v2/apps/s?force=true", { instances: 2 })).status).toBe(200)
    expect(api.world.eventTypes()).toContain("deployment_failed")
  })
})

describe("ports", () => {
  test("39, 46: assigns service ports and keeps them", async () => {
    const api = await withS({ ports: [0, 0] })
    const [first, second] = (await app(api)).portDefinitions
    expect(first.port).not.toBe(second.port)
    expect(await app(api)).not.toHaveProperty("ports")
    await api.put("/v2/apps/s", { ports: [0], mem: 64 })
    expect((await app(api)).portDefinitions[0].port).toBe(first.port)
  })

  test("41: turns bridge mappings into the new form", async () => {
    const docker = { image: "nginx", network: "BRIDGE", portMappings: [{ containerPort: 80 }] }
    const shown = await app(await withS({ container: { docker } }))
    expect(shown.networks).toEqual([{ mode: "container/bridge" }])
    const [mapping] = shown.container.portMappings
    expect(mapping.hostPort).toBe(0)
    expect(mapping.servicePort).toBeWithin(10_000, 20_001)
    expect(shown).not.toHaveProperty("portDefinitions")
  })

  test("42: needs the name of a container network", async () => {
    const answer = await new ApiWorld().post("/v2/apps", { ...S, networks: [{}] })
    expect(answer.status).toBe(422)
    expect(answer.body).toEqual({
      message: "Network name must be specified when container network is selected.",
    })
  })

  test("a used-up range is told", async () => {
    const api = new ApiWorld({ options: { localPortMin: 10_000, localPortMax: 10_001 } })
    const answer = await api.post("/v2/apps", { ...S, ports: [0, 0] })
    expect(answer.status).toBe(500)
    expect(answer.body.message).toBe("All ports in the range [10000-10001) are already in use")
  })
})
