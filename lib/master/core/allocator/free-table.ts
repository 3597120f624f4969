import type { Resources } from "#lib/mesos/index.ts"
import { assert } from "#lib/std/assert.ts"
import { MIN_CPUS_MILLI, MIN_MEM_MILLI, scalarMilli } from "./minimum.ts"

/**
 * The free cpus and memory of every agent in dense arrays, so that finding the agents worth offering
 * costs about a nanosecond for each that is not, and an agent with nothing free costs no walk.
 */
export class FreeTable<Agent> {
  #cpusMilli = new Float64Array(64)
  #memMilli = new Float64Array(64)
  readonly #agents: (Agent | undefined)[] = []
  readonly #vacant: number[] = []

  /** Gives the agent a slot, which `create` learns. */
  add<T extends Agent>(create: (slot: number) => T, free: Resources): T {
    const slot = this.#vacant.pop() ?? this.#agents.length
    if (slot === this.#cpusMilli.length) this.#grow()
    const agent = create(slot)
    this.#agents[slot] = agent
    this.set(slot, free)
    return agent
  }

  remove(slot: number): void {
    this.#agents[slot] = undefined
    this.#cpusMilli[slot] = 0
    this.#memMilli[slot] = 0
    this.#vacant.push(slot)
  }

  set(slot: number, free: Resources): void {
    this.#cpusMilli[slot] = scalarMilli(free, "cpus")
    this.#memMilli[slot] = scalarMilli(free, "mem")
  }

  /** Whether what is free could reach the default minimum. */
  worthOffering(slot: number): boolean {
    return (
      (this.#cpusMilli[slot] ?? 0) >= MIN_CPUS_MILLI || (this.#memMilli[slot] ?? 0) >= MIN_MEM_MILLI
    )
  }

  /** Agents in slot order; only those worth offering, or all. */
  *candidates(worthOfferingOnly: boolean): Iterable<Agent> {
    for (let slot = 0; slot < this.#agents.length; slot++) {
      if (worthOfferingOnly && !this.worthOffering(slot)) continue
      const agent = this.#agents[slot]
      if (agent !== undefined) yield agent
    }
  }

  /** Fails unless the slot belongs to the agent and says what is free there. */
  check(slot: number, agent: Agent, free: Resources): void {
    assert(this.#agents[slot] === agent, `slot ${slot} belongs to another agent`)
    assert(this.#cpusMilli[slot] === scalarMilli(free, "cpus"), `slot ${slot}: wrong free cpus`)
    assert(this.#memMilli[slot] === scalarMilli(free, "mem"), `slot ${slot}: wrong free memory`)
  }

  #grow(): void {
    const cpusMilli = new Float64Array(2 * this.#cpusMilli.length)
    const memMilli = new Float64Array(2 * this.#memMilli.length)
    cpusMilli.set(this.#cpusMilli)
    memMilli.set(this.#memMilli)
    this.#cpusMilli = cpusMilli
    this.#memMilli = memMilli
  }
}
