import {
  isAllocatableTo,
  type FrameworkId,
  type Resource,
  type Resources,
} from "#lib/mesos/index.ts"
import type { AllocatorAgent, AllocatorFramework, Refusal } from "./allocator.ts"
import { minimumOf, reachesMinimum, type Minimum } from "./minimum.ts"
import { OfferConstraintFilter } from "./offer-constraints.ts"
import type { Account, QuotaBook } from "./quota-book.ts"
import type { Leaf, ShareTree } from "./share-tree.ts"

/** A framework and its clients, one per role it has or holds something under. */
export type Framework = {
  framework: AllocatorFramework
  active: boolean
  readonly clients: Map<string, Client>
}

/** One framework under one role: what competes for resources. */
export class Client {
  readonly frameworkId: FrameworkId
  readonly role: string
  readonly leaf: Leaf<Client>
  /** What counts against the quota of its role. */
  readonly account: Account
  /** Agents on which something is allocated to it. */
  agents = 0
  /** Whether the framework still has the role. */
  subscribed = false
  suppressed = false
  minimum: Minimum
  readonly #usualMinimum: Minimum
  constraints: OfferConstraintFilter | undefined
  wantsGpus = false
  wantsRemoteRegions = false
  multiRole = false
  /** Which of an agent's resources the framework can deal with. */
  #revocable = false
  #shared = false
  #refined = false

  constructor(
    frameworkId: FrameworkId,
    role: string,
    {
      tree,
      quotas,
      minimum,
    }: {
      readonly tree: ShareTree<Client>
      readonly quotas: QuotaBook
      readonly minimum: Minimum
    },
  ) {
    this.minimum = minimum
    this.#usualMinimum = minimum
    this.account = quotas.account(role)
    this.frameworkId = frameworkId
    this.role = role
    this.leaf = tree.add(role, frameworkId, this)
  }

  get hasCustomMinimum(): boolean {
    return this.minimum !== this.#usualMinimum
  }

  /** Takes over what the framework says of itself. */
  configure(framework: AllocatorFramework, subscribed: boolean): void {
    this.subscribed = subscribed
    const { capabilities } = framework
    this.minimum = minimumOf(framework.offerFilters?.[this.role]) ?? this.#usualMinimum
    const constraints = framework.offerConstraints?.roleConstraints?.[this.role]
    this.constraints = constraints && new OfferConstraintFilter(constraints)
    this.wantsGpus = capabilities.has("GPU_RESOURCES")
    this.wantsRemoteRegions = capabilities.has("REGION_AWARE")
    this.multiRole = capabilities.has("MULTI_ROLE")
    this.#revocable = capabilities.has("REVOCABLE_RESOURCES")
    this.#shared = capabilities.has("SHARED_RESOURCES")
    this.#refined = capabilities.has("RESERVATION_REFINEMENT")
  }

  /** Whether the framework can deal with the resource at all. */
  understands(resource: Resource): boolean {
    return (
      (this.#revocable || resource.revocable === undefined) &&
      (this.#shared || resource.shared === undefined) &&
      (this.#refined || resource.reservations.length <= 1) &&
      resource.name !== "ephemeral_ports"
    )
  }
}

/** An agent, with what is asked of it for every client worked out once. */
export type KnownAgent = AllocatorAgent & {
  readonly hasGpus: boolean
  readonly multiRole: boolean
  readonly hierarchicalRole: boolean
}

/** A copy, because the caller's object may be one that it changes before it tells of the change. */
export const knownAgent = ({ id, info, capabilities, total }: AllocatorAgent): KnownAgent => ({
  id,
  info,
  capabilities,
  total,
  hasGpus: total.some(({ name }) => name === "gpus"),
  multiRole: capabilities.includes("MULTI_ROLE"),
  hierarchicalRole: capabilities.includes("HIERARCHICAL_ROLE"),
})

/** What decides, beside client and agent, whether they go together. */
export type AgentRules = {
  /** The master's region; agents of other regions go to REGION_AWARE frameworks only. */
  readonly region?: string | undefined
  readonly filterGpus?: boolean | undefined
}

/** Why nothing of the agent may go to the client, or undefined. */
export function agentRefusal(
  { info, hasGpus, multiRole, hierarchicalRole }: KnownAgent,
  client: Client,
  { region: masterRegion, filterGpus = true }: AgentRules,
): Refusal | undefined {
  if (client.multiRole && !multiRole) return "agentLacksCapability"
  if (!hierarchicalRole && client.role.includes("/")) return "agentLacksCapability"
  if (filterGpus && !client.wantsGpus && hasGpus) return "gpuWithoutCapability"
  const region = info.domain?.faultDomain?.region.name
  if (!client.wantsRemoteRegions && region !== undefined && region !== masterRegion)
    return "remoteRegion"
  if (client.constraints !== undefined && !client.constraints.admits(info))
    return "offerConstraints"
  return undefined
}

/** What of the free resources the client may have, or why it is nothing. */
export function offerable(free: Resources, client: Client): Resources | Refusal {
  if (free.length === 0) return "nothingFree"
  const resources = allFit(free, client) ? free : free.filter((each) => fits(each, client))
  if (resources.length === 0) return "reservedForOthers"
  return reachesMinimum(resources, client.minimum) ? resources : "belowMinimum"
}

const fits = (resource: Resource, client: Client): boolean =>
  client.understands(resource) && isAllocatableTo(resource, client.role)

function allFit(resources: Resources, client: Client): boolean {
  for (const resource of resources) if (!fits(resource, client)) return false
  return true
}
