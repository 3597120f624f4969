import {
  addResources,
  applyConversion,
  bareConversion,
  containsResources,
  equalResources,
  exclusive,
  NO_RESOURCES,
  persistentVolumes,
  scalarQuantities,
  shared,
  subtractResources,
  unallocate,
  type AgentId,
  type Conversion,
  type Resources,
} from "#lib/mesos/index.ts"
import { assert, must } from "#lib/std/assert.ts"
import { AgentBook, byRole, holds, notIn } from "./agent-book.ts"
import type { AllocatorAgent } from "./allocator.ts"
import { knownAgent, type Client } from "./eligibility.ts"
import { FreeTable } from "./free-table.ts"
import type { QuotaBook } from "./quota-book.ts"
import type { ShareTree } from "./share-tree.ts"

/**
 * Who has what of which agent, and what is free there. The books of agents, the shares of clients and
 * the accounts of quotas are changed together, so that they agree after every call.
 */
export class Ledger {
  readonly #agents = new Map<AgentId, AgentBook>()
  readonly #free = new FreeTable<AgentBook>()
  readonly #tree: ShareTree<Client>
  readonly #quotas: QuotaBook

  constructor(tree: ShareTree<Client>, quotas: QuotaBook) {
    this.#tree = tree
    this.#quotas = quotas
  }

  get size(): number {
    return this.#agents.size
  }

  agents(): Iterable<AgentBook> {
    return this.#agents.values()
  }

  agent(agentId: AgentId): AgentBook {
    return must(this.#agents.get(agentId), `no agent ${agentId} in the allocator`)
  }

  /** Agents with something free; without those that have less than the default minimum, if so told. */
  candidates(skipsSmall: boolean): Iterable<AgentBook> {
    return this.#free.candidates(skipsSmall)
  }

  /** Whether the default minimum is free there. */
  reachesMinimum(book: AgentBook): boolean {
    return this.#free.worthOffering(book.slot)
  }

  /** A new agent, all of it free. */
  add(agent: AllocatorAgent, active: boolean): AgentBook {
    assert(!this.#agents.has(agent.id), `agent ${agent.id} is already there`)
    const book = this.#free.add((slot) => new AgentBook(slot, agent, active), agent.total)
    this.#agents.set(agent.id, book)
    this.#tree.addTotal(scalarQuantities(agent.total))
    this.#quotas.addTotal(agent.total, 1)
    return book
  }

  /** New totals or attributes; what is allocated must be in the totals. */
  update(book: AgentBook, agent: AllocatorAgent): void {
    const used = allocatedOn(book)
    assert(containsResources(agent.total, used), `agent ${agent.id} shrank below what is allocated`)
    this.#tree.subtractTotal(scalarQuantities(book.agent.total))
    this.#tree.addTotal(scalarQuantities(agent.total))
    this.#quotas.addTotal(book.agent.total, -1)
    this.#quotas.addTotal(agent.total, 1)
    book.agent = knownAgent(agent)
    this.#setFree(book, subtractResources(agent.total, used))
  }

  /** An agent leaves, of which nothing is allocated any more. */
  remove(book: AgentBook): void {
    assert(book.allocated.size === 0, `agent ${book.id} still has allocations`)
    this.#tree.subtractTotal(scalarQuantities(book.agent.total))
    this.#quotas.addTotal(book.agent.total, -1)
    this.#free.remove(book.slot)
    this.#agents.delete(book.id)
  }

  /** Gives free resources to a client. */
  allocate(client: Client, book: AgentBook, resources: Resources): void {
    this.#quotas.charge(client.account, resources, 1)
    this.book(client, book, resources)
  }

  /** The same, for what its quota was charged with before. */
  book(client: Client, book: AgentBook, resources: Resources): void {
    const before = book.allocated.get(client)
    const amount = unallocate(resources)
    assert(holds(book.free, amount), `${book.id}: allocating more than is free`)
    const fresh = notIn(before ?? NO_RESOURCES, resources)
    if (before === undefined) client.agents++
    book.allocated.set(client, addResources(before ?? NO_RESOURCES, resources))
    this.#setFree(book, subtractResources(book.free, exclusive(amount)))
    this.#tree.charge(client.leaf, scalarQuantities(fresh))
  }

  /** Takes from a client what was allocated to it. */
  release(client: Client, book: AgentBook, resources: Resources): void {
    const before = book.allocated.get(client) ?? NO_RESOURCES
    assert(containsResources(before, resources), `${book.id}: freeing more than is allocated`)
    const after = subtractResources(before, resources)
    if (after.length > 0) book.allocated.set(client, after)
    else {
      book.allocated.delete(client)
      client.agents--
    }
    // A task may mount a volume where it likes; what is free says again what the volume itself says.
    const free =
      persistentVolumes(resources).length > 0
        ? subtractResources(book.agent.total, allocatedOn(book))
        : addResources(book.free, unallocate(resources))
    this.#setFree(book, free)
    this.#tree.discharge(client.leaf, scalarQuantities(notIn(after, resources)))
    this.#quotas.charge(client.account, resources, -1)
  }

  /**
   * Makes something else of what is allocated to a framework, whose clients are told by role, and of the
   * agent's total alike. Returns whether more is free because of it.
   */
  convert(book: AgentBook, conversion: Conversion, clientOf: (role: string) => Client): boolean {
    const bare = bareConversion(conversion)
    const total = applyConversion(book.agent.total, bare, "total")
    assert(total.ok, `${book.id}: converting more than its total`)
    for (const [role, consumed] of byRole(conversion.consumed)) {
      const client = clientOf(role)
      const before = book.allocated.get(client) ?? NO_RESOURCES
      assert(containsResources(before, consumed), `${book.id}: converting more than is allocated`)
      const converted = conversion.converted.filter((each) => each.allocationRole === role)
      const kept = subtractResources(before, consumed)
      this.#tree.discharge(client.leaf, scalarQuantities(notIn(kept, consumed)))
      this.#tree.charge(client.leaf, scalarQuantities(notIn(kept, converted)))
      book.allocated.set(client, addResources(kept, converted))
      this.#quotas.charge(client.account, consumed, -1)
      this.#quotas.charge(client.account, converted, 1)
    }
    this.#quotas.addTotal(book.agent.total, -1)
    this.#quotas.addTotal(total.value, 1)
    book.agent = { ...book.agent, total: total.value }
    const free = subtractResources(book.free, shared(bare.consumed))
    this.#setFree(book, addResources(free, shared(bare.converted)))
    return book.free !== free
  }

  /** Recounts everything; a mismatch fails an assertion. */
  check(): void {
    const books = [...this.#agents.values()]
    for (const book of books) {
      const sum = addResources(book.free, allocatedOn(book))
      assert(equalResources(sum, book.agent.total), `${book.id}: allocated + free is not its total`)
      this.#free.check(book.slot, book, book.free)
    }
    this.#quotas.check(
      books.map(({ agent }) => agent.total),
      books.flatMap(({ allocated }) => [...allocated]),
    )
  }

  #setFree(book: AgentBook, free: Resources): void {
    book.free = free
    this.#free.set(book.slot, free)
  }
}

/** What all clients have of an agent, without shared volumes. */
function allocatedOn(book: AgentBook): Resources {
  let sum = NO_RESOURCES
  for (const resources of book.allocated.values())
    sum = addResources(sum, unallocate(exclusive(resources)))
  return sum
}
