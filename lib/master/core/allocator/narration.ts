/**
 * The allocator told as a story, for tests: what happens on each line, and what every role has after
 * it. `expect(story).toEqual([...])` then shows the whole course of shares where one differs.
 */
import { AGENT_CAPABILITIES, resources } from "#lib/master/core/builders.ts"
import {
  fromMilli,
  renderResources,
  unallocate,
  type AgentId,
  type FrameworkId,
  type FrameworkInfoCapabilityType,
} from "#lib/mesos/index.ts"
import type { AllocatorAgent, AllocatorFramework, Grant } from "./allocator.ts"
import { HierarchicalAllocator, type HierarchicalAllocatorOptions } from "./hierarchical.ts"

/** An allocator to which things happen by name. Every step checks the books. */
export class Story {
  readonly allocator: HierarchicalAllocator
  now = 0
  readonly #grants: Grant[] = []

  constructor(options: Partial<HierarchicalAllocatorOptions> = {}) {
    this.allocator = new HierarchicalAllocator({ seed: 1, ...options })
  }

  /** An agent joins. */
  agent(id: string, text: string, over: Partial<AllocatorAgent> = {}): this {
    const agent = {
      id: id as AgentId,
      info: { hostname: id },
      capabilities: AGENT_CAPABILITIES,
      total: resources(text),
      ...over,
    }
    this.allocator.addAgent(agent, true)
    return this
  }

  /** A framework subscribes under some roles. */
  framework(
    id: string,
    roles: readonly string[],
    caps: readonly FrameworkInfoCapabilityType[] = ["MULTI_ROLE", "RESERVATION_REFINEMENT"],
    over: Partial<AllocatorFramework> = {},
  ): this {
    const framework = { id: id as FrameworkId, roles, capabilities: new Set(caps) }
    this.allocator.addFramework({ ...framework, suppressedRoles: new Set(), ...over }, true)
    return this
  }

  /** An agent with nothing allocated on it leaves. */
  leaves(id: string): this {
    this.allocator.removeAgent(id as AgentId)
    return this
  }

  /** An agent goes out of service, or comes back. */
  serves(id: string, active: boolean): this {
    this.allocator.setAgentActive(id as AgentId, active)
    return this
  }

  /** A role weighs so much from now on. */
  weight(role: string, weight: number): this {
    this.allocator.setWeight(role, weight)
    return this
  }

  /** A framework wants no offers under these roles; under all of its own when none is named. */
  suppress(id: string, ...roles: readonly string[]): this {
    this.allocator.suppress(id as FrameworkId, roles.length === 0 ? undefined : roles)
    return this
  }

  /** A framework wants offers again under these roles; under all of its own when none is named. */
  revive(id: string, ...roles: readonly string[]): this {
    this.allocator.revive(id as FrameworkId, roles.length === 0 ? undefined : roles)
    return this
  }

  /** Time passes, in milliseconds. */
  later(ms: number): this {
    this.now += ms
    return this
  }

  /** What stands between a framework and the agents, by how many. */
  why(id: string, role: string): Readonly<Partial<Record<string, number>>> | undefined {
    return this.allocator.explain(id as FrameworkId, role)?.refusals
  }

  /** A quota in words: `cpus:4` as guarantee, as limit, or both. */
  quota(
    role: string,
    text: { readonly guarantee?: string; readonly limit?: string } | undefined,
  ): this {
    this.allocator.setQuota(
      role,
      text && { guarantees: amounts(text.guarantee), limits: amounts(text.limit) },
    )
    return this
  }

  /** A run: what was granted, sorted, as "F1/web gets cpus:1 on A1". */
  run(): string[] {
    const grants = this.allocator.run(this.now)
    this.allocator.checkInvariants()
    this.#grants.push(...grants)
    return grants.map(show).sort()
  }

  /** Runs, and after a pause runs again, until nothing more is granted. */
  settle(): string[] {
    const all: string[] = []
    for (let quiet = 0; quiet < 2; this.now += 2_000) {
      const granted = this.run()
      quiet = granted.length === 0 ? quiet + 1 : 0
      all.push(...granted)
    }
    return all.sort()
  }

  /** Everything granted to a framework so far, or that of one agent, comes back, refused for so long. */
  returns(id: string, refusedForMs = 0, on?: string): this {
    const given = this.#grants.filter(
      ({ frameworkId, agentId }) => frameworkId === id && (on === undefined || agentId === on),
    )
    for (const grant of given) {
      const filter = refusedForMs === 0 ? undefined : { now: this.now, refusedForMs }
      this.allocator.recover(grant.frameworkId, grant.agentId, grant.resources, filter)
      this.#grants.splice(this.#grants.indexOf(grant), 1)
    }
    return this
  }

  /** The weighted shares of the named roles in percent of the cluster: "a 50 b 25". */
  shares(...roles: readonly string[]): string {
    const { shareByRole } = this.allocator.stats()
    return roles.map((role) => `${role} ${percent(shareByRole.get(role))}`).join(" ")
  }

  /** What counts against the quota of a role: "cpus:3 mem:64". */
  consumed(role: string): string {
    return [...this.allocator.consumed(role)]
      .map(([name, milli]) => `${name}:${fromMilli(milli)}`)
      .join(" ")
  }
}

/** What happens, who gets what because of it, and the shares after it. */
export type Row = readonly [
  says: string,
  happens: (story: Story) => unknown,
  gets: readonly string[],
  shares: string,
]

/**
 * The course of a story as a table of what came of each step, to be compared with the table that was
 * expected. A step is over when another run at the same moment grants nothing.
 */
export function follow(story: Story, roles: readonly string[], rows: readonly Row[]): Told {
  const told: Told[number][] = []
  for (const [says, happens] of rows) {
    happens(story)
    const gets: string[] = []
    for (let granted = story.run(); granted.length > 0; granted = story.run()) gets.push(...granted)
    told.push([says, gets.sort(), story.shares(...roles)])
  }
  return told
}

/** The table that a story is expected to tell. */
export const expected = (rows: readonly Row[]): Told =>
  rows.map(([says, , gets, shares]) => [says, gets, shares])

type Told = readonly (readonly [says: string, gets: readonly string[], shares: string])[]

const percent = (share = 0): number => Math.round(share * 1_000) / 10

const show = ({ frameworkId, role, agentId, resources: granted }: Grant): string =>
  `${frameworkId}/${role} gets ${renderResources(unallocate(granted))} on ${agentId}`

/** `cpus:4;mem:0` in thousandths; nothing of something is a limit too. */
const amounts = (text = ""): ReadonlyMap<string, number> =>
  new Map(
    text
      .split(";")
      .filter((part) => part !== "")
      .map((part) => {
        const [name = "", amount] = part.split(":")
        return [name, Number(amount) * 1_000] as const
      }),
  )
