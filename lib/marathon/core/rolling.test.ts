import { describe, expect, test } from "bun:test"
import { nextReplacementMove } from "./rolling.ts"
import type { ReplacementCounts } from "./rolling.ts"
import { patch, put, testHealthCheck, testSpec } from "./test-app.ts"
import { World } from "./test-world.ts"

const counts = (change: Partial<ReplacementCounts>): ReplacementCounts => ({
  target: 3,
  minimumHealthCapacity: 1,
  maximumOverCapacity: 1,
  started: 0,
  startedHealthy: 0,
  oldActive: 3,
  oldRunning: 3,
  oldHealthy: 3,
  ...change,
})

describe("the next move of a replacement", () => {
  // Source: marathon-api reference, section 5.3: n, min, over, old healthy, kill now, start at once.
  test.each([
    [3, 1, 1, 3, 0, 3],
    [3, 0.5, 0, 3, 1, 0],
    [3, 1, 0, 3, 0, 1],
    [3, 0, 0, 3, 3, 0],
    [10, 0.5, 0.2, 10, 5, 2],
    [3, 1, 0.3, 3, 0, 1],
    [1, 0, 0, 1, 1, 0],
  ])(
    "n=%d min=%d over=%d: of %d healthy kills %d and starts %d",
    (n, min, over, old, kill, start) => {
      const move = nextReplacementMove(
        counts({
          target: n,
          minimumHealthCapacity: min,
          maximumOverCapacity: over,
          oldActive: old,
          oldRunning: old,
          oldHealthy: old,
        }),
      )
      expect(move).toEqual({ kill, start, killOneUnhealthy: false })
    },
  )

  test("scales down within a replacement at once", () => {
    const many = { target: 2, oldActive: 5, oldRunning: 5, oldHealthy: 5 }
    expect(nextReplacementMove(counts(many))).toMatchObject({ kill: 3, start: 0 })
  })

  test("ends an unhealthy old instance when only that is in the way", () => {
    const stuck = { target: 2, maximumOverCapacity: 0, oldActive: 2, oldRunning: 2, oldHealthy: 1 }
    expect(nextReplacementMove(counts(stuck))).toEqual({
      kill: 0,
      start: 0,
      killOneUnhealthy: true,
    })
  })

  test("waits while a new instance is on its way", () => {
    const waiting = { started: 1, oldActive: 3, maximumOverCapacity: 0 }
    expect(nextReplacementMove(counts(waiting))).toEqual({
      kill: 0,
      start: 0,
      killOneUnhealthy: false,
    })
  })

  test("ends one old instance for each new one that serves, whatever its health", () => {
    const sick = { started: 3, startedHealthy: 2, oldHealthy: 0 }
    expect(nextReplacementMove(counts(sick))).toMatchObject({ kill: 2, start: 0 })
  })

  test("counts with decimal fractions as people do", () => {
    const tenth = { target: 10, minimumHealthCapacity: 0.7, maximumOverCapacity: 0.1 }
    const move = nextReplacementMove(
      counts({ ...tenth, oldActive: 10, oldRunning: 10, oldHealthy: 10 }),
    )
    expect(move).toMatchObject({ kill: 3, start: 1 })
  })
})

describe("a rolling update with health checks", () => {
  test.each([
    [1, 1, 3, 6],
    [0.5, 0, 2, 3],
    [1, 0, 3, 4],
    [0.5, 0.5, 2, 4],
  ])("min=%d over=%d keeps at least %d healthy and at most %d tasks", (min, over, least, most) => {
    const world = new World()
    const spec = testSpec({
      instances: 3,
      healthChecks: [testHealthCheck()],
      upgradeStrategy: { minimumHealthCapacity: min, maximumOverCapacity: over },
    })
    world.deploy(put(spec))
    world.advance(6000)
    expect(world.machine.view.deployments()).toEqual([])
    const before = world.running()
    let [healthiest, fullest] = [3, 0]
    world.onStep = () => {
      const healthy = world
        .instances()
        .filter((one) => one.goal === "Running" && world.machine.view.health(one) === true)
      healthiest = Math.min(healthiest, healthy.length)
      fullest = Math.max(fullest, world.master.alive().length)
    }
    world.deploy(patch("/web", { cmd: "sleep 2000" }))
    world.advance(120_000)
    expect(world.machine.view.deployments()).toEqual([])
    expect(world.running().filter((id) => before.includes(id))).toEqual([])
    expect(world.running()).toHaveLength(3)
    expect(healthiest).toBeGreaterThanOrEqual(least)
    expect(fullest).toBeLessThanOrEqual(most)
  })

  test("keeps the old tasks while the new version is never healthy", () => {
    const world = new World()
    world.deploy(put(testSpec({ instances: 2, healthChecks: [testHealthCheck()] })))
    world.advance(6000)
    const before = world.running()
    world.onProbe = (probe) => ({
      kind: "http",
      statusCode: before.some((id) => probe.id.includes(id)) ? 200 : 503,
    })
    const id = world.deploy(patch("/web", { cmd: "broken" }))
    world.advance(600_000)
    expect(world.machine.view.deploymentsOf(world.instances()[0]?.appId ?? ("/" as never))).toEqual(
      [id],
    )
    expect(world.running()).toEqual(expect.arrayContaining([...before]))
  })

  test("ends the old task first where no extra capacity is allowed", () => {
    const world = new World()
    const upgradeStrategy = { minimumHealthCapacity: 0, maximumOverCapacity: 0 }
    world.deploy(put(testSpec({ upgradeStrategy })))
    let fullest = 0
    world.onStep = () => {
      fullest = Math.max(fullest, world.master.alive().length)
    }
    world.deploy(patch("/web", { cmd: "sleep 2000" }))
    world.advance(1000)
    expect(fullest).toBe(1)
    expect(world.running()).toHaveLength(1)
  })

  test("waits for readiness where the app checks it", () => {
    const world = new World()
    const readinessChecks = [
      {
        name: "ready",
        protocol: "HTTP" as const,
        path: "/ready",
        portName: "default",
        intervalSeconds: 30,
        timeoutSeconds: 10,
        httpStatusCodesForReady: [200],
        preserveLastResponse: true,
      },
    ]
    let statusCode = 503
    world.onProbe = () => ({ kind: "http", statusCode, contentType: "text/plain", body: "no" })
    world.deploy(put(testSpec({ readinessChecks })))
    world.advance(40_000)
    expect(world.machine.view.readiness(testSpec().id)).toMatchObject([
      { name: "ready", ready: false, lastResponse: { status: 503, body: "no" } },
    ])
    statusCode = 200
    world.advance(30_000)
    expect(world.machine.view.deployments()).toEqual([])
  })

  test("asks also the instances that started outside of any deployment", () => {
    const world = new World()
    const readinessChecks = [
      {
        name: "ready",
        protocol: "HTTP" as const,
        path: "/",
        portName: "default",
        intervalSeconds: 30,
        timeoutSeconds: 10,
        httpStatusCodesForReady: [200],
        preserveLastResponse: false,
      },
    ]
    world.deploy(put(testSpec({ readinessChecks })))
    world.advance(1000)
    const [task = ""] = world.running()
    world.master.update(task, "TASK_FAILED")
    world.advance(10_000)
    expect(world.instances()[0]?.task?.ready).toBe(false)
    world.deploy(patch("/web", { instances: 2 }))
    world.advance(1000)
    expect(world.machine.view.deployments()).toEqual([])
  })
})
