import {
  containsResources,
  equalResources,
  NO_RESOURCES,
  type Resources,
} from "#lib/mesos/index.ts"
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

/** The refusals on one agent, by client; a run looks at them agent by agent. */
type Refusals<Client, Agent> = {
  readonly byClient: Map<Client, Filter<Client, Agent>[]>
  /** What was refused last: mostly what many refuse, one after another, and then share. */
  resources: Resources
}

/**
 * The refusals of clients: each hides from one client, on one agent, whatever is contained in what it
 * refused, until it ends.
 */
export class Filters<Client, Agent> {
  readonly #byAgent = new Map<Agent, Refusals<Client, Agent>>()
  readonly #agentsOf = new Map<Client, Set<Agent>>()
  readonly #deadlines = new Deadlines<Filter<Client, Agent>>()
  /** The last question that `covers` answered: clients in turn ask about the same resources. */
  #asked: { readonly refused: Resources; readonly offered: Resources; readonly covered: boolean } =
    {
      refused: NO_RESOURCES,
      offered: NO_RESOURCES,
      covered: true,
    }

  /** Adds a refusal that ends `forMs` milliseconds, at most a year, after `now`. */
  add(
    client: Client,
    agent: Agent,
    refusal: { readonly resources: Resources; readonly now: number; readonly forMs: number },
  ): void {
    const endsAt = refusal.now + Math.min(refusal.forMs, REFUSAL_MAX_MS)
    const refusals = this.#refusalsOn(agent)
    if (!equalResources(refusals.resources, refusal.resources))
      refusals.resources = refusal.resources
    const { resources } = refusals
    const kept: Filter<Client, Agent>[] = []
    for (const filter of refusals.byClient.get(client) ?? []) {
      const covered = filter.endsAt <= endsAt && containsResources(resources, filter.resources)
      if (covered) this.#deadlines.clear(filter)
      else kept.push(filter)
    }
    if (kept.length >= FILTERS_PER_PAIR_MAX) this.#dropEarliest(kept)
    const filter = { client, agent, resources, endsAt }
    kept.push(filter)
    refusals.byClient.set(client, kept)
    this.#deadlines.set(filter, endsAt)
    const agents = this.#agentsOf.get(client)
    if (agents === undefined) this.#agentsOf.set(client, new Set([agent]))
    else agents.add(agent)
  }

  /** Whether the client refused these resources, or more, on the agent. */
  covers(client: Client, agent: Agent, resources: Resources): boolean {
    const filters = this.#byAgent.get(agent)?.byClient.get(client)
    if (filters === undefined) return false
    for (const filter of filters) if (this.#contains(filter.resources, resources)) return true
    return false
  }

  /** How many filters the client has. */
  count(client: Client): number {
    let count = 0
    for (const agent of this.#agentsOf.get(client) ?? [])
      count += this.#byAgent.get(agent)?.byClient.get(client)?.length ?? 0
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
    const filters = this.#byAgent.get(filter.agent)?.byClient.get(filter.client) ?? []
    const at = filters.indexOf(filter)
    if (at >= 0) filters.splice(at, 1)
    if (filters.length === 0) this.#forget(filter.client, filter.agent)
    return filter
  }

  /** Ends all filters of a client. */
  endOfClient(client: Client): void {
    for (const agent of this.#agentsOf.get(client) ?? []) this.#end(client, agent)
  }

  /** Ends all filters on an agent. */
  endOfAgent(agent: Agent): void {
    for (const client of this.#byAgent.get(agent)?.byClient.keys() ?? []) this.#end(client, agent)
  }

  #refusalsOn(agent: Agent): Refusals<Client, Agent> {
    let refusals = this.#byAgent.get(agent)
    if (refusals === undefined) {
      refusals = { byClient: new Map(), resources: NO_RESOURCES }
      this.#byAgent.set(agent, refusals)
    }
    return refusals
  }

  #contains(refused: Resources, offered: Resources): boolean {
    if (this.#asked.refused !== refused || this.#asked.offered !== offered)
      this.#asked = { refused, offered, covered: containsResources(refused, offered) }
    return this.#asked.covered
  }

  #end(client: Client, agent: Agent): void {
    for (const filter of this.#byAgent.get(agent)?.byClient.get(client) ?? [])
      this.#deadlines.clear(filter)
    this.#forget(client, agent)
  }

  #dropEarliest(filters: Filter<Client, Agent>[]): void {
    let earliest = 0
    for (let i = 1; i < filters.length; i++)
      if ((filters[i]?.endsAt ?? 0) < (filters[earliest]?.endsAt ?? 0)) earliest = i
    for (const filter of filters.splice(earliest, 1)) this.#deadlines.clear(filter)
  }

  #forget(client: Client, agent: Agent): void {
    const refusals = this.#byAgent.get(agent)
    refusals?.byClient.delete(client)
    if (refusals?.byClient.size === 0) this.#byAgent.delete(agent)
    const agents = this.#agentsOf.get(client)
    agents?.delete(agent)
    if (agents?.size === 0) this.#agentsOf.delete(client)
  }
}
