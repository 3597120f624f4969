import type { AgentToMaster, MasterToAgent } from "#lib/mesos/index.ts"

/** The agent's end of a link to the master, whatever carries it. */
export interface AgentEnd {
  /** Opens the link, and opens it again when it breaks, until `stop`. */
  start(): void
  /** Sends messages in order; dropped while the link is closed. */
  send(messages: readonly AgentToMaster[]): void
  /** Closes the link, if it is open, and opens it anew. */
  reconnect(reason: string): void
  stop(): void
}

/** What the agent hears of its link. */
export type AgentEvents = {
  readonly opened: () => void
  readonly received: (messages: readonly MasterToAgent[]) => void
  readonly closed: () => void
}

/** What the master hears of a link. */
export type MasterEvents = {
  readonly opened: (link: string, address: string) => void
  readonly received: (link: string, messages: readonly AgentToMaster[]) => void
  readonly closed: (link: string) => void
}

/**
 * The link between a master and an agent of the same process. What is delivered is queued by the
 * receiver's loop, so neither side is ever entered while it runs.
 */
export class MemoryLink implements AgentEnd {
  readonly #master: MasterEvents
  readonly #agent: AgentEvents
  #opened = 0
  #link: string | undefined

  constructor(master: MasterEvents, agent: AgentEvents) {
    this.#master = master
    this.#agent = agent
  }

  /** Name of the link while it is open. */
  get link(): string | undefined {
    return this.#link
  }

  start(): void {
    this.#link = `local-${++this.#opened}`
    this.#master.opened(this.#link, "127.0.0.1")
    this.#agent.opened()
  }

  send(messages: readonly AgentToMaster[]): void {
    if (this.#link !== undefined) this.#master.received(this.#link, messages)
  }

  /** Takes messages of the master for `link`; dropped when that is not the open one. */
  deliver(link: string, messages: readonly MasterToAgent[]): void {
    if (link === this.#link) this.#agent.received(messages)
  }

  reconnect(): void {
    if (this.#link === undefined) return
    this.stop()
    this.start()
  }

  stop(): void {
    const link = this.#link
    if (link === undefined) return
    this.#link = undefined
    this.#master.closed(link)
    this.#agent.closed()
  }
}
