import { must } from "#lib/std/assert.ts"
import type { Random } from "#lib/std/random.ts"

/** The clients for which an agent is to be looked at again. */
export type Dirt<Client> = "all" | ReadonlySet<Client>

/** The agents whose outcome may have changed, and for which clients. Taken in random order. */
export class Worklist<Agent, Client> {
  readonly #random: Random
  readonly #dirty = new Map<Agent, "all" | Set<Client>>()
  /** Agents still to be looked at, in random order; some may be clean again meanwhile. */
  #queue: Agent[] = []

  constructor(random: Random) {
    this.#random = random
  }

  get isEmpty(): boolean {
    return this.#dirty.size === 0
  }

  /** The agent is to be looked at for everybody. */
  markAgent(agent: Agent): void {
    this.#dirty.set(agent, "all")
  }

  /** The agent is to be looked at for one client. */
  markPair(agent: Agent, client: Client): void {
    const dirt = this.#dirty.get(agent)
    if (dirt === undefined) this.#dirty.set(agent, new Set([client]))
    else if (dirt !== "all") dirt.add(client)
  }

  /** The agent is gone. */
  forget(agent: Agent): void {
    this.#dirty.delete(agent)
  }

  /** The next agent of those that were marked when the order was last drawn; not when it is empty. */
  take(): readonly [agent: Agent, dirt: Dirt<Client> | undefined] {
    if (this.#queue.length === 0) {
      this.#queue = [...this.#dirty.keys()]
      this.#random.shuffle(this.#queue)
    }
    const agent = must(this.#queue.pop(), "no agent is marked")
    const dirt = this.#dirty.get(agent)
    this.#dirty.delete(agent)
    return [agent, dirt]
  }
}
