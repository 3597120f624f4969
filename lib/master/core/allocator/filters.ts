import { containsResources, type Resources } from "#lib/mesos/index.ts"
import { Deadlines } from "#lib/std/deadlines.ts"

/** Refusals kept per client and agent; at the limit the one that ends first makes room. */
const FILTERS_PER_PAIR_MAX = 16

/** Source: apache/mesos: src/master/allocator/mesos/hierarchical.cpp (365 days). */
const REFUSAL_MAX_MS = 365 * 24 * 3_600_000

type Filter<Client, Agent> = {
  readonly client: Client
  readonly agent: Agent
  /** What was refused, without an allocation role. */
  readonly resources: Resources
  readonly endsAt: number
}

/** A client and an agent whose filter has just ended. */
export type EndedFilter<Client, Agent> = { readonly client: Client; readonly agent: Agent }

/**
 * The refusals of clients: each hides from one client, on one agent, whatever is contained in what it
 * refused, until it ends.
 */
export class Filters<Client, Agent> {
  readonly #byClient = new Map<Client, Map<Agent, Filter<Client, Agent>[]>>()
  readonly #byAgent = new Map<Agent, Set<Client>>()
  readonly #deadlines = new Deadlines<Filter<Client, Agent>>()

  /** Adds a refusal that ends `forMs` milliseconds, at most a year, after `now`. */
  add(
    client: Client,
    agent: Agent,
    refusal: { readonly resources: Resources; readonly now: number; readonly forMs: number },
  ): void {
    const { resources } = refusal
    const endsAt = refusal.now + Math.min(refusal.forMs, REFUSAL_MAX_MS)
    let agents = this.#byClient.get(client)
    if (agents === undefined) {
      agents = new Map<Agent, Filter<Client, Agent>[]>()
      this.#byClient.set(client, agents)
    }
    const kept: Filter<Client, Agent>[] = []
    for (const filter of agents.get(agent) ?? []) {
      const covered = filter.endsAt <= endsAt && containsResources(resources, filter.resources)
      if (covered) this.#deadlines.clear(filter)
      else kept.push(filter)
    }
    if (kept.length >= FILTERS_PER_PAIR_MAX) this.#dropEarliest(kept)
    const filter = { client, agent, resources, endsAt }
    kept.push(filter)
    agents.set(agent, kept)
    this.#deadlines.set(filter, endsAt)
    const clients = this.#byAgent.get(agent)
    if (clients === undefined) this.#byAgent.set(agent, new Set([client]))
    else clients.add(client)
  }

  /** Whether the client refused these resources, or more, on the agent. */
  covers(client: Client, agent: Agent, resources: Resources): boolean {
    const filters = this.#byClient.get(client)?.get(agent)
    if (filters === undefined) return false
    for (const filter of filters) if (containsResources(filter.resources, resources)) return true
    return false
  }

  /** How many filters the client has. */
  count(client: Client): number {
    let count = 0
    for (const filters of this.#byClient.get(client)?.values() ?? []) count += filters.length
    return count
  }

  /** When the next filter ends, or undefined. */
  nextEnd(): number | undefined {
    return this.#deadlines.next()
  }

  /** Ends and returns one filter that is due, or undefined. */
  takeDue(now: number): EndedFilter<Client, Agent> | undefined {
    const filter = this.#deadlines.takeDue(now)
    if (filter === undefined) return undefined
    const filters = this.#byClient.get(filter.client)?.get(filter.agent) ?? []
    const at = filters.indexOf(filter)
    if (at >= 0) filters.splice(at, 1)
    if (filters.length === 0) this.#forget(filter.client, filter.agent)
    return filter
  }

  /** Ends all filters of a client. */
  endOfClient(client: Client): void {
    for (const [agent, filters] of this.#byClient.get(client) ?? []) {
      for (const filter of filters) this.#deadlines.clear(filter)
      this.#forget(client, agent)
    }
  }

  /** Ends all filters on an agent. */
  endOfAgent(agent: Agent): void {
    for (const client of this.#byAgent.get(agent) ?? []) {
      for (const filter of this.#byClient.get(client)?.get(agent) ?? [])
        this.#deadlines.clear(filter)
      this.#forget(client, agent)
    }
  }

  #dropEarliest(filters: Filter<Client, Agent>[]): void {
    let earliest = 0
    for (let i = 1; i < filters.length; i++)
      if ((filters[i]?.endsAt ?? 0) < (filters[earliest]?.endsAt ?? 0)) earliest = i
    for (const filter of filters.splice(earliest, 1)) this.#deadlines.clear(filter)
  }

  #forget(client: Client, agent: Agent): void {
    const agents = this.#byClient.get(client)
    agents?.delete(agent)
    if (agents?.size === 0) this.#byClient.delete(client)
    const clients = this.#byAgent.get(agent)
    clients?.delete(client)
    if (clients?.size === 0) this.#byAgent.delete(agent)
  }
}
