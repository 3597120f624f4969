import { LinkServer } from "#lib/io/index.ts"
import type { LinkId, MasterDriver } from "#lib/master/index.ts"
import type { Connect } from "./agent.ts"
import type { AllLinks } from "./agent-links.ts"
import { MemoryLink, type MasterEvents } from "./memory-link.ts"

function masterEvents(master: MasterDriver, links: AllLinks): MasterEvents {
  return {
    opened: (link, address) => master.linkOpened(link as LinkId, address),
    received: (link, messages) => {
      if (!master.linkMessages(link as LinkId, messages))
        links.close(link as LinkId, "the master is overloaded")
    },
    closed: (link) => {
      links.closed(link)
      master.linkClosed(link as LinkId)
    },
  }
}

/** Takes the links that agents open by WebSocket; without a token it admits every agent. */
export function agentServer(
  master: MasterDriver,
  links: AllLinks,
  token: string | undefined,
): LinkServer {
  const events = masterEvents(master, links)
  const server: LinkServer = new LinkServer({
    token,
    events: {
      ...events,
      opened: (link, address) => {
        links.opened(link, server)
        events.opened(link, address)
      },
    },
  })
  return server
}

/** The agent of this process: the same messages, without a socket. */
export const connectLocal =
  (master: MasterDriver, links: AllLinks): Connect =>
  (agentEvents, handler) => {
    const events = masterEvents(master, links)
    const memory: MemoryLink = new MemoryLink(
      {
        ...events,
        opened: (link, address) => {
          links.opened(link, {
            send: (to, messages) => memory.deliver(to, messages),
            close: () => memory.reconnect(),
            fetch: async (_link, request) => handler(request),
          })
          events.opened(link, address)
        },
      },
      agentEvents,
    )
    return memory
  }
