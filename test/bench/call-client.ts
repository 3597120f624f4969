import type { Socket } from "bun"

/** Connections that carry calls at the same time. */
const CONNECTIONS = 32

const HEADER_END = Buffer.from("\r\n\r\n")

/** One keep-alive connection, with at most one request under way. */
type Connection = { socket: Socket | undefined; busy: boolean; received: Buffer }

/**
 * A lean HTTP/1.1 client for many small POST requests: a few keep-alive connections, one request at a
 * time on each, the rest queued. Only the status of an answer is looked at. Written for benchmarks,
 * where the client must cost less than the server that is measured.
 */
export class CallClient {
  readonly #head: string
  readonly #connections: Connection[] = []
  readonly #queue: string[] = []
  #taken = 0
  /** Answers that were a success, and others. */
  readonly counts = { succeeded: 0, failed: 0 }

  constructor(path: string, headers: Readonly<Record<string, string>>) {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    this.#head = `POST ${path} HTTP/1.1\r\nHost: master\r\nContent-Type: application/json\r\n${lines.join("")}`
  }

  /** Opens the connections. */
  async connect(port: number): Promise<void> {
    for (let i = 0; i < CONNECTIONS; i++) {
      const connection: Connection = { socket: undefined, busy: false, received: Buffer.alloc(0) }
      connection.socket = await Bun.connect({
        hostname: "127.0.0.1",
        port,
        socket: { data: (_socket, data) => this.#receive(connection, data) },
      })
      this.#connections.push(connection)
    }
  }

  /** Sends a request as soon as a connection is free. */
  post(body: string): void {
    this.#queue.push(`${this.#head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
    const free = this.#connections.find(({ busy }) => !busy)
    if (free) this.#sendNext(free)
  }

  close(): void {
    for (const { socket } of this.#connections) socket?.end()
  }

  #sendNext(connection: Connection): void {
    const request = this.#queue[this.#taken]
    connection.busy = request !== undefined
    if (request === undefined) return
    if (++this.#taken > 4096) {
      this.#queue.splice(0, this.#taken)
      this.#taken = 0
    }
    connection.socket?.write(request)
  }

  #receive(connection: Connection, data: Buffer): void {
    const received =
      connection.received.length === 0 ? data : Buffer.concat([connection.received, data])
    const end = received.indexOf(HEADER_END)
    const head = end < 0 ? "" : received.toString("latin1", 0, end)
    const length = Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0)
    if (end < 0 || received.length < end + HEADER_END.length + length) {
      connection.received = Buffer.from(received)
      return
    }
    connection.received = Buffer.alloc(0)
    if (head.startsWith("HTTP/1.1 2")) this.counts.succeeded++
    else this.counts.failed++
    this.#sendNext(connection)
  }
}
