import { describe, expect, test } from "bun:test"
import { patch, pathId, put, remove, restart, testHealthCheck, testSpec } from "./test-app.ts"
import { World } from "./test-world.ts"

describe("deploying an app", () => {
  test("launches its instances and ends the deployment", () => {
    const world = new World()
    const id = world.deploy(put(testSpec({ instances: 3 })))
    expect(world.running()).toHaveLength(3)
    expect(world.machine.view.deployments()).toEqual([])
    const types = world.eventTypes().filter((type) => type.startsWith("deployment"))
    expect(types).toEqual([
      "deployment_info",
      "deployment_step_success",
      "deployment_info",
      "deployment_step_success",
      "deployment_success",
    ])
    const success = world.events.find(({ eventType }) => eventType === "deployment_success")
    expect(success?.["id"]).toBe(id)
  })

  test("assigns service ports and versions", () => {
    const world = new World()
    world.deploy(put(testSpec()))
    world.deploy(put(testSpec({ id: pathId("/other") })))
    const ports = [...world.machine.view.apps()].map((app) => app.portDefinitions[0]?.port)
    expect(ports).toEqual([10_001, 10_000])
    const app = world.machine.view.app(pathId("/web"))
    expect(app?.versionInfo.lastConfigChangeAt).toBe(app?.version)
  })

  test("scales without touching the tasks that run", () => {
    const world = new World()
    world.deploy(put(testSpec({ instances: 2 })))
    const before = world.running()
    const config = world.machine.view.app(pathId("/web"))?.versionInfo.lastConfigChangeAt
    world.advance(1000)
    world.deploy(patch("/web", { instances: 4 }))
    expect(world.running()).toHaveLength(4)
    expect(world.running()).toEqual(expect.arrayContaining([...before]))
    world.deploy(patch("/web", { instances: 1 }))
    expect(world.running()).toHaveLength(1)
    expect(before).toContain(world.running()[0] ?? "")
    const app = world.machine.view.app(pathId("/web"))
    expect(app?.versionInfo.lastConfigChangeAt).toBe(config)
    expect(app?.versionInfo.lastScalingAt).toBe(app?.version)
  })

  test("replaces every task when anything else changes", () => {
    const world = new World()
    world.deploy(put(testSpec({ instances: 3 })))
    const before = world.running()
    world.deploy(patch("/web", { cmd: "sleep 2000" }))
    world.advance(1000)
    expect(world.running()).toHaveLength(3)
    expect(world.running().filter((id) => before.includes(id))).toEqual([])
    expect(world.master.alive()).toHaveLength(3)
  })

  test("does nothing, successfully, when nothing changes", () => {
    const world = new World()
    world.deploy(put(testSpec()))
    const [before, app] = [world.running(), world.machine.view.app(pathId("/web"))]
    world.deploy(patch("/web", {}))
    expect(world.running()).toEqual(before)
    expect(world.machine.view.app(pathId("/web"))).toEqual(app as NonNullable<typeof app>)
    expect(world.machine.view.deployments()).toEqual([])
  })

  test("restarts all instances on demand", () => {
    const world = new World()
    world.deploy(put(testSpec({ instances: 2 })))
    const before = world.running()
    world.advance(10)
    world.deploy(restart("/web"))
    world.advance(1000)
    expect(world.running().filter((id) => before.includes(id))).toEqual([])
    expect(world.running()).toHaveLength(2)
  })

  test("removes an app with its tasks and all its keys", () => {
    const world = new World()
    world.deploy(put(testSpec({ instances: 2 })))
    world.deploy(remove("/web"))
    expect(world.master.alive()).toEqual([])
    expect(world.machine.view.app(pathId("/web"))).toBeUndefined()
    expect(world.eventTypes()).toContain("app_terminated_event")
    expect([...world.store.keys()].filter((key) => key.includes("/web"))).toEqual([])
  })

  test("starts apps in the order of their dependencies", () => {
    const world = new World()
    const checked = { healthChecks: [testHealthCheck()] }
    const db = testSpec({ id: pathId("/s/db"), ...checked })
    const api = testSpec({ id: pathId("/s/api"), dependencies: [pathId("/s/db")], ...checked })
    const ui = testSpec({ id: pathId("/s/ui"), dependencies: [pathId("/s/api")] })
    world.deploy(put([ui, api, db]))
    expect(world.running("/s/db")).toHaveLength(1)
    expect(world.instances("/s/api")).toEqual([])
    world.advance(5000)
    expect(world.running("/s/api")).toHaveLength(1)
    expect(world.instances("/s/ui")).toEqual([])
    world.advance(5000)
    expect(world.running("/s/ui")).toHaveLength(1)
  })

  test("refuses cyclic dependencies and changes nothing", () => {
    const world = new World()
    const a = testSpec({ id: pathId("/a"), dependencies: [pathId("/b")] })
    const b = testSpec({ id: pathId("/b"), dependencies: [pathId("/a")] })
    const reply = world.request(put([a, b]))
    expect(reply).toMatchObject({ ok: false, error: { code: "cyclicDependencies" } })
    expect(world.machine.view.apps()).toEqual([])
  })

  test("answers the steps of a dry run and changes nothing", () => {
    const world = new World()
    const reply = world.request({ ...put(testSpec()), dryRun: true } as Parameters<
      World["send"]
    >[0])
    expect(reply).toEqual({
      ok: true,
      value: {
        kind: "steps",
        steps: [
          { actions: [{ action: "StartApplication", app: pathId("/web") }] },
          { actions: [{ action: "ScaleApplication", app: pathId("/web") }] },
        ],
      },
    })
    expect(world.machine.view.apps()).toEqual([])
  })
})
