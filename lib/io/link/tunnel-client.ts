import { bodyReader, Credit, sendBody } from "./credit.ts"
import {
  decodeTunnelJson,
  encodeTunnelFrame,
  encodeTunnelJson,
  tunnelType,
  type TunnelFrame,
  type TunnelHead,
} from "./frame.ts"

/** Requests that may be under way on one link; further ones are refused. */
const REQUESTS_LIMIT = 256

/**
 * Milliseconds an agent may take to answer with a status line. Calls (POST) may wait for something to
 * happen, such as the end of a container; they end with their link or their client.
 */
const HEAD_TIMEOUT_MS = 30_000

/** Requests of this type are streams that may never end: their bodies are not collected. */
const STREAM_TYPE = "application/recordio"

type Pending = {
  readonly resolve: (response: Response) => void
  readonly reject: (cause: Error) => void
  readonly timer: ReturnType<typeof setTimeout> | undefined
  readonly credit: Credit
  body: ReadableStreamDefaultController<Uint8Array> | undefined
}

/**
 * The master's end of a link's tunnel: sends HTTP requests to the agent and turns its frames into
 * responses with streaming bodies. A body that nobody reads holds the agent back by missing credit,
 * and so does an agent that does not read a streamed request.
 */
export class TunnelClient {
  readonly #send: (frame: Uint8Array<ArrayBuffer>) => void
  readonly #pending = new Map<number, Pending>()
  #next = 1

  constructor(send: (frame: Uint8Array<ArrayBuffer>) => void) {
    this.#send = send
  }

  /** Sends a request; rejects when the link closes, the agent is too slow or too many are under way. */
  async fetch(request: Request): Promise<Response> {
    if (this.#pending.size >= REQUESTS_LIMIT)
      throw new Error(`more than ${REQUESTS_LIMIT} requests to the agent are under way`)
    const url = new URL(request.url)
    const type = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase()
    const streamed = request.body !== null && type === STREAM_TYPE
    const body =
      request.body !== null && !streamed
        ? Buffer.from(await request.arrayBuffer()).toString("base64")
        : undefined
    const id = this.#next++
    const credit = new Credit()
    const answer = new Promise<Response>((resolve, reject) => {
      const late = (): void => this.#giveUp(id, new Error("the agent did not answer in time"))
      const timer = request.method === "POST" ? undefined : setTimeout(late, HEAD_TIMEOUT_MS)
      this.#pending.set(id, { resolve, reject, timer, credit, body: undefined })
    })
    request.signal.addEventListener("abort", () => this.#giveUp(id, new Error("request aborted")))
    const headers = [...request.headers]
    this.#send(
      encodeTunnelJson(id, tunnelType.request, {
        method: request.method,
        path: url.pathname + url.search,
        headers,
        body,
        ...(streamed ? { streamed } : {}),
      }),
    )
    if (streamed) void this.#sendBody(id, credit, request.body as ReadableStream<Uint8Array>)
    return answer
  }

  /** Takes a frame that came from the agent. */
  receive(frame: TunnelFrame): void {
    const pending = this.#pending.get(frame.request)
    if (pending === undefined) return
    switch (frame.type) {
      case tunnelType.head:
        return this.#head(frame.request, pending, decodeTunnelJson<TunnelHead>(frame.payload))
      case tunnelType.data:
        return pending.body?.enqueue(frame.payload)
      case tunnelType.end:
        this.#pending.delete(frame.request)
        pending.credit.close()
        return pending.body?.close()
      case tunnelType.requestCredit:
        return pending.credit.grant()
      case tunnelType.abort:
        return this.#fail(frame.request, pending, new Error("the agent gave the request up"))
      case tunnelType.request:
      case tunnelType.credit:
      case tunnelType.requestData:
      case tunnelType.requestEnd:
        return
      default:
        return frame.type satisfies never
    }
  }

  /** The link closed: every request under way fails. */
  close(): void {
    for (const [id, pending] of this.#pending)
      this.#fail(id, pending, new Error("the agent's link closed"))
  }

  async #sendBody(id: number, credit: Credit, body: ReadableStream<Uint8Array>): Promise<void> {
    try {
      const frame = (bytes: Uint8Array) => encodeTunnelFrame(id, tunnelType.requestData, bytes)
      if (await sendBody(bodyReader(body), credit, (bytes) => this.#send(frame(bytes))))
        this.#send(encodeTunnelFrame(id, tunnelType.requestEnd))
    } catch {
      this.#giveUp(id, new Error("the client went away"))
    }
  }

  #head(id: number, pending: Pending, head: TunnelHead): void {
    clearTimeout(pending.timer)
    const body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          pending.body = controller
        },
        pull: () => this.#send(encodeTunnelFrame(id, tunnelType.credit)),
        cancel: () => this.#giveUp(id, new Error("the reader went away")),
      },
      { highWaterMark: 4 },
    )
    const empty = head.status === 204 || head.status === 304
    pending.resolve(
      new Response(empty ? null : body, {
        status: head.status,
        headers: head.headers.map(([name, value]): [string, string] => [name, value]),
      }),
    )
  }

  #giveUp(id: number, cause: Error): void {
    const pending = this.#pending.get(id)
    if (pending === undefined) return
    this.#send(encodeTunnelFrame(id, tunnelType.abort))
    this.#fail(id, pending, cause)
  }

  #fail(id: number, pending: Pending, cause: Error): void {
    this.#pending.delete(id)
    clearTimeout(pending.timer)
    pending.credit.close()
    if (pending.body === undefined) return pending.reject(cause)
    try {
      pending.body.error(cause)
    } catch {
      // The reader cancelled it first; there is nobody left to tell.
    }
  }
}
