import type { AgentToMaster, MasterToAgent } from "#lib/mesos/index.ts"
import { decodeTunnelFrame } from "./frame.ts"
import { LINK_PATH } from "./link-server.ts"
import { TunnelServer, type Handler } from "./tunnel-server.ts"

/** First delay before the master is tried again; doubles up to `RETRY_MAX_MS`, with jitter. */
const RETRY_MIN_MS = 100

/** Longest delay between two attempts to reach the master. */
const RETRY_MAX_MS = 5_000

/** Who hears of the link to the master. `failed` comes once per attempt that did not succeed. */
export type LinkClientEvents = {
  readonly opened: () => void
  readonly received: (messages: readonly MasterToAgent[]) => void
  readonly closed: () => void
  readonly failed: (reason: string, fatal: boolean) => void
}

/** Where the master is, how to be admitted, and who answers its requests. */
export type LinkClientOptions = {
  /** Base URL of the master, such as "ws://10.0.0.1:5050" (http and https work too). */
  readonly master: string
  readonly token?: string | undefined
  /** The agent's own API, reached by the master through the link. */
  readonly handler: Handler
  readonly events: LinkClientEvents
}

/** The agent's end of its link: connects, and connects again with backoff until it is stopped. */
export class LinkClient {
  readonly #options: LinkClientOptions
  readonly #url: URL
  #socket: WebSocket | undefined
  #tunnel: TunnelServer | undefined
  #retry: ReturnType<typeof setTimeout> | undefined
  #delay = RETRY_MIN_MS
  #stopped = false

  /** Throws a TypeError when `master` is no URL of a scheme that is understood. */
  constructor(options: LinkClientOptions) {
    this.#options = options
    this.#url = linkUrl(options.master)
  }

  /** Opens the link; returns at once. */
  start(): void {
    this.#connect()
  }

  /** Sends messages in one frame; dropped when the link is closed (registration reconciles). */
  send(messages: readonly AgentToMaster[]): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(messages))
  }

  /**
   * Drops the link so that it is opened anew: the master may have moved or forgotten us. It is not
   * closed in form, because a master that does not answer would never agree to that.
   */
  reconnect(): void {
    this.#socket?.terminate()
  }

  /** Closes the link for good. */
  stop(): void {
    this.#stopped = true
    clearTimeout(this.#retry)
    this.#socket?.close()
  }

  #connect(): void {
    const { token, events, handler } = this.#options
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const socket = new WebSocket(this.#url, { headers, perMessageDeflate: false })
    socket.binaryType = "nodebuffer"
    this.#socket = socket
    let open = false
    socket.addEventListener("open", () => {
      open = true
      this.#delay = RETRY_MIN_MS
      this.#tunnel = new TunnelServer(handler, (frame) => {
        if (socket.readyState === WebSocket.OPEN) socket.send(frame)
      })
      events.opened()
    })
    socket.addEventListener("message", (event: MessageEvent<string | Buffer>) => {
      if (typeof event.data === "string")
        return events.received(JSON.parse(event.data) as readonly MasterToAgent[])
      const frame = decodeTunnelFrame(event.data)
      if (frame) this.#tunnel?.receive(frame)
    })
    socket.addEventListener("close", () => {
      this.#tunnel?.close()
      this.#tunnel = undefined
      if (open) events.closed()
      else void this.#diagnose()
      if (!this.#stopped) this.#retryLater()
    })
  }

  #retryLater(): void {
    const delay = this.#delay * (0.5 + Math.random())
    this.#delay = Math.min(RETRY_MAX_MS, this.#delay * 2)
    this.#retry = setTimeout(() => this.#connect(), delay)
  }

  /** A failed WebSocket handshake hides its reason; a plain request for the same path tells it. */
  async #diagnose(): Promise<void> {
    const { events, master, token } = this.#options
    const http = new URL(this.#url)
    http.protocol = http.protocol === "wss:" ? "https:" : "http:"
    const headers: Record<string, string> =
      token === undefined ? {} : { authorization: `Bearer ${token}` }
    try {
      const { status } = await fetch(http, { headers, signal: AbortSignal.timeout(5_000) })
      if (status === 401)
        events.failed(
          `the master at ${master} refused the join token: give the one it printed at its first start with --join-token`,
          true,
        )
      else if (status !== 426)
        events.failed(`what answers at ${master} is not a dcos master (HTTP ${status})`, false)
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      events.failed(`cannot reach the master at ${master}: ${reason}`, false)
    }
  }
}

/** The port of the Mesos API, where agents' links are taken. */
const MASTER_PORT = "5050"

/**
 * The WebSocket URL of a master given as ws, wss, http or https, or as a bare host with or without a
 * port; throws a TypeError otherwise.
 */
export function linkUrl(master: string): URL {
  const bare = !/^[a-z]+:\/\//.test(master)
  const url = new URL(bare ? `ws://${master}` : master)
  if (bare && url.port === "") url.port = MASTER_PORT
  if (url.protocol === "http:") url.protocol = "ws:"
  if (url.protocol === "https:") url.protocol = "wss:"
  if (url.protocol !== "ws:" && url.protocol !== "wss:")
    throw new TypeError(`the master's URL must start with ws://, wss://, http:// or https://`)
  url.pathname = LINK_PATH
  return url
}
