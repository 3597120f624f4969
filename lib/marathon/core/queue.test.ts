import { describe, expect, test } from "bun:test"
import type { QueueItem, RejectReason } from "./view.ts"
import { LaunchStats, REJECT_REASONS } from "./launch-stats.ts"
import { patch, pathId, put, testSpec } from "./test-app.ts"
import { testOffer } from "./test-master.ts"
import { World } from "./test-world.ts"
import { brandId } from "#lib/mesos/index.ts"
import type { OfferId } from "#lib/mesos/index.ts"
import type { AppSpec } from "../model/index.ts"

const queued = (change: Partial<AppSpec>, world = new World()): QueueItem | undefined => {
  world.send(put(testSpec(change)))
  world.advance(1000)
  return world.machine.view.queue(world.now)[0]
}

const declined = (item: QueueItem | undefined): readonly RejectReason[] =>
  (item?.rejectSummaryLastOffers ?? [])
    .filter((one) => one.declined > 0)
    .map(({ reason }) => reason)

describe("why an app waits", () => {
  test.each([
    [{ cpus: 1000 }, "InsufficientCpus"],
    [{ mem: 1_000_000 }, "InsufficientMemory"],
    [{ disk: 1 }, "InsufficientDisk"],
    [{ gpus: 1 }, "InsufficientGpus"],
    [{ acceptedResourceRoles: ["web"] }, "UnfulfilledRole"],
    [{ constraints: [{ field: "rack", operator: "IS", value: "r1" }] }, "UnfulfilledConstraint"],
  ] as [Partial<AppSpec>, RejectReason][])("%j: %s", (change, reason) => {
    const item = queued(change)
    expect(declined(item)).toEqual([reason])
    expect(item?.count).toBe(1)
    expect(item?.lastUnusedOffers[0]?.reasons).toContain(reason)
    expect(item?.unusedOffersCount).toBe(item?.processedOffersCount ?? -1)
  })

  test("a port that is taken on the only agent", () => {
    const portDefinitions = [{ port: 31_500, protocol: "tcp" as const, labels: {} }]
    const item = queued({ requirePorts: true, portDefinitions, instances: 2 })
    expect(declined(item)).toEqual(["InsufficientPorts"])
    expect(item?.count).toBe(1)
  })

  test("the funnel counts an offer once, and passes on the rest", () => {
    const stats = new LaunchStats(0)
    const offer = (agent: string) => testOffer(brandId<OfferId>("o"), { id: agent }, [])
    stats.refused(offer("a1"), ["InsufficientPorts", "InsufficientCpus"], 1)
    stats.refused(offer("a2"), ["InsufficientPorts"], 2)
    stats.used(offer("a3"), 3)
    const summary = stats.summaryOfAttempt()
    expect(summary.map(({ reason }) => reason)).toEqual([...REJECT_REASONS])
    expect(summary.find(({ reason }) => reason === "InsufficientCpus")).toMatchObject({
      declined: 1,
      processed: 3,
    })
    expect(summary.find(({ reason }) => reason === "InsufficientPorts")).toMatchObject({
      declined: 1,
      processed: 2,
    })
    expect(
      stats.summaryOfLastOffers().find(({ reason }) => reason === "InsufficientPorts"),
    ).toEqual({
      reason: "InsufficientPorts",
      declined: 1,
      processed: 1,
    })
  })

  test("remembers a bounded number of agents", () => {
    const stats = new LaunchStats(0)
    for (let agent = 0; agent < 1500; agent++)
      stats.refused(
        testOffer(brandId<OfferId>("o"), { id: `a${agent}` }, []),
        ["InsufficientCpus"],
        1,
      )
    expect(stats.lastUnused()).toHaveLength(1000)
  })

  test("the app waits no longer once it is changed to fit", () => {
    const world = new World()
    queued({ cpus: 1000 }, world)
    world.deploy(patch("/web", { cpus: 1 }, true))
    world.advance(1000)
    expect(world.machine.view.queue(world.now)).toEqual([])
    expect(world.running()).toHaveLength(1)
  })
})

describe("asking for offers", () => {
  const kinds = (world: World): readonly string[] =>
    world.master.calls
      .map(({ kind }) => kind)
      .filter((kind) => kind === "revive" || kind === "suppress")

  test("stops while nothing waits and begins when something does", () => {
    const world = new World()
    expect(kinds(world)).toEqual([])
    world.deploy(put(testSpec()))
    expect(kinds(world)).toEqual(["revive", "suppress"])
    world.advance(60_000)
    expect(kinds(world)).toEqual(["revive", "suppress"])
  })

  test("is not repeated faster than allowed", () => {
    const world = new World({ options: { minReviveIntervalMs: 5000 } })
    for (let app = 0; app < 10; app++) {
      world.send(put(testSpec({ id: pathId(`/app-${app}`) })))
      world.advance(100)
    }
    expect(kinds(world).filter((kind) => kind === "revive")).toHaveLength(1)
    world.advance(10_000)
    for (let app = 0; app < 10; app++) expect(world.running(`/app-${app}`)).toHaveLength(1)
  })

  test("stops when the launch tokens are used up, and goes on when they are refilled", () => {
    const world = new World({ options: { launchTokens: 2 } })
    world.master.onLaunch = () => undefined
    world.send(put(testSpec({ instances: 5 })))
    world.advance(1000)
    expect(world.master.launched).toHaveLength(2)
    world.advance(61_000)
    expect(world.master.launched).toHaveLength(5)
  })

  test("declines what it does not use for long, and launches at most so many per offer", () => {
    const world = new World()
    world.deploy(put(testSpec({ instances: 12 })))
    const launches = world.master.calls.flatMap((call) =>
      call.kind === "accept"
        ? (call.operations ?? []).map((one) => (one.kind === "launch" ? one.taskInfos?.length : 0))
        : [],
    )
    expect(launches).toEqual([5, 5, 2])
    queued({ id: pathId("/big"), cpus: 1000 }, world)
    const [last] = world.master.calls.filter((call) => call.kind === "decline").slice(-1)
    expect(last).toMatchObject({ filters: { refuseSeconds: 120 } })
  })
})
