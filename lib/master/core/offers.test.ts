/** The course of offers as a table: what happens, what frameworks hear of it, and the shares after it. */
import { expect, test } from "bun:test"
import type { MachineId, Offer } from "#lib/mesos/index.ts"
import {
  Bench,
  frameworkInfo,
  registration,
  taskInfo,
  type TestAgent,
  type TestScheduler,
} from "./builders.ts"
import type { MasterTimings } from "./types.ts"

const OFFER_MS = 30_000
const MACHINE: MachineId = { hostname: "a1", ip: "10.0.0.1" }
const SOON = { start: { nanoseconds: 5e15 }, duration: { nanoseconds: 3.6e12 } }

type Row = readonly [
  says: string,
  happens: (world: World) => unknown,
  hears: readonly string[],
  shares: string,
]

/** Two frameworks in two roles, subscribed in turn, and agents by the name of their host. */
class World {
  readonly bench: Bench
  readonly schedulers = new Map<string, TestScheduler>()
  readonly agents = new Map<string, TestAgent>()
  readonly #offers = new Map<string, Offer>()

  constructor(timings: Partial<MasterTimings>) {
    this.bench = new Bench({ master: { timings } })
  }

  subscribe(...roles: readonly string[]): void {
    for (const role of roles)
      this.schedulers.set(role, this.bench.subscribe(frameworkInfo({ name: role, roles: [role] })))
  }

  join(hostname: string): void {
    const agentId = this.agents.get(hostname)?.id
    const info = { ...registration().info, hostname }
    this.agents.set(hostname, this.bench.register({ info, agentId }))
  }

  /** Time passes, in milliseconds; agents answer pings. */
  later(ms: number): void {
    this.bench.keepAlive([...this.agents.values()], ms)
  }

  /** The framework of a role launches a small task with the offer that it heard of last. */
  take(role: string): void {
    const scheduler = this.schedulers.get(role)
    const offer = this.#offers.get(role)
    if (scheduler === undefined || offer === undefined) throw new Error(`${role} has no offer`)
    const operations = [{ kind: "launch" as const, taskInfos: [taskInfo("t", offer.agentId)] }]
    this.bench.call(scheduler, { kind: "accept", offerIds: [offer.id], operations })
  }

  /** What all frameworks heard since the last time, and then forgotten. */
  heard(): string[] {
    const lines: string[] = []
    for (const [role, scheduler] of this.schedulers) {
      for (const _ of this.bench.events(scheduler.stream, "rescind"))
        lines.push(`${role} loses an offer`)
      for (const offer of this.bench.offers(scheduler)) {
        this.#offers.set(role, offer)
        const until = offer.unavailability === undefined ? "" : ", while it lasts"
        lines.push(`${role} is offered ${offer.hostname}${until}`)
      }
    }
    this.bench.clear()
    return lines
  }

  /** Percent of the cluster, offered or used. */
  shares(): string {
    const metrics = this.bench.master.view.metrics(this.bench.now)
    const share = (role: string): number =>
      Math.round(100 * (metrics[`allocator/mesos/roles/${role}/shares/dominant`] ?? 0))
    return [...this.schedulers.keys()].map((role) => `${role} ${share(role)}`).join(" ")
  }
}

function course(timings: Partial<MasterTimings>, rows: readonly Row[]): void {
  const world = new World(timings)
  const told = rows.map(([says, happens]) => {
    happens(world)
    return { says, hears: world.heard(), shares: world.shares() }
  })
  expect(told).toEqual(rows.map(([says, , hears, shares]) => ({ says, hears: [...hears], shares })))
}

test("an offer that nobody answers goes to the next, and round again", () => {
  course({ offerMs: OFFER_MS }, [
    ["two frameworks subscribe", (w) => w.subscribe("a", "b"), [], "a 0 b 0"],
    ["a1 joins", (w) => w.join("a1"), ["a is offered a1"], "a 100 b 0"],
    ["almost 30 seconds pass", (w) => w.later(OFFER_MS - 1), [], "a 100 b 0"],
    ["and the rest", (w) => w.later(1), ["a loses an offer", "b is offered a1"], "a 0 b 100"],
    ["30 seconds", (w) => w.later(OFFER_MS), ["a is offered a1", "b loses an offer"], "a 100 b 0"],
    [
      "a takes a part, which ends the time of it",
      (w) => w.take("a"),
      ["b is offered a1"],
      "a 13 b 100",
    ],
    [
      "b is the needier one still",
      (w) => w.later(OFFER_MS),
      ["b loses an offer", "b is offered a1"],
      "a 13 b 100",
    ],
  ])
})

test("an offer without a time stays until it is answered or its agent is lost", () => {
  course({}, [
    [
      "a subscribes, a1 joins",
      (w) => {
        w.subscribe("a")
        w.join("a1")
      },
      ["a is offered a1"],
      "a 100",
    ],
    ["an hour", (w) => w.later(3_600_000), [], "a 100"],
    [
      "its link breaks",
      (w) => w.bench.feed({ kind: "linkClosed", link: w.agents.get("a1")!.link }),
      ["a loses an offer"],
      "a 0",
    ],
    ["it is back", (w) => w.join("a1"), ["a is offered a1"], "a 100"],
  ])
})

test("maintenance: offers say until when, go with the machine, and come back with it", () => {
  course({}, [
    [
      "a subscribes, two agents join",
      (w) => {
        w.subscribe("a")
        w.join("a1")
        w.join("a2")
      },
      ["a is offered a1", "a is offered a2"],
      "a 100",
    ],
    [
      "a1 is scheduled",
      (w) =>
        w.bench.operate({
          kind: "updateMaintenanceSchedule",
          schedule: { windows: [{ machineIds: [MACHINE], unavailability: SOON }] },
        }),
      ["a loses an offer", "a is offered a1, while it lasts"],
      "a 100",
    ],
    ["b subscribes: nothing is left", (w) => w.subscribe("b"), [], "a 100 b 0"],
    [
      "a1 goes down",
      (w) => w.bench.operate({ kind: "startMaintenance", machines: [MACHINE] }),
      ["a loses an offer"],
      "a 100 b 0",
    ],
    [
      "a1 is up, and registers",
      (w) => {
        w.bench.operate({ kind: "stopMaintenance", machines: [MACHINE] })
        w.agents.delete("a1")
        w.join("a1")
      },
      ["b is offered a1"],
      "a 50 b 50",
    ],
  ])
})

test("a deactivated agent is offered to nobody, and drained of its offers", () => {
  course({}, [
    [
      "a subscribes, a1 joins",
      (w) => {
        w.subscribe("a")
        w.join("a1")
      },
      ["a is offered a1"],
      "a 100",
    ],
    [
      "it is deactivated",
      (w) => w.bench.operate({ kind: "deactivateAgent", agentId: w.agents.get("a1")!.id }),
      ["a loses an offer"],
      "a 0",
    ],
    ["another joins", (w) => w.join("a2"), ["a is offered a2"], "a 50"],
    [
      "it is reactivated",
      (w) => w.bench.operate({ kind: "reactivateAgent", agentId: w.agents.get("a1")!.id }),
      ["a is offered a1"],
      "a 100",
    ],
  ])
})
