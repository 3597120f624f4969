import type { AgentLinks, LinkId } from "#lib/master/index.ts"
import type { MasterToAgent } from "#lib/mesos/index.ts"

/** One way of reaching agents: the WebSocket server, or the agent of the same process. */
export interface LinkCarrier {
  send(link: string, messages: readonly MasterToAgent[]): void
  close(link: string, reason: string): void
  /** Sends an HTTP request to the API of the agent behind the link. */
  fetch(link: string, request: Request): Promise<Response>
}

/**
 * All links of a master, whatever carries them, and the agent that is behind each: it is known from
 * the moment the master confirms a registration.
 */
export class AllLinks implements AgentLinks {
  readonly #carriers = new Map<string, LinkCarrier>()
  readonly #linkOf = new Map<string, string>()
  readonly #agentOf = new Map<string, string>()

  /** A link was opened by this carrier. */
  opened(link: string, carrier: LinkCarrier): void {
    this.#carriers.set(link, carrier)
  }

  /** The link is gone. */
  closed(link: string): void {
    this.#carriers.delete(link)
    const agent = this.#agentOf.get(link)
    this.#agentOf.delete(link)
    if (agent !== undefined && this.#linkOf.get(agent) === link) this.#linkOf.delete(agent)
  }

  send(link: LinkId, messages: readonly MasterToAgent[]): void {
    const [first] = messages
    if (first?.kind === "registered") {
      this.#linkOf.set(first.agentId, link)
      this.#agentOf.set(link, first.agentId)
    }
    this.#carriers.get(link)?.send(link, messages)
  }

  close(link: LinkId, reason: string): void {
    this.#carriers.get(link)?.close(link, reason)
  }

  /** Sends a request to an agent; undefined when no such agent is connected. */
  fetch(agentId: string, request: Request): Promise<Response> | undefined {
    const link = this.#linkOf.get(agentId)
    return link === undefined ? undefined : this.#carriers.get(link)?.fetch(link, request)
  }
}
