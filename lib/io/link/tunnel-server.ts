import {
  decodeTunnelJson,
  encodeTunnelFrame,
  encodeTunnelJson,
  tunnelType,
  type TunnelFrame,
  type TunnelRequest,
} from "./frame.ts"

/** Bytes of one `data` frame at most. */
const CHUNK_BYTES = 64 * 1024

/** Answers one HTTP request. */
export type Handler = (request: Request) => Response | Promise<Response>

/** The agent's end of a link's tunnel: answers the master's requests with the agent's own API. */
export class TunnelServer {
  readonly #handler: Handler
  readonly #send: (frame: Uint8Array<ArrayBuffer>) => void
  readonly #active = new Map<
    number,
    { readonly abort: AbortController; credit: number; wake?: () => void }
  >()

  constructor(handler: Handler, send: (frame: Uint8Array<ArrayBuffer>) => void) {
    this.#handler = handler
    this.#send = send
  }

  /** Takes a frame that came from the master. */
  receive(frame: TunnelFrame): void {
    const active = this.#active.get(frame.request)
    switch (frame.type) {
      case tunnelType.request:
        void this.#answer(frame.request, decodeTunnelJson<TunnelRequest>(frame.payload))
        return
      case tunnelType.credit:
        if (active === undefined) return
        active.credit++
        active.wake?.()
        return
      case tunnelType.abort:
        active?.abort.abort()
        active?.wake?.()
        return
      case tunnelType.head:
      case tunnelType.data:
      case tunnelType.end:
        return
      default:
        return frame.type satisfies never
    }
  }

  /** The link closed: every request under way is given up. */
  close(): void {
    for (const active of this.#active.values()) {
      active.abort.abort()
      active.wake?.()
    }
  }

  async #answer(id: number, request: TunnelRequest): Promise<void> {
    const abort = new AbortController()
    this.#active.set(id, { abort, credit: 0 })
    try {
      const response = await this.#handler(
        new Request(`http://agent${request.path}`, {
          method: request.method,
          headers: request.headers.map(([name, value]): [string, string] => [name, value]),
          signal: abort.signal,
          ...(request.body === undefined ? {} : { body: Buffer.from(request.body, "base64") }),
        }),
      )
      this.#send(
        encodeTunnelJson(id, tunnelType.head, {
          status: response.status,
          headers: [...response.headers],
        }),
      )
      await this.#stream(id, response)
      if (!abort.signal.aborted) this.#send(encodeTunnelFrame(id, tunnelType.end))
    } catch {
      this.#send(encodeTunnelFrame(id, tunnelType.abort))
    } finally {
      this.#active.delete(id)
    }
  }

  async #stream(id: number, response: Response): Promise<void> {
    if (response.body === null) return
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      for (let offset = 0; offset < value.length; offset += CHUNK_BYTES) {
        if (!(await this.#takeCredit(id))) return void reader.cancel()
        this.#send(
          encodeTunnelFrame(id, tunnelType.data, value.subarray(offset, offset + CHUNK_BYTES)),
        )
      }
    }
  }

  /** Waits for permission to send one chunk; false when the request was given up. */
  async #takeCredit(id: number): Promise<boolean> {
    const active = this.#active.get(id)
    if (active === undefined) return false
    while (active.credit === 0 && !active.abort.signal.aborted)
      await new Promise<void>((resolve) => {
        active.wake = resolve
      })
    active.credit--
    return !active.abort.signal.aborted
  }
}
