/** The behaviour cases of Marathon's task, queue and deployment endpoints, request by request. */
import { describe, expect, test } from "bun:test"
import { ApiWorld } from "./marathon-world.ts"

const S = { id: "/s", cmd: "sleep 1000", cpus: 0.1, mem: 32 }
const UNKNOWN = "s.instance-00000000-0000-4000-8000-000000000000._app.1"

async function withS(change: object = {}): Promise<ApiWorld> {
  const api = new ApiWorld()
  expect((await api.post("/v2/apps", { ...S, ...change })).status).toBe(201)
  api.advance(1000)
  return api
}

type Task = { id: string; state: string; ports: number[] }

const tasks = async (api: ApiWorld): Promise<Task[]> =>
  (await api.get("/v2/apps/s/tasks")).body.tasks as Task[]

const instances = async (api: ApiWorld): Promise<number> =>
  (await api.get("/v2/apps/s")).body.app.instances as number

describe("tasks", () => {
  test("shows what is known of a task", async () => {
    const api = await withS()
    const [task] = (await api.get("/v2/apps/s/tasks")).body.tasks
    expect(task).toMatchObject({
      appId: "/s",
      host: "a1",
      slaveId: "a1",
      state: "TASK_RUNNING",
      role: "*",
      healthCheckResults: [],
      localVolumes: [],
    })
    expect(task.id).toMatch(/^s\.instance-[-0-9a-f]{36}\._app\.1$/)
    expect(task.ports).toHaveLength(1)
    expect(task.version).toBe((await api.get("/v2/apps/s")).body.app.version)
    expect(task).not.toHaveProperty("servicePorts")
    const [listed] = (await api.get("/v2/tasks")).body.tasks
    expect(listed.servicePorts).toHaveLength(1)
  })

  test("54: ends tasks, which come again under the same instance", async () => {
    const api = await withS({ instances: 2 })
    const before = await tasks(api)
    const killed = await api.delete("/v2/apps/s/tasks")
    expect(killed.status).toBe(200)
    expect(killed.body.tasks.map(({ id }: Task) => id).sort()).toEqual(
      before.map(({ id }) => id).sort(),
    )
    api.advance(60_000)
    const after = await tasks(api)
    expect(after.map(({ id }) => id).sort()).toEqual(
      before.map(({ id }) => id.replace(/1$/, "2")).sort(),
    )
    expect(await instances(api)).toBe(2)
  })

  test("54: ends only the tasks on one host", async () => {
    const api = await withS()
    expect((await api.delete("/v2/apps/s/tasks?host=other")).body).toEqual({ tasks: [] })
    expect((await api.delete("/v2/apps/s/tasks?host=a1")).body.tasks).toHaveLength(1)
    expect((await api.delete("/v2/apps/none/tasks")).status).toBe(404)
  })

  test("55: ends all tasks and scales down", async () => {
    const api = await withS({ instances: 3 })
    const answer = await api.delete("/v2/apps/s/tasks?scale=true")
    expect(Object.keys(answer.body).sort()).toEqual(["deploymentId", "version"])
    expect(answer.headers.get("marathon-deployment-id")).toBe(answer.body.deploymentId)
    api.advance(10_000)
    expect(await instances(api)).toBe(0)
    expect(await tasks(api)).toEqual([])
  })

  test("56: ends the one task that is named and scales down", async () => {
    const api = await withS({ instances: 3 })
    const [, second] = await tasks(api)
    await api.delete(`/v2/apps/s/tasks/${second!.id}?scale=true`)
    api.advance(10_000)
    const left = (await tasks(api)).map(({ id }) => id)
    expect(left).toHaveLength(2)
    expect(left).not.toContain(second!.id)
    expect(await instances(api)).toBe(2)
  })

  test("ends one task and shows it", async () => {
    const api = await withS()
    const [only] = await tasks(api)
    const answer = await api.delete(`/v2/apps/s/tasks/${only!.id}`)
    expect(answer.body.task.id).toBe(only!.id)
  })

  test("57, 58: refuses what contradicts itself and tells what does not exist", async () => {
    const api = await withS()
    const both = await api.delete("/v2/apps/s/tasks?scale=true&wipe=true")
    expect(both.status).toBe(400)
    expect(both.body.message).toBe("You cannot use scale and wipe at the same time.")
    const unknown = await api.delete(`/v2/apps/s/tasks/${UNKNOWN}`)
    expect(unknown.status).toBe(404)
    expect(unknown.body.message).toBe(`Task '${UNKNOWN}' does not exist`)
    const malformed = await api.delete("/v2/apps/s/tasks/nonsense")
    expect(malformed.status).toBe(400)
    expect(malformed.body.message).toStartWith("Invalid task id 'nonsense'. ")
  })

  test("59: ends listed tasks", async () => {
    const api = await withS()
    const [only] = await tasks(api)
    const path = "/v2/tasks/delete"
    expect((await api.post(path, { ids: ["no such"] })).status).toBe(400)
    expect((await api.post(path, { ids: [UNKNOWN] })).body).toEqual({ tasks: [] })
    expect((await api.post(path, {})).status).toBe(422)
    expect((await api.post(path, { ids: [only!.id, UNKNOWN] })).body.tasks).toHaveLength(1)
  })

  test("60: filters by state", async () => {
    const api = await withS()
    api.world.master.onLaunch = () => undefined
    await api.post("/v2/apps", { ...S, id: "/t" })
    const ids = async (query: string): Promise<string[]> =>
      (await api.get(`/v2/tasks?${query}`)).body.tasks.map(({ appId }: { appId: string }) => appId)
    expect(await ids("status=staging")).toEqual(["/t"])
    expect(await ids("status=RUNNING")).toEqual(["/s"])
    expect(await ids("status[]=running&status[]=staging")).toEqual(["/s", "/t"])
    expect(await ids("status=foo")).toEqual(["/s", "/t"])
  })

  test("100: lists service ports as text", async () => {
    const api = await withS({ id: "/a/s", ports: [10_000, 0] })
    await api.post("/v2/apps", { ...S, id: "/t", ports: [] })
    const [task] = (await api.get("/v2/apps/a/s/tasks")).body.tasks as Task[]
    const headers = { Accept: "text/plain" }
    const { text, headers: answered } = await api.get("/v2/tasks", { headers })
    const [first, second] = task!.ports
    expect(answered.get("content-type")).toStartWith("text/plain")
    expect(text).toBe(`a_s\t10000\ta1:${first}\t\na_s\t10001\ta1:${second}\t\nt\t \ta1\t\n`)
    expect((await api.get("/v2/apps/t/tasks", { headers })).text).toBe("t\t \ta1\t\n")
  })

  test("44, 49: a mapping without a host port has no port", async () => {
    const container = { type: "MESOS", portMappings: [{ containerPort: 80 }] }
    const api = await withS({ networks: [{ name: "n" }], container })
    expect((await tasks(api))[0]?.ports).toEqual([])
  })
})

describe("the queue", () => {
  test("61, 63: shows the delay of an app that fails, and resets it", async () => {
    const api = new ApiWorld()
    api.world.master.onLaunch = () => "TASK_FAILED"
    await api.post("/v2/apps", { ...S, backoffSeconds: 100 })
    const item = (await api.get("/v2/queue")).body.queue[0]
    expect(item).toMatchObject({ count: 1, role: "*", app: { id: "/s" } })
    expect(item.delay).toEqual({ timeLeftSeconds: 100, overdue: false })
    const { lastTaskFailure } = (await api.get("/v2/apps/s")).body.app
    expect(lastTaskFailure).toMatchObject({ appId: "/s", state: "TASK_FAILED", host: "a1" })
    const launches = api.world.master.launched.length
    const reset = await api.delete("/v2/queue//s/delay")
    expect(reset.status).toBe(204)
    api.advance(1000)
    expect(api.world.master.launched.length).toBe(launches + 1)
  })

  test("64: says why nothing fits", async () => {
    const api = await withS({ cpus: 1000 })
    const [item] = (await api.get("/v2/queue?embed=lastUnusedOffers")).body.queue
    expect(item.count).toBe(1)
    const summary = item.processedOffersSummary.rejectSummaryLastOffers
    expect(summary).toHaveLength(10)
    expect(summary.map(({ reason }: { reason: string }) => reason)).toEqual([
      "UnfulfilledRole",
      "UnfulfilledConstraint",
      "NoCorrespondingReservationFound",
      "AgentMaintenance",
      "InsufficientCpus",
      "InsufficientMemory",
      "InsufficientDisk",
      "InsufficientGpus",
      "InsufficientPorts",
      "DeclinedScarceResources",
    ])
    expect(summary[4].declined).toBeGreaterThan(0)
    const [unused] = item.lastUnusedOffers
    expect(unused.reason).toEqual(["InsufficientCpus"])
    expect(unused.offer.resources[0]).toEqual({ name: "cpus", role: "*", scalar: 4 })
    expect((await api.get("/v2/queue")).body.queue[0]).not.toHaveProperty("lastUnusedOffers")
    expect((await api.get("/v2/deployments")).body).toHaveLength(1)
  })

  test("65: tells what does not wait", async () => {
    const api = await withS()
    for (const id of ["/s", "/none"]) {
      const answer = await api.delete(`/v2/queue${id}/delay`)
      expect(answer.status).toBe(404)
      expect(answer.body.message).toBe(`Application ${id} not found in tasks queue.`)
    }
  })
})

describe("deployments", () => {
  test("show where they are", async () => {
    const api = new ApiWorld()
    api.world.master.onLaunch = () => undefined
    const created = await api.post("/v2/apps", S)
    expect((await api.get("/v2/deployments")).body).toEqual([
      {
        id: created.body.deployments[0].id,
        version: created.body.version,
        affectedApps: ["/s"],
        affectedPods: [],
        steps: [
          { actions: [{ action: "StartApplication", app: "/s" }] },
          { actions: [{ action: "ScaleApplication", app: "/s" }] },
        ],
        currentActions: [{ action: "ScaleApplication", app: "/s", readinessCheckResults: [] }],
        currentStep: 2,
        totalSteps: 2,
      },
    ])
    expect((await api.get("/v2/apps/s")).body.app.deployments).toEqual(created.body.deployments)
  })

  test("74: go back, or just stop", async () => {
    const api = await withS()
    api.world.master.onLaunch = () => undefined
    const update = await api.put("/v2/apps/s", { mem: 64 })
    const path = `/v2/deployments/${update.body.deploymentId}`
    const reverted = await api.delete(path)
    expect(reverted.status).toBe(200)
    expect(reverted.body.deploymentId).not.toBe(update.body.deploymentId)
    api.advance(60_000)
    expect((await api.get("/v2/apps/s")).body.app.mem).toBe(32)
    const again = await api.put("/v2/apps/s", { mem: 64 })
    const stopped = await api.delete(`/v2/deployments/${again.body.deploymentId}?force=true`)
    expect(stopped.status).toBe(202)
    expect(stopped.text).toBe("")
    expect((await api.get("/v2/apps/s")).body.app.mem).toBe(64)
  })

  test("78: are limited in number, forced or not", async () => {
    const api = new ApiWorld({ options: { maxRunningDeployments: 1 } })
    api.world.master.onLaunch = () => undefined
    await api.post("/v2/apps", S)
    for (const query of ["", "?force=true"]) {
      const answer = await api.post(`/v2/apps${query}`, { ...S, id: "/t" })
      expect(answer.status).toBe(403)
      expect(answer.body.message).toStartWith("Max number (1) of running deployments is achieved.")
    }
  })

  test("79: tell of one that does not exist", async () => {
    const api = new ApiWorld()
    expect((await api.get("/v2/deployments")).body).toEqual([])
    for (const query of ["", "?force=true"]) {
      const answer = await api.delete(`/v2/deployments/x${query}`)
      expect(answer.status).toBe(404)
      expect(answer.body.message).toBe("DeploymentPlan x does not exist")
    }
  })
})
