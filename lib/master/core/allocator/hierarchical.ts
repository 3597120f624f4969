import {
  addResources,
  allocate,
  NO_RESOURCES,
  subtractResources,
  unallocate,
  type AgentId,
  type Conversion,
  type FrameworkId,
  type Resources,
} from "#lib/mesos/index.ts"
import { assert, must } from "#lib/std/assert.ts"
import { equal } from "#lib/std/equal.ts"
import { Random } from "#lib/std/random.ts"
import type {
  AllocationPolicy,
  Allocator,
  AllocatorAgent,
  AllocatorFramework,
  AllocatorStats,
  Explanation,
  Grant,
  Refusal,
} from "./allocator.ts"
import { byRole, sameAttributes, type AgentBook } from "./agent-book.ts"
import { DEFAULT_MINIMUM, reachesMinimum, type Minimum } from "./minimum.ts"
import { agentRefusal, Client, offerable, type AgentRules, type Framework } from "./eligibility.ts"
import { Filters } from "./filters.ts"
import { Ledger } from "./ledger.ts"
import { QuotaBook, type RoleQuota, type Round } from "./quota-book.ts"
import { ShareTree } from "./share-tree.ts"
import { Worklist, type Dirt } from "./worklist.ts"

/**
 * Agents looked at in one run. The rest stay pending for the next, so that a change that concerns all
 * of a large cluster does not keep the master from everything else for longer than some 50 ms.
 */
const AGENTS_PER_RUN = 1_000

/**
 * Least time between two looks at all that quota refused, as often as Mesos looks at everything: with
 * roles at their limit, each freed task would otherwise start a walk over the whole cluster.
 */
const QUOTA_WAKE_MS = 1_000

/** What an allocator is told when it is made. */
export type HierarchicalAllocatorOptions = AllocationPolicy & {
  readonly seed: number
  /** The master's region; agents of other regions go to REGION_AWARE frameworks only. */
  readonly region?: string | undefined
}

/**
 * The allocator of Mesos' hierarchical DRF, made incremental: an event marks the agents, or the pairs
 * of agent and client, whose outcome it may change, and a run looks at nothing else.
 * Source: apache/mesos: src/master/allocator/mesos/hierarchical.cpp.
 */
export class HierarchicalAllocator implements Allocator {
  readonly #random: Random
  readonly #rules: AgentRules
  readonly #minimum: Minimum
  #whitelist: ReadonlySet<string> | undefined
  readonly #frameworks = new Map<FrameworkId, Framework>()
  readonly #tree: ShareTree<Client>
  readonly #quotas = new QuotaBook()
  readonly #ledger: Ledger
  readonly #filters = new Filters<Client, AgentBook>()
  readonly #work: Worklist<AgentBook, Client>
  /** Clients that override the minimum: while there are any, no agent is skipped for its scalars. */
  #customMinimums = 0
  #runs = 0
  #quotasWokenAt = 0
  /** Set while nothing is granted because too few agents are back after a restart. */
  #held: { readonly agents: number; readonly until: number } | undefined

  constructor(options: HierarchicalAllocatorOptions) {
    this.#random = new Random(options.seed)
    this.#work = new Worklist(this.#random)
    this.#rules = { region: options.region, filterGpus: options.filterGpus }
    const { minimum = DEFAULT_MINIMUM } = options
    this.#minimum = equal(minimum, DEFAULT_MINIMUM) ? DEFAULT_MINIMUM : minimum
    const { roleSorter, frameworkSorter, excludedNames: excluded } = options
    this.#tree = new ShareTree({ roleSorter, frameworkSorter, excluded, random: this.#random })
    this.#ledger = new Ledger(this.#tree, this.#quotas)
  }

  addAgent(agent: AllocatorAgent, active: boolean): void {
    this.#markAgent(this.#ledger.add(agent, active))
  }

  updateAgent(agent: AllocatorAgent): void {
    const book = this.#ledger.agent(agent.id)
    if (!sameAttributes(book.agent, agent)) this.#filters.endOfAgent(book)
    this.#ledger.update(book, agent)
    this.#markAgent(book)
  }

  setAgentActive(agentId: AgentId, active: boolean): void {
    const book = this.#ledger.agent(agentId)
    book.active = active
    if (active) this.#markAgent(book)
  }

  setWhitelist(hostnames: ReadonlySet<string> | undefined): void {
    this.#whitelist = hostnames
    for (const book of this.#candidates()) this.#markAgent(book)
  }

  removeAgent(agentId: AgentId): void {
    const book = this.#ledger.agent(agentId)
    this.#filters.endOfAgent(book)
    this.#work.forget(book)
    this.#ledger.remove(book)
  }

  addFramework(framework: AllocatorFramework, active: boolean): void {
    assert(!this.#frameworks.has(framework.id), `framework ${framework.id} is already there`)
    this.#frameworks.set(framework.id, { framework, active, clients: new Map() })
    this.updateFramework(framework)
  }

  updateFramework(framework: AllocatorFramework): void {
    const entry = this.#framework(framework.id)
    entry.framework = framework
    for (const role of framework.roles) this.#client(entry, role)
    for (const client of entry.clients.values()) {
      const subscribed = framework.roles.includes(client.role)
      this.#customMinimums -= Number(client.hasCustomMinimum)
      client.configure(framework, subscribed)
      this.#customMinimums += Number(client.hasCustomMinimum)
      client.suppressed = framework.suppressedRoles.has(client.role)
      if (!subscribed) this.#filters.endOfClient(client)
      this.#refresh(client)
      this.#dropIfUnused(client)
    }
  }

  setFrameworkActive(frameworkId: FrameworkId, active: boolean): void {
    const entry = this.#framework(frameworkId)
    entry.active = active
    for (const client of entry.clients.values()) {
      if (!active) this.#filters.endOfClient(client)
      this.#refresh(client)
    }
  }

  removeFramework(frameworkId: FrameworkId): void {
    const entry = this.#framework(frameworkId)
    entry.framework = { ...entry.framework, roles: [] }
    entry.active = false
    for (const client of entry.clients.values()) {
      assert(client.agents === 0, `framework ${frameworkId} still has allocations`)
      this.#dropIfUnused(client)
    }
    this.#frameworks.delete(frameworkId)
  }

  suppress(frameworkId: FrameworkId, roles: readonly string[] | undefined): void {
    for (const client of this.#clients(frameworkId, roles)) {
      client.suppressed = true
      this.#refresh(client)
    }
  }

  revive(frameworkId: FrameworkId, roles: readonly string[] | undefined): void {
    for (const client of this.#clients(frameworkId, roles)) {
      client.suppressed = false
      this.#filters.endOfClient(client)
      this.#refresh(client)
    }
  }

  setWeight(role: string, weight: number): void {
    this.#tree.setWeight(role, weight)
  }

  setQuota(role: string, quota: RoleQuota | undefined): void {
    this.#quotas.setQuota(role, quota)
  }

  consumed(role: string): ReadonlyMap<string, number> {
    const account = this.#quotas.account(role)
    const names = new Set([...account.reserved.keys(), ...account.allocated.keys()])
    return new Map([...names].sort().map((name) => [name, account.consumed(name)]))
  }

  allocated(role: string): ReadonlyMap<string, number> {
    return this.#tree.allocatedTo(role)
  }

  surplus(name: string): number {
    return this.#quotas.surplus(name)
  }

  hold(agents: number, until: number): void {
    this.#held = { agents, until }
  }

  charge(frameworkId: FrameworkId, agentId: AgentId, resources: Resources): void {
    const entry = this.#framework(frameworkId)
    const book = this.#ledger.agent(agentId)
    for (const [role, part] of byRole(resources))
      this.#ledger.allocate(this.#client(entry, role), book, part)
  }

  recover(
    frameworkId: FrameworkId,
    agentId: AgentId,
    resources: Resources,
    filter?: { readonly now: number; readonly refusedForMs: number },
  ): void {
    if (resources.length === 0) return
    const book = this.#ledger.agent(agentId)
    const entry = this.#framework(frameworkId)
    for (const [role, part] of byRole(resources)) {
      const client = clientOf(entry, role)
      this.#ledger.release(client, book, part)
      if (filter !== undefined && filter.refusedForMs > 0 && entry.active && client.subscribed)
        this.#filters.add(client, book, {
          resources: unallocate(part),
          now: filter.now,
          forMs: filter.refusedForMs,
        })
      this.#dropIfUnused(client)
    }
    this.#markAgent(book)
  }

  updateAllocation(frameworkId: FrameworkId, agentId: AgentId, conversion: Conversion): void {
    const book = this.#ledger.agent(agentId)
    const entry = this.#framework(frameworkId)
    if (this.#ledger.convert(book, conversion, (role) => clientOf(entry, role)))
      this.#markAgent(book)
  }

  free(agentId: AgentId): Resources {
    return this.#ledger.agent(agentId).free
  }

  get runs(): number {
    return this.#runs
  }

  get pending(): boolean {
    return !this.#work.isEmpty && !this.#isHeld
  }

  nextExpiry(): number | undefined {
    let next = this.#filters.nextEnd()
    if (this.#isHeld) next = Math.min(next ?? Infinity, this.#held?.until ?? Infinity)
    else if (this.#quotas.wakes)
      next = Math.min(next ?? Infinity, this.#quotasWokenAt + QUOTA_WAKE_MS)
    return next
  }

  /** Whether an agent with less than the default minimum free is no use to anybody. */
  get #skipsSmall(): boolean {
    return this.#customMinimums === 0 && this.#minimum === DEFAULT_MINIMUM
  }

  get #isHeld(): boolean {
    return this.#held !== undefined && this.#ledger.size < this.#held.agents
  }

  run(now: number): readonly Grant[] {
    for (let ended = this.#filters.takeDue(now); ended !== undefined;) {
      this.#work.markPair(ended.agent, ended.client)
      ended = this.#filters.takeDue(now)
    }
    if (this.#held !== undefined && (this.#held.until <= now || !this.#isHeld))
      this.#held = undefined
    if (this.#held !== undefined) return []
    this.#wakeQuotas(now)
    if (this.#work.isEmpty) return []
    this.#runs++
    const grants: Grant[] = []
    for (let looked = 0; looked < AGENTS_PER_RUN && !this.#work.isEmpty; looked++) {
      const [book, dirt] = this.#work.take()
      if (dirt !== undefined && book.active) this.#offer(book, dirt, grants)
    }
    return grants
  }

  /** Looks again, where something is free, for those whom quota refused and who may have it now. */
  #wakeQuotas(now: number): void {
    if (!this.#quotas.wakes || now < this.#quotasWokenAt + QUOTA_WAKE_MS) return
    this.#quotasWokenAt = now
    const woken = this.#quotas.takeWakes()
    const candidates = [...this.#candidates()]
    if (woken === "all") return candidates.forEach((book) => this.#markAgent(book))
    for (const { clients } of this.#frameworks.values())
      for (const client of clients.values())
        if (woken.has(client.account) && this.#tree.isActive(client.leaf))
          for (const book of candidates) if (book.active) this.#work.markPair(book, client)
  }

  explain(frameworkId: FrameworkId, role: string): Explanation | undefined {
    const entry = this.#frameworks.get(frameworkId)
    const client = entry?.clients.get(role)
    if (entry === undefined || client === undefined) return undefined
    const refusals: Partial<Record<Refusal, number>> = {}
    for (const book of this.#ledger.agents()) {
      const outcome = this.#look(book, client, { free: book.free, round: "fair" })
      const refusal = typeof outcome === "string" ? outcome : "eligible"
      refusals[refusal] = (refusals[refusal] ?? 0) + 1
    }
    return {
      role,
      active: entry.active,
      suppressed: client.suppressed,
      roleShare: this.#tree.shares().get(role) ?? 0,
      agents: this.#ledger.size,
      refusals,
    }
  }

  stats(): AllocatorStats {
    const totalMilli = new Map<string, number>()
    const allocatedMilli = new Map<string, number>()
    for (const quantity of this.#tree.quantities()) {
      totalMilli.set(quantity.name, quantity.totalMilli)
      allocatedMilli.set(quantity.name, quantity.allocatedMilli)
    }
    const filtersByRole = new Map<string, number>()
    for (const { clients } of this.#frameworks.values())
      for (const client of clients.values())
        filtersByRole.set(
          client.role,
          (filtersByRole.get(client.role) ?? 0) + this.#filters.count(client),
        )
    const shareByRole = this.#tree.shares()
    return { totalMilli, allocatedMilli, filtersByRole, shareByRole }
  }

  checkInvariants(): void {
    this.#ledger.check()
  }

  /**
   * Walks the clients in order of fairness and gives each what it may have, until nothing is left:
   * first those whose guarantees are not met, then all.
   */
  #offer(book: AgentBook, dirt: Dirt<Client>, grants: Grant[]): void {
    if (this.#skipsSmall && !this.#ledger.reachesMinimum(book)) return
    const granted = new Map<Client, Resources>()
    if (this.#quotas.hasGuarantees) this.#offerRound(book, dirt, { round: "guarantees", granted })
    this.#offerRound(book, dirt, { round: "fair", granted })
    for (const [{ frameworkId, role }, resources] of granted)
      grants.push({ frameworkId, agentId: book.id, role, resources })
  }

  #offerRound(
    book: AgentBook,
    dirt: Dirt<Client>,
    { round, granted }: { readonly round: Round; readonly granted: Map<Client, Resources> },
  ): void {
    let remaining = book.free
    if (remaining.length === 0) return
    const taken: [Client, Resources][] = []
    this.#walk(dirt, (client) => {
      if (round === "guarantees" && !client.account.isOwed) return false
      const outcome = this.#look(book, client, { free: remaining, round })
      if (typeof outcome === "string") return false
      const resources = allocate(outcome, client.role)
      taken.push([client, resources])
      this.#quotas.charge(client.account, resources, 1)
      remaining = subtractResources(remaining, outcome)
      return remaining.length === 0
    })
    // Booked after the walk, because that reorders what is being walked.
    for (const [client, resources] of taken) {
      this.#ledger.book(client, book, resources)
      granted.set(client, addResources(granted.get(client) ?? NO_RESOURCES, resources))
    }
  }

  /** Calls `consider` for the clients that an agent's dirt names, in their order, until it is true. */
  #walk(dirt: Dirt<Client>, consider: (client: Client) => boolean): void {
    if (dirt === "all") return this.#tree.visit(consider)
    const leaves = [...dirt].map(({ leaf }) => leaf).filter((leaf) => this.#tree.isActive(leaf))
    this.#tree.sort(leaves)
    for (const leaf of leaves) if (consider(leaf.client)) return
  }

  /** What the client would get of these free resources, or why it gets nothing. */
  #look(
    book: AgentBook,
    client: Client,
    { free, round }: { readonly free: Resources; readonly round: Round },
  ): Resources | Refusal {
    if (this.#held !== undefined) return "recovering"
    if (!book.active) return "agentInactive"
    if (this.#whitelist !== undefined && !this.#whitelist.has(book.agent.info.hostname))
      return "notWhitelisted"
    const refusal = agentRefusal(book.agent, client, this.#rules)
    if (refusal !== undefined) return refusal
    const outcome = offerable(free, client)
    if (typeof outcome === "string") return outcome
    const { resources, refusal: byQuota } = this.#quotas.allowance(client.account, outcome, round)
    if (byQuota !== undefined && !reachesMinimum(resources, client.minimum)) return byQuota
    return this.#filters.covers(client, book, resources) ? "declined" : resources
  }

  /** Agents with something free that is worth a look. */
  #candidates(): Iterable<AgentBook> {
    return this.#ledger.candidates(this.#skipsSmall)
  }

  #markAgent(book: AgentBook): void {
    if (book.active) this.#work.markAgent(book)
  }

  #isOpen(client: Client): boolean {
    return client.subscribed && !client.suppressed && this.#framework(client.frameworkId).active
  }

  /** Puts the client in or out of the order; one that opens is shown what is free. */
  #refresh(client: Client): void {
    const open = this.#isOpen(client)
    this.#tree.setActive(client.leaf, open)
    if (!open) return
    for (const book of this.#candidates()) if (book.active) this.#work.markPair(book, client)
  }

  #client(entry: Framework, role: string): Client {
    let client = entry.clients.get(role)
    if (client === undefined) {
      client = new Client(entry.framework.id, role, {
        tree: this.#tree,
        quotas: this.#quotas,
        minimum: this.#minimum,
      })
      entry.clients.set(role, client)
    }
    return client
  }

  /** A client whose role the framework left lives on only while something is allocated to it. */
  #dropIfUnused(client: Client): void {
    const entry = this.#framework(client.frameworkId)
    if (client.agents > 0 || entry.framework.roles.includes(client.role)) return
    this.#customMinimums -= Number(client.hasCustomMinimum)
    this.#filters.endOfClient(client)
    this.#tree.remove(client.leaf)
    entry.clients.delete(client.role)
  }

  #clients(frameworkId: FrameworkId, roles: readonly string[] | undefined): readonly Client[] {
    const entry = this.#framework(frameworkId)
    const wanted = roles ?? entry.framework.roles
    return wanted.map((role) => must(entry.clients.get(role), `${frameworkId} is not in ${role}`))
  }

  #framework(frameworkId: FrameworkId): Framework {
    return must(this.#frameworks.get(frameworkId), `no framework ${frameworkId} in the allocator`)
  }
}

/** The client of a framework to which something is allocated under the role. */
const clientOf = ({ framework, clients }: Framework, role: string): Client =>
  must(clients.get(role), `${framework.id} has nothing under ${role}`)
