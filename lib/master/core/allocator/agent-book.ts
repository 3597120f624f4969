import {
  containsResources,
  exclusive,
  shared,
  type AgentId,
  type Resources,
} from "#lib/mesos/index.ts"
import { must } from "#lib/std/assert.ts"
import type { AllocatorAgent } from "./allocator.ts"
import { knownAgent, type Client, type KnownAgent } from "./eligibility.ts"

/**
 * The books of one agent: total = free + everything in `allocated`. Shared volumes stand apart: they
 * are always free, and may be allocated any number of times beside that.
 */
export class AgentBook {
  readonly id: AgentId
  readonly slot: number
  agent: KnownAgent
  active: boolean
  free: Resources
  /** With their allocation roles, by client. */
  readonly allocated = new Map<Client, Resources>()

  constructor(slot: number, agent: AllocatorAgent, active: boolean) {
    this.id = agent.id
    this.slot = slot
    this.agent = knownAgent(agent)
    this.active = active
    this.free = agent.total
  }
}

/** The parts of allocated resources by allocation role; nearly always there is one. */
export function byRole(resources: Resources): Iterable<readonly [role: string, part: Resources]> {
  const first = resources[0]?.allocationRole
  if (resources.every(({ allocationRole }) => allocationRole === first))
    return resources.length === 0 ? [] : [[must(first, "not an allocation"), resources]]
  const roles = new Set(
    resources.map(({ allocationRole }) => must(allocationRole, "not an allocation")),
  )
  return [...roles].map(
    (role) => [role, resources.filter(({ allocationRole }) => allocationRole === role)] as const,
  )
}

/** Whether all of it is there; a shared volume that is there is there any number of times. */
export const holds = (free: Resources, amount: Resources): boolean =>
  containsResources(free, exclusive(amount)) &&
  shared(amount).every((volume) => containsResources(free, [volume]))

/** Without the shared volumes that `others` holds too: a client is charged for one of its copies. */
export const notIn = (others: Resources, resources: Resources): Resources =>
  resources.every((resource) => resource.shared === undefined)
    ? resources
    : resources.filter(
        (resource) => resource.shared === undefined || !containsResources(others, [resource]),
      )

/** Whether filters of the agent stay: they end when what it says of itself changes. */
export const sameAttributes = (a: AllocatorAgent, b: AllocatorAgent): boolean =>
  JSON.stringify([a.info.attributes, a.info.domain]) ===
  JSON.stringify([b.info.attributes, b.info.domain])
