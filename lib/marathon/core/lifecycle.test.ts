import { describe, expect, test } from "bun:test"
import { patch, pathId, put, remove, testHealthCheck, testSpec } from "./test-app.ts"
import { World } from "./test-world.ts"

const first = (world: World): string => world.running()[0] ?? ""

describe("a task that ends", () => {
  test("is launched again under the same instance id", () => {
    const world = new World()
    world.deploy(put(testSpec()))
    const task = first(world)
    world.master.update(task, "TASK_FAILED", { message: "exited with status 1" })
    world.run()
    expect(world.running()).toEqual([])
    world.advance(5000)
    expect(first(world)).toBe(task.replace("._app.1", "._app.2"))
    expect(world.machine.view.lastTaskFailure(pathId("/web"))).toMatchObject({
      state: "TASK_FAILED",
      message: "exited with status 1",
      taskId: task,
      host: "a1",
    })
  })

  test("waits longer each time, up to the app's limit", () => {
    const world = new World()
    world.master.onLaunch = () => "TASK_FAILED"
    world.send(put(testSpec({ backoffFactor: 2, maxLaunchDelaySeconds: 8 })))
    const launches: number[] = []
    let seen = 0
    world.onStep = () => {
      while (seen < world.master.launched.length) {
        launches.push(world.now)
        seen++
      }
    }
    world.advance(60_000)
    const gaps = launches
      .slice(1)
      .map((at, index) => Math.round((at - (launches[index] ?? 0)) / 1000))
    expect(gaps.slice(0, 6)).toEqual([1, 2, 4, 8, 8, 8])
  })

  test("is launched at once after a reset of the delay", () => {
    const world = new World()
    world.master.onLaunch = () => "TASK_FAILED"
    world.send(put(testSpec({ backoffSeconds: 100 })))
    world.advance(1000)
    expect(world.machine.view.queue(world.now)[0]?.launchAllowedAt).toBeGreaterThan(world.now)
    world.master.onLaunch = () => "TASK_RUNNING"
    expect(world.request({ kind: "resetDelay", appId: pathId("/web") }).ok).toBe(true)
    world.advance(300)
    expect(world.running()).toHaveLength(1)
    expect(world.request({ kind: "resetDelay", appId: pathId("/web") })).toMatchObject({
      error: { code: "notQueued" },
    })
  })

  test("keeps its delay when scaled and loses it when changed", () => {
    const world = new World()
    world.master.onLaunch = () => "TASK_FAILED"
    world.send(put(testSpec({ backoffSeconds: 100 })))
    world.advance(1000)
    world.request(patch("/web", { instances: 2 }, true))
    world.advance(1000)
    expect(world.master.launched).toHaveLength(1)
    world.request(patch("/web", { cmd: "fixed" }, true))
    world.advance(1000)
    expect(world.master.launched.length).toBeGreaterThan(1)
  })

  test("acknowledges every update that asks for it, after it is stored", () => {
    const world = new World()
    world.deploy(put(testSpec({ instances: 2 })))
    world.master.update(first(world), "TASK_FINISHED")
    world.advance(5000)
    expect([...world.master.tasks.values()].filter(({ pending }) => pending !== undefined)).toEqual(
      [],
    )
  })
})

describe("an unreachable agent", () => {
  const lose = (world: World): void => {
    for (const { info } of world.master.alive())
      world.master.update(info.taskId, "TASK_UNREACHABLE")
    world.run()
  }

  test("costs the instance at once by default; its return is killed", () => {
    const world = new World({ agents: [{ id: "a1" }, { id: "a2" }] })
    world.deploy(put(testSpec()))
    const task = first(world)
    lose(world)
    world.advance(1000)
    expect(world.running()).toHaveLength(1)
    expect(first(world)).not.toBe(task)
    world.master.update(task, "TASK_RUNNING")
    world.advance(1000)
    expect(world.master.tasks.get(task)?.state).toBe("TASK_KILLED")
    expect(world.running()).toHaveLength(1)
  })

  test("is waited for as the app says, then replaced, then forgotten", () => {
    const world = new World()
    const unreachableStrategy = { inactiveAfterSeconds: 60, expungeAfterSeconds: 120 }
    world.deploy(put(testSpec({ unreachableStrategy })))
    lose(world)
    world.advance(59_000)
    expect(world.instances().map(({ condition }) => condition)).toEqual(["Unreachable"])
    world.advance(2000)
    expect(world.instances().map(({ condition }) => condition)).toEqual([
      "UnreachableInactive",
      "Running",
    ])
    world.advance(60_000)
    expect(world.instances().map(({ condition }) => condition)).toEqual(["Running"])
  })

  test("that returns in time makes one instance too many, which ends", () => {
    const world = new World()
    const unreachableStrategy = { inactiveAfterSeconds: 10, expungeAfterSeconds: 1000 }
    world.deploy(put(testSpec({ unreachableStrategy })))
    const task = first(world)
    lose(world)
    world.advance(20_000)
    world.master.update(task, "TASK_RUNNING")
    world.advance(1000)
    expect(world.instances()).toHaveLength(1)
    expect(world.master.alive()).toHaveLength(1)
  })

  test("is given up when its task is killed by hand", () => {
    const world = new World()
    world.deploy(put(testSpec({ unreachableStrategy: "disabled" })))
    const [lost] = world.instances()
    lose(world)
    const target = { kind: "apps", appIds: [pathId("/web")] } as const
    world.request({ kind: "kill", target, scale: false, wipe: false, force: false })
    world.advance(1000)
    expect(world.running()).toHaveLength(1)
    expect(world.instances().map(({ id }) => id)).not.toContain(lost?.id ?? "")
  })

  test("is never replaced when the strategy is disabled", () => {
    const world = new World()
    world.deploy(put(testSpec({ unreachableStrategy: "disabled" })))
    const task = first(world)
    lose(world)
    world.advance(3_600_000)
    expect(world.instances()).toHaveLength(1)
    world.master.update(task, "TASK_RUNNING")
    world.run()
    expect(first(world)).toBe(task)
  })
})

describe("killing", () => {
  test("repeats until the task has ended", () => {
    const world = new World()
    world.deploy(put(testSpec()))
    world.master.onKill = () => false
    world.deploy(remove("/web"))
    world.advance(95_000)
    expect(world.master.calls.filter(({ kind }) => kind === "kill")).toHaveLength(4)
    world.master.onKill = () => true
    world.advance(30_000)
    expect(world.master.alive()).toEqual([])
    expect(world.machine.view.deployments()).toEqual([])
  })

  test("has at most so many under way", () => {
    const world = new World({ options: { maxKillsInFlight: 2 } })
    world.deploy(put(testSpec({ instances: 5 })))
    world.master.onKill = () => false
    world.deploy(remove("/web"))
    expect(world.master.calls.filter(({ kind }) => kind === "kill")).toHaveLength(2)
    for (const { info } of world.master.alive().slice(0, 1))
      world.master.update(info.taskId, "TASK_KILLED")
    world.run()
    world.master.onKill = () => true
    world.advance(31_000)
    expect(world.master.alive()).toEqual([])
  })

  test("without scaling relaunches in the same instance, with wipe in a new one", () => {
    const world = new World()
    world.deploy(put(testSpec()))
    const [one] = world.instances()
    const target = { kind: "tasks", taskIds: [first(world), "unknown"] } as const
    const reply = world.request({ kind: "kill", target, scale: false, wipe: false, force: false })
    expect(reply).toMatchObject({
      ok: true,
      value: { kind: "killed", instances: [{ id: one?.id }] },
    })
    world.advance(1000)
    expect(world.instances()[0]?.id).toBe(one?.id ?? "")
    const all = { kind: "apps", appIds: [pathId("/web")] } as const
    world.request({ kind: "kill", target: all, scale: false, wipe: true, force: false })
    world.advance(1000)
    expect(world.running()).toHaveLength(1)
    expect(world.instances()[0]?.id).not.toBe(one?.id ?? "")
  })

  test("with scaling ends the chosen task and lowers the count", () => {
    const world = new World()
    world.deploy(put(testSpec({ instances: 3 })))
    const [, chosen = ""] = world.running()
    const target = { kind: "tasks", taskIds: [chosen] } as const
    world.deploy({ kind: "kill", target, scale: true, wipe: false, force: false })
    world.advance(1000)
    expect(world.machine.view.app(pathId("/web"))?.instances).toBe(2)
    expect(world.running()).toHaveLength(2)
    expect(world.running()).not.toContain(chosen)
  })

  test("takes the youngest or the oldest first, as the app says", () => {
    for (const killSelection of ["YOUNGEST_FIRST", "OLDEST_FIRST"] as const) {
      const world = new World()
      world.deploy(put(testSpec({ killSelection })))
      const oldest = first(world)
      for (const instances of [2, 3]) {
        world.advance(1000)
        world.deploy(patch("/web", { instances }))
        world.advance(1000)
      }
      world.deploy(patch("/web", { instances: 1 }))
      expect(world.running().includes(oldest)).toBe(killSelection === "YOUNGEST_FIRST")
    }
  })

  test("gives up a launch that nobody confirms", () => {
    const world = new World()
    world.master.onLaunch = () => undefined
    world.send(put(testSpec()))
    world.advance(310_000)
    expect(world.master.calls.some(({ kind }) => kind === "kill")).toBe(true)
  })
})

describe("health checks", () => {
  test("kill a task after so many failures in a row, and it is launched again", () => {
    const world = new World()
    world.deploy(put(testSpec({ healthChecks: [testHealthCheck()] })))
    world.advance(6000)
    const task = first(world)
    world.onProbe = (probe) => ({ kind: "http", statusCode: probe.id.includes(task) ? 500 : 200 })
    world.advance(40_000)
    expect(world.master.tasks.get(task)?.state).toBe("TASK_KILLED")
    expect(first(world)).toBe(task.replace("_app.1", "_app.2"))
    expect(world.eventTypes()).toContain("unhealthy_instance_kill_event")
    expect(world.machine.view.lastTaskFailure(pathId("/web"))?.message).toBe(
      "Task was killed since health check failed. Reason: 500",
    )
    expect(world.eventTypes().filter((type) => type === "failed_health_check_event")).toHaveLength(
      3,
    )
  })

  test("forgive failures in the grace period until the first success", () => {
    const world = new World()
    world.onProbe = () => ({ kind: "failed", message: "refused", timedOut: false })
    world.send(put(testSpec({ healthChecks: [testHealthCheck({ gracePeriodSeconds: 60 })] })))
    world.advance(55_000)
    expect(world.instances()[0]?.task?.health).toEqual([null])
    world.advance(60_000)
    expect(world.master.launched.length).toBeGreaterThan(1)
  })

  test("never kill where the app allows any number of failures", () => {
    const world = new World()
    world.onProbe = () => ({ kind: "http", statusCode: 500 })
    world.send(put(testSpec({ healthChecks: [testHealthCheck({ maxConsecutiveFailures: 0 })] })))
    world.advance(600_000)
    expect(world.master.launched).toHaveLength(1)
    const [instance] = world.instances()
    expect(instance && world.machine.view.health(instance)).toBe(false)
  })

  test("of the agent are taken from the status", () => {
    const world = new World()
    world.master.onLaunch = () => undefined
    world.send(put(testSpec({ healthChecks: [testHealthCheck({ protocol: "MESOS_HTTP" })] })))
    world.run()
    const [task = ""] = world.master.launched
    world.master.update(task, "TASK_RUNNING")
    world.run()
    expect(world.machine.view.deployments()).toHaveLength(1)
    world.master.update(task, "TASK_RUNNING", { healthy: true })
    world.run()
    expect(world.machine.view.deployments()).toEqual([])
    expect(world.probes).toEqual([])
  })
})
