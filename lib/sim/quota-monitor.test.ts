import { expect, test } from "bun:test"
import type { MasterView } from "#lib/master/index.ts"
import { scalarResource, type AgentId, type OfferId, type Resource } from "#lib/mesos/index.ts"
import { Marks } from "./marks.ts"
import { QuotaMonitor } from "./quota-monitor.ts"

type View = Pick<MasterView, "agents" | "offers" | "quotas">
type AgentFacts = { used?: number; offered?: number; reserved?: number; reregisteredAt?: number }

const cpus = (milli: number, role: string): Resource => ({
  ...scalarResource("cpus", milli),
  allocationRole: role,
})

/** A view whose agents and offers can be changed between two looks. */
function bench(limit: number) {
  const monitor = new QuotaMonitor(new Marks())
  const agents = new Map<AgentId, object>()
  const offers = new Map<OfferId, object>()
  const limits = (milli: number) => ({
    guarantees: new Map(),
    limits: new Map([["cpus", milli]]),
  })
  const quotas = new Map([["a", limits(limit)]])
  const view = { agents, offers, quotas } as unknown as View
  const agent = (facts: AgentFacts): void => {
    const { used = 0, offered = 0, reserved = 0, reregisteredAt } = facts
    const made = { type: "DYNAMIC", role: "a/x" } as const
    const next = {
      id: "s1",
      total: reserved === 0 ? [] : [{ ...scalarResource("cpus", reserved), reservations: [made] }],
      used: used === 0 ? [] : [cpus(used, "a")],
      offered: offered === 0 ? [] : [cpus(offered, "a/b")],
      reregisteredAt,
    }
    // The master changes its records in place.
    agents.set("s1" as AgentId, Object.assign(agents.get("s1" as AgentId) ?? {}, next))
  }
  let serial = 0
  const offer = (role = "a", milli = 500): void => {
    const id = `o${++serial}` as OfferId
    offers.set(id, { id, role, resources: [cpus(milli, role)] })
  }
  const limitTo = (milli: number): void => void quotas.set("a", limits(milli))
  agent({})
  monitor.check(view)
  return { agent, offer, limitTo, look: () => monitor.check(view) }
}

test("an offer within the limit of its role is fine, one beyond it is not", () => {
  const { agent, offer, look } = bench(1_000)
  agent({ used: 500, offered: 500 })
  offer()
  expect(look()).toBeUndefined()
  agent({ used: 500, offered: 1_000 })
  offer("a/b")
  expect(look()).toContain("1500 of cpus")
})

test("what is reserved to the role or below it counts, used or not", () => {
  const { agent, offer, look } = bench(1_000)
  agent({ offered: 500, reserved: 600 })
  offer()
  expect(look()).toContain("1100 of cpus")
})

test("a role that has more than a new limit is fine while it is offered nothing", () => {
  const { agent, offer, limitTo, look } = bench(1_000)
  agent({ used: 1_000 })
  expect(look()).toBeUndefined()
  limitTo(300)
  expect(look()).toBeUndefined()
  offer("b")
  expect(look()).toBeUndefined()
  offer()
  expect(look()).toContain("300 is its limit")
})

test("offers of the batch in which a limit came are measured by the one before", () => {
  const { agent, offer, limitTo, look } = bench(1_000)
  agent({ offered: 500 })
  offer()
  limitTo(300)
  expect(look()).toBeUndefined()
})

test("what an agent says it runs is no allocation", () => {
  const { agent, offer, look } = bench(1_000)
  agent({ used: 1_500, reregisteredAt: 5 })
  offer()
  expect(look()).toBeUndefined()
})
