import { describe, expect, test } from "bun:test"
import { patch, pathId, put, remove, testHealthCheck, testSpec } from "./test-app.ts"
import { World } from "./test-world.ts"

/** A day in the life of two apps: created, scaled, updated, one removed, a task lost. */
function live(world: World): void {
  const web = testSpec({ instances: 2, healthChecks: [testHealthCheck()] })
  const commands = [
    put([web, testSpec({ id: pathId("/db") })]),
    patch("/web", { instances: 4 }),
    patch("/web", { cmd: "sleep 2000" }),
    remove("/db"),
    patch("/web", { instances: 3 }),
  ]
  for (const command of commands) {
    world.send(command)
    world.advance(60_000)
    // A client whose answer was lost in a crash asks again.
    world.send({ ...command, force: true } as typeof command)
    world.advance(120_000)
  }
  const [task] = world.master.alive()
  if (task !== undefined) world.master.update(task.info.taskId, "TASK_FAILED")
  world.advance(120_000)
}

const expectTarget = (world: World): void => {
  expect(world.running()).toHaveLength(3)
  expect(world.instances()).toHaveLength(3)
  expect(world.instances("/db")).toEqual([])
  expect(world.machine.view.deployments()).toEqual([])
  expect(
    world.master
      .alive()
      .map(({ info }): string => info.taskId)
      .sort(),
  ).toEqual([...world.running()].sort())
  const commands = world.master.alive().map(({ info }) => info.command?.value)
  expect(new Set(commands)).toEqual(new Set(["sleep 2000"]))
}

describe("recovery", () => {
  const whole = new World()
  live(whole)

  test("an undisturbed life reaches its target", () => {
    expect(whole.crashes).toBe(0)
    expectTarget(whole)
  })

  test("a process that dies after any commit goes on to the same target", () => {
    for (let commit = 1; commit <= whole.commits; commit++) {
      const world = new World({ crashAfterCommit: commit })
      live(world)
      expect(world.crashes).toBe(1)
      expectTarget(world)
      expect(new Set(world.master.launched).size).toBe(world.master.launched.length)
    }
  })

  test("a new leader shows the same apps, instances, health, versions and deployments", () => {
    const world = new World()
    world.deploy(put(testSpec({ instances: 2, healthChecks: [testHealthCheck()] })))
    world.advance(6000)
    world.master.onLaunch = () => undefined
    world.deploy(patch("/web", { cmd: "sleep 2000" }))
    world.advance(1000)
    const read = (): unknown => {
      const { view } = world.machine
      const id = pathId("/web")
      return {
        apps: [...view.apps()],
        versions: view.appVersions(id),
        groups: [...view.groups()],
        roots: view.rootVersions(),
        deployments: view.deployments(),
        locks: view.deploymentsOf(id),
        health: world.instances().map((instance) => view.health(instance) ?? null),
        instances: JSON.parse(JSON.stringify(world.instances())),
        framework: view.frameworkId,
      }
    }
    const before = read()
    world.crash()
    expect(read()).toEqual(before)
    const launched = world.master.launched.length
    world.advance(20_000)
    expect(world.master.launched).toHaveLength(launched)
    expect(world.instances().filter((one) => world.machine.view.health(one) === true)).toHaveLength(
      2,
    )
  })

  test("a launch that never left is found out by reconciliation and repeated", () => {
    const world = new World()
    world.advance(1000)
    world.send(put(testSpec()))
    const { call } = world.master
    world.master.call = (one, now) => {
      if (one.kind !== "accept") call.call(world.master, one, now)
    }
    world.run()
    expect(world.instances()[0]?.condition).toBe("Provisioned")
    world.master.call = call
    world.crash()
    world.advance(10_000)
    expect(world.running()).toHaveLength(1)
    expect(world.running()[0]).toEndWith("._app.2")
  })

  test("a clock that was set back does not stretch a launch delay", () => {
    const world = new World()
    world.master.onLaunch = () => "TASK_FAILED"
    world.send(put(testSpec({ backoffSeconds: 10 })))
    world.advance(1000)
    world.now -= 86_400_000
    world.master.onLaunch = () => "TASK_RUNNING"
    world.crash()
    world.advance(11_000)
    expect(world.running()).toHaveLength(1)
  })

  test("refuses a store of another form rather than read it wrongly", () => {
    const world = new World()
    world.store.set("/marathon/schema", JSON.stringify({ version: 99 }))
    expect(() => world.crash()).toThrow(/form 99/)
  })
})
