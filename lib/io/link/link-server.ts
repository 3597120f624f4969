import { timingSafeEqual } from "node:crypto"
import type { Server, ServerWebSocket, WebSocketHandler } from "bun"
import type { AgentToMaster, MasterToAgent } from "#lib/mesos/index.ts"
import { decodeTunnelFrame } from "./frame.ts"
import { TunnelClient } from "./tunnel-client.ts"

/** Path of the WebSocket that agents open to the master. */
export const LINK_PATH = "/api/agent-link"

/** A frame larger than this closes the link: the registration of an agent with 20,000 tasks fits. */
const FRAME_BYTES_MAX = 64 * 1024 * 1024

/** Bytes that may wait for a slow agent before its link is closed; it reconciles when it is back. */
const BACKLOG_BYTES_MAX = 64 * 1024 * 1024

/** Seconds without any frame (pings included) after which the socket counts as dead. */
const IDLE_SECONDS = 120

/** Who hears of agents' links. Link names are unique within the life of the server. */
export type LinkEvents = {
  readonly opened: (link: string, address: string) => void
  readonly received: (link: string, messages: readonly AgentToMaster[]) => void
  readonly closed: (link: string, reason: string) => void
}

/** What a link server keeps with each socket. */
export type LinkData = { readonly link: string; readonly address: string }

/** The master's end of all agents' links. */
export class LinkServer {
  readonly #token: string | undefined
  readonly #events: LinkEvents
  readonly #sockets = new Map<
    string,
    { readonly socket: ServerWebSocket<LinkData>; readonly tunnel: TunnelClient }
  >()
  #next = 1

  /** Agents must present `token`; without one every agent is admitted (loopback only). */
  constructor(options: { readonly token?: string | undefined; readonly events: LinkEvents }) {
    this.#token = options.token
    this.#events = options.events
  }

  /** Upgrades a request for the link's path; undefined when it became a socket, else the refusal. */
  upgrade(request: Request, server: Server<LinkData>): Response | undefined {
    if (this.#token !== undefined && !this.#admits(request.headers.get("authorization")))
      return new Response("the join token is wrong or missing\n", { status: 401 })
    const address = server.requestIP(request)?.address ?? ""
    const data: LinkData = { link: `link-${this.#next++}`, address }
    if (server.upgrade(request, { data })) return undefined
    return new Response("this path is a WebSocket\n", { status: 426 })
  }

  /** Sends messages to an agent in one frame; ignored when the link is closed already. */
  send(link: string, messages: readonly MasterToAgent[]): void {
    this.#sockets.get(link)?.socket.send(JSON.stringify(messages))
  }

  /** Closes a link, telling the agent why. */
  close(link: string, reason: string): void {
    this.#sockets.get(link)?.socket.close(1008, reason.slice(0, 120))
  }

  /** Sends an HTTP request to the agent behind a link. */
  async fetch(link: string, request: Request): Promise<Response> {
    const entry = this.#sockets.get(link)
    if (entry === undefined) throw new Error("the agent is not connected")
    return entry.tunnel.fetch(request)
  }

  /** The handlers to give to the HTTP server. */
  readonly websocket: WebSocketHandler<LinkData> = {
    maxPayloadLength: FRAME_BYTES_MAX,
    backpressureLimit: BACKLOG_BYTES_MAX,
    closeOnBackpressureLimit: true,
    idleTimeout: IDLE_SECONDS,
    perMessageDeflate: false,
    open: (socket) => {
      const tunnel = new TunnelClient((frame) => void socket.send(frame))
      this.#sockets.set(socket.data.link, { socket, tunnel })
      this.#events.opened(socket.data.link, socket.data.address)
    },
    message: (socket, frame) => {
      if (typeof frame === "string") return this.#receive(socket, frame)
      const decoded = decodeTunnelFrame(frame)
      if (decoded) this.#sockets.get(socket.data.link)?.tunnel.receive(decoded)
    },
    close: (socket, code, reason) => {
      this.#sockets.get(socket.data.link)?.tunnel.close()
      this.#sockets.delete(socket.data.link)
      this.#events.closed(socket.data.link, reason === "" ? `code ${code}` : reason)
    },
  }

  #receive(socket: ServerWebSocket<LinkData>, frame: string): void {
    let messages: unknown
    try {
      messages = JSON.parse(frame)
    } catch {
      return socket.close(1007, "a frame was not JSON")
    }
    if (!Array.isArray(messages)) return socket.close(1007, "a frame was not a list")
    this.#events.received(socket.data.link, messages as readonly AgentToMaster[])
  }

  #admits(header: string | null): boolean {
    const offered = Buffer.from(header ?? "")
    const wanted = Buffer.from(`Bearer ${this.#token}`)
    return offered.length === wanted.length && timingSafeEqual(offered, wanted)
  }
}
