/** The allocator against DRF written the slow way: any course of events gives the same to the same. */
import { expect, test } from "bun:test"
import fc from "fast-check"
import { AGENT_CAPABILITIES } from "#lib/master/core/builders.ts"
import {
  isStrictSubrole,
  normalizeResources,
  scalarQuantities,
  scalarResource,
  type AgentId,
  type FrameworkId,
  type Resource,
  type Resources,
} from "#lib/mesos/index.ts"
import type { Grant } from "./allocator.ts"
import { DrfModel, type ModelAmounts, type ModelClient } from "./drf-model.ts"
import { HierarchicalAllocator } from "./hierarchical.ts"

const CLIENTS = [
  ["F1", "a"],
  ["F2", "a/b"],
  ["F3", "a/c"],
  ["F4", "a/b/d"],
  ["F5", "e"],
  ["F6", "e"],
  ["F7", "*"],
] as const

const role = fc.constantFrom("a", "a/b", "a/c", "e", "*")
const client = fc.nat(CLIENTS.length - 1)
const amount = fc.record({
  cpus: fc.integer({ min: 1, max: 8 }),
  mem: fc.integer({ min: 64, max: 800 }),
})

/** What may happen; where it names what is not there, nothing does. */
const event = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("join" as const), free: amount }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("joinReserved" as const),
      free: amount,
      reserved: amount,
      role: role.filter((name) => name !== "*"),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("giveBack" as const), grant: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("suppress" as const), client }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("revive" as const), client }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("weigh" as const),
      role,
      weight: fc.constantFrom(0.5, 1, 2, 7),
    }),
  },
)
type Event = typeof event extends fc.Arbitrary<infer T> ? T : never

/** One kind of free resources on an agent: for whom, and how much. */
type Part = { readonly role: string | undefined; readonly amounts: ModelAmounts }

/** What one client gets of an agent, as text to compare. */
const told = (who: Pick<ModelClient, "role" | "name">, agent: string, amounts: ModelAmounts) =>
  `${who.name} under ${who.role} gets ${amounts["cpus"] ?? 0} and ${amounts["mem"] ?? 0} of ${agent}`

const sum = (parts: readonly Part[]): ModelAmounts => {
  const all: ModelAmounts = { cpus: 0, mem: 0 }
  for (const { amounts } of parts)
    for (const [name, milli] of Object.entries(amounts)) all[name] = (all[name] ?? 0) + milli
  return all
}

/** The cluster as the model sees it: DRF, and parts of agents that are free. */
class World {
  readonly model = new DrfModel()
  readonly free = new Map<string, Part[]>()
  readonly given: { client: ModelClient; agent: string; parts: Part[] }[] = []

  constructor() {
    for (const [name, role] of CLIENTS) this.model.join(role, name)
  }

  join(agent: string, parts: Part[]): void {
    this.free.set(agent, parts)
    this.model.grow(sum(parts))
  }

  /** Everybody, neediest first, takes all of the agent that may go to them. */
  offer(agent: string): string[] {
    const grants: string[] = []
    for (const client of this.model.order()) {
      const free = this.free.get(agent) ?? []
      const parts = free.filter(({ role }) => mayUse(client.role, role))
      if (parts.length === 0) continue
      this.free.set(
        agent,
        free.filter((part) => !parts.includes(part)),
      )
      this.given.push({ client, agent, parts })
      grants.push(told(client, agent, sum(parts)))
    }
    for (const { client, parts } of this.given.slice(this.given.length - grants.length))
      this.model.give(client, sum(parts))
    return grants
  }

  giveBack(index: number): { client: ModelClient; agent: string } | undefined {
    const [given] = this.given.splice(index, 1)
    if (given === undefined) return undefined
    this.model.take(given.client, sum(given.parts))
    this.free.get(given.agent)?.push(...given.parts)
    return given
  }
}

/** Reservations are for a role and those below it. */
const mayUse = (role: string, reserved: string | undefined): boolean =>
  reserved === undefined || reserved === role || isStrictSubrole(role, reserved)

const scalars = ({ role, amounts }: Part): Resource[] =>
  Object.entries(amounts).map(([name, milli]) => ({
    ...scalarResource(name, milli),
    reservations: role === undefined ? [] : [{ type: "STATIC", role }],
  }))

const milli = (amounts: Readonly<Record<"cpus" | "mem", number>>): ModelAmounts => ({
  cpus: 1_000 * amounts.cpus,
  mem: 1_000 * amounts.mem,
})

/** The allocator, with what it granted and has not got back. */
class Subject {
  readonly allocator = new HierarchicalAllocator({ seed: 1 })
  readonly grants: Grant[] = []

  constructor() {
    for (const [id, role] of CLIENTS)
      this.allocator.addFramework(
        {
          id: id as FrameworkId,
          roles: [role],
          capabilities: new Set(["MULTI_ROLE", "RESERVATION_REFINEMENT"]),
          suppressedRoles: new Set(),
        },
        true,
      )
  }

  join(agent: string, parts: readonly Part[]): void {
    const total: Resources = normalizeResources(parts.flatMap(scalars))
    const id = agent as AgentId
    const known = { id, info: { hostname: agent }, capabilities: AGENT_CAPABILITIES, total }
    this.allocator.addAgent(known, true)
  }

  giveBack(who: ModelClient, agent: string): void {
    for (const grant of this.grants.filter((each) => each.frameworkId === who.name))
      if (grant.agentId === agent) {
        this.allocator.recover(grant.frameworkId, grant.agentId, grant.resources)
        this.grants.splice(this.grants.indexOf(grant), 1)
      }
  }
}

function happen(event: Event, serial: number, { world, subject }: Both): void {
  const agent = `A${serial}`
  switch (event.kind) {
    case "join":
    case "joinReserved": {
      const parts: Part[] = [{ role: undefined, amounts: milli(event.free) }]
      if (event.kind === "joinReserved")
        parts.push({ role: event.role, amounts: milli(event.reserved) })
      world.join(agent, parts)
      return subject.join(agent, parts)
    }
    case "giveBack": {
      // All that the client has of the agent: it may have got it in two parts.
      const given = world.given[event.grant % Math.max(1, world.given.length)]
      if (given === undefined) return
      const { client, agent } = given
      for (let i = world.given.length - 1; i >= 0; i--)
        if (world.given[i]?.client === client && world.given[i]?.agent === agent) world.giveBack(i)
      return subject.giveBack(client, agent)
    }
    case "suppress":
    case "revive": {
      const client = world.model.clients[event.client]
      if (client === undefined) return
      client.active = event.kind === "revive"
      return subject.allocator[event.kind](client.name as FrameworkId, undefined)
    }
    case "weigh":
      world.model.weights.set(event.role, event.weight)
      return subject.allocator.setWeight(event.role, event.weight)
    default:
      return event satisfies never
  }
}

type Both = { readonly world: World; readonly subject: Subject }

const amountsOf = (resources: Resources): ModelAmounts => {
  const amounts: ModelAmounts = {}
  for (const { name, milli } of scalarQuantities(resources))
    amounts[name] = (amounts[name] ?? 0) + milli
  return amounts
}

/** Agents are looked at in an order by lot: the model follows it, and says who gets what of each. */
function compare({ world, subject }: Both): void {
  const grants = subject.allocator.run(0)
  subject.allocator.checkInvariants()
  subject.grants.push(...grants)
  const granted = grants.map(({ frameworkId, role, agentId, resources }) =>
    told({ name: frameworkId, role }, agentId, amountsOf(resources)),
  )
  const agents = new Set<string>(grants.map(({ agentId }) => agentId))
  expect(granted).toEqual([...agents].flatMap((agent) => world.offer(agent)))
  for (const agent of world.free.keys()) expect(world.offer(agent)).toEqual([])
  for (const { role } of world.model.clients)
    expect(subject.allocator.stats().shareByRole.get(role) ?? 0).toBeCloseTo(
      world.model.share(role),
      9,
    )
}

test("any course of events gives the same to the same, in the same order", () => {
  fc.assert(
    fc.property(fc.array(event, { minLength: 1, maxLength: 40 }), (events) => {
      const both = { world: new World(), subject: new Subject() }
      for (const [serial, event] of events.entries()) {
        happen(event, serial, both)
        compare(both)
      }
    }),
    { numRuns: 150 },
  )
})
