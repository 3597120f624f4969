import { describe, expect, test } from "bun:test"
import { brandId } from "#lib/mesos/index.ts"
import type { OfferId, scheduler, TaskId } from "#lib/mesos/index.ts"
import { pathId, put, testSpec } from "./test-app.ts"
import { World } from "./test-world.ts"
import type { OtherCall } from "./types.ts"

const kinds = (world: World): readonly scheduler.Call["kind"][] =>
  world.master.calls.map(({ kind }) => kind)

describe("the connection to the master", () => {
  test("keeps the framework id over a restart", () => {
    const world = new World()
    expect(`${world.machine.view.frameworkId}`).toBe("m-0000")
    world.crash()
    expect(`${world.machine.view.frameworkId}`).toBe("m-0000")
    world.run()
    expect(world.eventTypes()).toEqual([
      "scheduler_registered_event",
      "scheduler_reregistered_event",
    ])
  })

  test("is opened again after a pause, and everything is reconciled", () => {
    const world = new World()
    world.deploy(put(testSpec()))
    const before = world.running()
    world.disconnect()
    expect(world.machine.view.connected).toBe(false)
    expect(world.eventTypes()).toContain("scheduler_disconnected_event")
    const asked = kinds(world).filter((kind) => kind === "reconcile").length
    world.advance(1000)
    expect(world.machine.view.connected).toBe(true)
    expect(kinds(world).filter((kind) => kind === "reconcile").length).toBe(asked + 2)
    expect(world.running()).toEqual(before)
  })

  test("finds out what ended while it was broken", () => {
    const world = new World()
    world.deploy(put(testSpec()))
    const [task = ""] = world.running()
    world.master.disconnect()
    world.master.update(task, "TASK_FAILED")
    world.disconnect()
    world.advance(5000)
    expect(world.running()).toEqual([task.replace("_app.1", "_app.2")])
  })

  test("waits longer after each failure to open it", () => {
    const world = new World()
    const { subscribe } = world.master
    let attempts = 0
    world.master.subscribe = () => {
      attempts++
    }
    world.disconnect()
    for (let round = 0; round < 60; round++) {
      const before = attempts
      world.advance(1000)
      if (attempts > before) world.disconnect()
    }
    expect(attempts).toBeLessThan(15)
    world.master.subscribe = subscribe
    world.advance(40_000)
    expect(world.machine.view.connected).toBe(true)
  })

  test("begins anew when the master has given the framework up", () => {
    const world = new World()
    const calls: unknown[] = []
    const { subscribe } = world.master
    world.master.subscribe = (call) => {
      calls.push(call.frameworkId)
      subscribe.call(world.master, call)
    }
    world.master.disconnect()
    world.machine.step(
      { kind: "event", event: { kind: "error", message: "Framework has been removed" } },
      world.now,
      [],
    )
    world.disconnect()
    world.advance(5000)
    expect(calls).toEqual([undefined])
    expect(world.machine.view.connected).toBe(true)
  })

  test("reconciles again from time to time", () => {
    const world = new World()
    const count = (): number => kinds(world).filter((kind) => kind === "reconcile").length
    const first = count()
    world.advance(15_000)
    expect(count()).toBe(first + 1)
    world.advance(600_000)
    expect(count()).toBe(first + 2)
  })

  test("launches again what a refused call was to launch", () => {
    const world = new World()
    const { call } = world.master
    let lost: OtherCall | undefined
    world.master.call = (one, now) => {
      if (one.kind === "accept") lost = one
      const refused = { kind: "decline", filters: { refuseSeconds: 1 } } as const
      call.call(
        world.master,
        one.kind === "accept" ? { ...refused, offerIds: one.offerIds } : one,
        now,
      )
    }
    world.send(put(testSpec()))
    world.run()
    world.master.call = call
    world.advance(1000)
    expect(world.running()).toEqual([])
    world.refuseCall(lost!)
    world.advance(20_000)
    expect(world.running()).toHaveLength(1)
  })

  test.each(["accept", "decline"] as const)("declines what a lost %s was to answer", (kind) => {
    const world = new World()
    const { call } = world.master
    let lost: OtherCall | undefined
    world.master.call = (one, now) => {
      if (one.kind === kind) lost = one
      else call.call(world.master, one, now)
    }
    world.send(put(testSpec({ cpus: kind === "accept" ? 1 : 1000 })))
    world.run()
    world.master.call = call
    world.advance(1000)
    expect(kinds(world)).not.toContain(kind)
    world.refuseCall(lost!)
    world.advance(6000)
    const declined = world.master.calls.flatMap((one) =>
      one.kind === "decline" ? (one.offerIds ?? []) : [],
    )
    expect(lost?.kind === kind && lost.offerIds).toEqual(declined.slice(0, 1))
    world.advance(60_000)
    if (kind === "accept") expect(world.running()).toHaveLength(1)
  })

  test("says nothing of offers that went with their stream", () => {
    const world = new World()
    world.refuseCall({ kind: "decline", offerIds: [brandId<OfferId>("o-1")] })
    world.disconnect()
    world.advance(60_000)
    expect(kinds(world)).not.toContain("decline")
  })

  test("subscribes to a role when the first app asks for it", () => {
    const world = new World()
    const roles: unknown[] = []
    const { subscribe } = world.master
    world.master.subscribe = (call) => {
      roles.push(call.frameworkInfo.roles)
      subscribe.call(world.master, call)
    }
    world.send(put(testSpec({ id: pathId("/prod/web"), role: "prod" })))
    world.run()
    expect(roles).toEqual([["*", "prod"]])
  })
})

describe("a task that Marathon does not know", () => {
  const unknown = (world: World, id: string, state: "TASK_RUNNING" | "TASK_FAILED"): void => {
    world.master.update(brandId<TaskId>(id), state)
    world.run()
  }

  test("is killed when it lives", () => {
    const world = new World()
    unknown(world, "old.instance-1._app.1", "TASK_RUNNING")
    const kill = world.master.calls.find(({ kind }) => kind === "kill")
    expect(kill).toMatchObject({ taskId: "old.instance-1._app.1" })
    expect(kinds(world)).toContain("acknowledge")
  })

  test("is acknowledged and told of when it has ended", () => {
    const world = new World()
    unknown(world, "grp_old.instance-1._app.1", "TASK_FAILED")
    expect(kinds(world).filter((kind) => kind === "kill")).toEqual([])
    expect(world.events.at(-1)).toMatchObject({
      eventType: "unknown_instance_terminated_event",
      instanceId: "grp_old.instance-1",
      runSpecId: "/grp/old",
      condition: "Failed",
    })
  })
})
