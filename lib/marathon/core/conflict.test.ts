import { describe, expect, test } from "bun:test"
import { patch, pathId, put, remove, testSpec } from "./test-app.ts"
import { World } from "./test-world.ts"

/** A world in which the app's deployment cannot end: no agent is large enough. */
function stuck(): { world: World; deploymentId: string } {
  const world = new World()
  return { world, deploymentId: world.deploy(put(testSpec({ cpus: 1000 }))) }
}

describe("a change of an app under deployment", () => {
  test("is refused, naming the deployment", () => {
    const { world, deploymentId } = stuck()
    expect(world.request(patch("/web", { cpus: 1 }))).toEqual({
      ok: false,
      error: { code: "locked", deploymentIds: [deploymentId] },
    })
  })

  test("supersedes it when forced", () => {
    const { world, deploymentId } = stuck()
    world.deploy(patch("/web", { cpus: 1 }, true))
    world.advance(1000)
    expect(world.running()).toHaveLength(1)
    const failed = world.events.find(({ eventType }) => eventType === "deployment_failed")
    expect(failed).toMatchObject({ id: deploymentId, reason: "The upgrade has been cancelled" })
    expect(world.machine.view.deployments()).toEqual([])
  })

  test("does not concern other apps", () => {
    const { world } = stuck()
    world.deploy(put(testSpec({ id: pathId("/other") })))
    world.advance(1000)
    expect(world.running("/other")).toHaveLength(1)
  })

  test("is refused when too many deployments run", () => {
    const world = new World({ options: { maxRunningDeployments: 1 } })
    world.deploy(put(testSpec({ cpus: 1000 })))
    expect(world.request(put(testSpec({ id: pathId("/other") })))).toEqual({
      ok: false,
      error: { code: "tooManyDeployments", limit: 1 },
    })
  })

  test("can always be a removal", () => {
    const { world } = stuck()
    world.deploy(remove("/web"))
    expect(world.machine.view.deployments()).toEqual([])
    expect([...world.machine.view.apps()]).toEqual([])
  })
})

describe("cancelling a deployment", () => {
  test("rolls back to the definition before, without ending the old tasks", () => {
    const world = new World()
    world.deploy(put(testSpec({ instances: 2 })))
    const before = world.running()
    world.master.onLaunch = () => undefined
    const deploymentId = world.deploy(patch("/web", { cmd: "broken" }))
    world.advance(1000)
    expect(world.master.alive()).toHaveLength(4)
    world.deploy({ kind: "cancelDeployment", deploymentId, force: false })
    world.advance(1000)
    expect([...world.running()].sort()).toEqual([...before].sort())
    expect(world.master.alive()).toHaveLength(2)
    expect(world.machine.view.app(pathId("/web"))?.cmd).toBe("sleep 1000")
    expect(world.machine.view.deployments()).toEqual([])
  })

  test("removes an app that it was about to create", () => {
    const { world, deploymentId } = stuck()
    world.deploy({ kind: "cancelDeployment", deploymentId, force: false })
    expect([...world.machine.view.apps()]).toEqual([])
    expect(world.instances()).toEqual([])
  })

  test("with force leaves everything as it is", () => {
    const { world, deploymentId } = stuck()
    const reply = world.request({ kind: "cancelDeployment", deploymentId, force: true })
    expect(reply).toEqual({ ok: true, value: { kind: "done" } })
    expect(world.machine.view.deployments()).toEqual([])
    expect([...world.machine.view.apps()]).toHaveLength(1)
    expect(world.instances()).toHaveLength(1)
  })

  test("of one that is not there is refused", () => {
    const world = new World()
    const reply = world.request({ kind: "cancelDeployment", deploymentId: "x", force: false })
    expect(reply).toEqual({ ok: false, error: { code: "unknownDeployment", deploymentId: "x" } })
  })

  test("keeps what changed elsewhere meanwhile", () => {
    const { world, deploymentId } = stuck()
    world.deploy(put(testSpec({ id: pathId("/other") })))
    world.deploy({ kind: "cancelDeployment", deploymentId, force: false })
    expect([...world.machine.view.apps()].map((app): string => app.id)).toEqual(["/other"])
  })
})

test("a forced scaling goes on with the replacement that it cuts short", () => {
  const world = new World()
  world.deploy(put(testSpec({ instances: 2 })))
  world.master.onLaunch = () => undefined
  world.deploy(patch("/web", { cmd: "new" }))
  world.advance(1000)
  world.master.onLaunch = () => "TASK_RUNNING"
  world.deploy(patch("/web", { instances: 3 }, true))
  for (const { info, state } of world.master.alive())
    if (state === "TASK_STAGING") world.master.update(info.taskId, "TASK_RUNNING")
  world.advance(1000)
  expect(world.running()).toHaveLength(3)
  const commands = world.master.alive().map(({ info }) => info.command?.value)
  expect(new Set(commands)).toEqual(new Set(["new"]))
})
