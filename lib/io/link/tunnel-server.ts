import { bodyReader, Credit, sendBody } from "./credit.ts"
import {
  decodeTunnelJson,
  encodeTunnelFrame,
  encodeTunnelJson,
  tunnelType,
  type TunnelFrame,
  type TunnelRequest,
} from "./frame.ts"

/** Answers one HTTP request. */
export type Handler = (request: Request) => Response | Promise<Response>

/** A request under way. */
type Active = {
  readonly abort: AbortController
  readonly credit: Credit
  /** Takes the bytes of a streamed body. */
  body: ReadableStreamDefaultController<Uint8Array> | undefined
}

/** The agent's end of a link's tunnel: answers the master's requests with the agent's own API. */
export class TunnelServer {
  readonly #handler: Handler
  readonly #send: (frame: Uint8Array<ArrayBuffer>) => void
  readonly #active = new Map<number, Active>()

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
        return active?.credit.grant()
      case tunnelType.requestData:
        return active?.body?.enqueue(frame.payload.slice())
      case tunnelType.requestEnd:
        active?.body?.close()
        if (active !== undefined) active.body = undefined
        return
      case tunnelType.abort:
        return active?.abort.abort()
      case tunnelType.head:
      case tunnelType.data:
      case tunnelType.end:
      case tunnelType.requestCredit:
        return
      default:
        return frame.type satisfies never
    }
  }

  /** The link closed: every request under way is given up. */
  close(): void {
    for (const { abort } of this.#active.values()) abort.abort()
  }

  async #answer(id: number, request: TunnelRequest): Promise<void> {
    const abort = new AbortController()
    const active: Active = { abort, credit: new Credit(), body: undefined }
    this.#active.set(id, active)
    abort.signal.addEventListener("abort", () => {
      active.credit.close()
      active.body?.error(new Error("the client went away"))
      active.body = undefined
    })
    try {
      const response = await this.#handler(
        new Request(`http://agent${request.path}`, {
          method: request.method,
          headers: request.headers.map(([name, value]): [string, string] => [name, value]),
          signal: abort.signal,
          ...this.#body(id, request, active),
        }),
      )
      // Nobody reads what is left of the request, and nobody may send it.
      active.body = undefined
      this.#send(
        encodeTunnelJson(id, tunnelType.head, {
          status: response.status,
          headers: [...response.headers],
        }),
      )
      if (await this.#stream(id, response, active))
        this.#send(encodeTunnelFrame(id, tunnelType.end))
    } catch {
      this.#send(encodeTunnelFrame(id, tunnelType.abort))
    } finally {
      this.#active.delete(id)
    }
  }

  #body(id: number, { body, streamed }: TunnelRequest, active: Active): Pick<RequestInit, "body"> {
    if (body !== undefined) return { body: Buffer.from(body, "base64") }
    if (!streamed) return {}
    const permit = (): void => this.#send(encodeTunnelFrame(id, tunnelType.requestCredit))
    return {
      body: new ReadableStream<Uint8Array<ArrayBuffer>>(
        {
          start: (controller) => {
            active.body = controller
          },
          pull: permit,
          cancel: () => {
            active.body = undefined
          },
        },
        { highWaterMark: 1 },
      ),
    }
  }

  /** Sends the body of a response; false when it was given up. */
  async #stream(id: number, { body }: Response, { abort, credit }: Active): Promise<boolean> {
    if (body === null) return true
    const reader = bodyReader(body)
    const stop = (): void => void reader.cancel().catch(() => undefined)
    abort.signal.addEventListener("abort", stop, { once: true })
    if (abort.signal.aborted) stop()
    const send = (bytes: Uint8Array): void =>
      this.#send(encodeTunnelFrame(id, tunnelType.data, bytes))
    const complete = await sendBody(reader, credit, send)
    return complete && !abort.signal.aborted
  }
}
