import type { Minimum } from "./minimum.ts"
import type { RoleQuota } from "./quota-book.ts"
import type { Sorter } from "./share-tree.ts"
import type {
  AgentId,
  AgentInfo,
  AgentInfoCapabilityType,
  Conversion,
  FrameworkId,
  FrameworkInfoCapabilityType,
  OfferFilters,
  Resources,
  scheduler,
} from "#lib/mesos/index.ts"

/** What an operator decides about allocation. */
export type AllocationPolicy = {
  /** The least amount worth offering where a framework does not say (--min_allocatable_resources). */
  readonly minimum?: Minimum | undefined
  /** Scalars that count for no share (--fair_sharing_excluded_resource_names). */
  readonly excludedNames?: readonly string[] | undefined
  /** The order among roles (--role_sorter, drf). */
  readonly roleSorter?: Sorter | undefined
  /** The order among the frameworks of a role (--framework_sorter, drf). */
  readonly frameworkSorter?: Sorter | undefined
  /** Whether agents with GPUs go to GPU_RESOURCES frameworks only (--filter_gpu_resources, true). */
  readonly filterGpus?: boolean | undefined
}

/** What the allocator needs to know of a framework. */
export type AllocatorFramework = {
  readonly id: FrameworkId
  readonly roles: readonly string[]
  readonly capabilities: ReadonlySet<FrameworkInfoCapabilityType>
  /** Roles under which it wants no offers. */
  readonly suppressedRoles: ReadonlySet<string>
  /** Overrides of the least amount worth offering, by role. */
  readonly offerFilters?: Readonly<Record<string, OfferFilters>> | undefined
  readonly offerConstraints?: scheduler.OfferConstraints | undefined
}

/** What the allocator needs to know of an agent. */
export type AllocatorAgent = {
  readonly id: AgentId
  readonly info: AgentInfo
  readonly capabilities: readonly AgentInfoCapabilityType[]
  readonly total: Resources
}

/** Resources of one agent given to one framework under one role, to be shown to it as an offer. */
export type Grant = {
  readonly frameworkId: FrameworkId
  readonly agentId: AgentId
  readonly role: string
  /** With their allocation role. */
  readonly resources: Resources
}

/** Why resources of an agent do not go to a framework under a role. */
export type Refusal =
  /** After a restart, too few agents are back to keep quotas. */
  | "recovering"
  /** The operator's list of hosts to offer does not name its host. */
  | "notWhitelisted"
  | "agentInactive"
  | "agentLacksCapability"
  | "gpuWithoutCapability"
  | "remoteRegion"
  | "offerConstraints"
  | "nothingFree"
  | "reservedForOthers"
  | "belowMinimum"
  /** The quota of the role has no room for it. */
  | "quotaLimit"
  /** It is kept for roles whose guarantee is not met. */
  | "quotaHeadroom"
  | "declined"
  /** Nothing stands in the way: the next run offers it, or a role with a smaller share gets it first. */
  | "eligible"

/** The answer to "why does this framework get no offers under this role". */
export type Explanation = {
  readonly role: string
  readonly active: boolean
  readonly suppressed: boolean
  /** The dominant share of the role, in [0, 1] per unit of weight. */
  readonly roleShare: number
  readonly agents: number
  /** How many agents stand at each refusal; absent means none. */
  readonly refusals: Readonly<Partial<Record<Refusal, number>>>
}

/** The allocator's own numbers, for metrics. */
export type AllocatorStats = {
  readonly totalMilli: ReadonlyMap<string, number>
  readonly allocatedMilli: ReadonlyMap<string, number>
  readonly filtersByRole: ReadonlyMap<string, number>
  readonly shareByRole: ReadonlyMap<string, number>
}

/**
 * Decides which resources are offered to whom. It keeps its own books: what each agent has, and what
 * of that is allocated (offered or used) to which framework under which role. The master tells it
 * every change, then asks for a run; grants of a run count as allocated until they are `recover`ed.
 */
export interface Allocator {
  addAgent(agent: AllocatorAgent, active: boolean): void
  /** New totals or attributes; filters of the agent end when its attributes changed. */
  updateAgent(agent: AllocatorAgent): void
  setAgentActive(agentId: AgentId, active: boolean): void
  /** The hosts whose agents are offered; undefined means all. What is used or offered stays. */
  setWhitelist(hostnames: ReadonlySet<string> | undefined): void
  /** Everything allocated there must have been recovered before. */
  removeAgent(agentId: AgentId): void

  addFramework(framework: AllocatorFramework, active: boolean): void
  /** New roles, capabilities or constraints; nothing may be allocated as an offer under a lost role. */
  updateFramework(framework: AllocatorFramework): void
  /** Inactive frameworks get nothing; going inactive ends their filters. */
  setFrameworkActive(frameworkId: FrameworkId, active: boolean): void
  /** Everything allocated to it must have been recovered before. */
  removeFramework(frameworkId: FrameworkId): void
  /** Undefined roles mean all of the framework's. */
  suppress(frameworkId: FrameworkId, roles: readonly string[] | undefined): void
  /** Also ends the filters under these roles. */
  revive(frameworkId: FrameworkId, roles: readonly string[] | undefined): void
  setWeight(role: string, weight: number): void
  /** The quota of a top-level role; undefined removes it. */
  setQuota(role: string, quota: RoleQuota | undefined): void
  /** What a top-level role and those below it have that counts against a quota; thousandths by name. */
  consumed(role: string): ReadonlyMap<string, number>
  /** What is offered or used under a role or below it, reserved or not; thousandths by name. */
  allocated(role: string): ReadonlyMap<string, number>
  /** Thousandths of a scalar that are free beyond what guarantees owe; below 0 where they are not kept. */
  surplus(name: string): number
  /**
   * Grants nothing until this many agents are there, or until `until`: after a restart, quotas cannot
   * be kept on the few agents that came back first.
   */
  hold(agents: number, until: number): void

  /** Books resources that a framework already uses: tasks that an agent reports. */
  charge(frameworkId: FrameworkId, agentId: AgentId, resources: Resources): void
  /**
   * Frees allocated resources. With `refusedForMs` the framework does not get them (or less) again
   * under that role until so many milliseconds after `now`.
   */
  recover(
    frameworkId: FrameworkId,
    agentId: AgentId,
    resources: Resources,
    filter?: { readonly now: number; readonly refusedForMs: number },
  ): void

  /**
   * An operation on what is allocated to the framework: `consumed` becomes `converted`, of the same
   * amounts and for the same role, and so it does in the agent's total. A shared volume may be
   * consumed only once nobody else holds it.
   */
  updateAllocation(frameworkId: FrameworkId, agentId: AgentId, conversion: Conversion): void

  /** What of the agent is neither offered nor used, and every shared volume. */
  free(agentId: AgentId): Resources
  /** Whether a run could grant something. */
  readonly pending: boolean
  /** How often it looked for what to grant. */
  readonly runs: number
  /** When the next filter ends, or undefined. */
  nextExpiry(): number | undefined
  /**
   * Ends due filters, then grants what is free to those who may have it, fairest first. One run looks
   * at a bounded number of agents; while `pending` stays true, another is due at once.
   */
  run(now: number): readonly Grant[]

  explain(frameworkId: FrameworkId, role: string): Explanation | undefined
  stats(): AllocatorStats
  /** Recounts the books; a mismatch fails an assertion. Costs a pass over everything: for tests. */
  checkInvariants(): void
}
