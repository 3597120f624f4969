/** HTTP/1.1 by hand over a socket of its own, for what a well-behaved client would never send. */
import type { Socket } from "bun"
import { until } from "./master-harness.ts"

/** A connection to a server of this machine. */
export class RawConnection {
  /** Everything the server has sent. */
  received = ""
  closed = false
  #socket: Socket | undefined
  #waiting: Uint8Array = new Uint8Array()

  static async open(port: number): Promise<RawConnection> {
    const connection = new RawConnection()
    connection.#socket = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: {
        data: (_, data) => void (connection.received += data.toString()),
        drain: () => connection.#flush(),
        close: () => void (connection.closed = true),
        error: () => void (connection.closed = true),
      },
    })
    return connection
  }

  /** Sends bytes, as fast as the server takes them; resolves when it has taken them or has closed. */
  async send(bytes: string | Uint8Array): Promise<void> {
    this.#waiting = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes
    this.#flush()
    await until("the server to read on", () => this.closed || this.#waiting.length === 0)
  }

  /** The statuses of all answers so far. */
  statuses(): number[] {
    return [...this.received.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status))
  }

  /** Waits for so many answers, or the end of the connection; their statuses. */
  async answers(count: number): Promise<number[]> {
    await until("all answers", () => this.closed || this.statuses().length >= count)
    return this.statuses()
  }

  end(): void {
    this.#socket?.end()
  }

  #flush(): void {
    const written = this.#socket?.write(this.#waiting) ?? 0
    this.#waiting = this.#waiting.subarray(Math.max(written, 0))
  }
}

/** The head and body of a POST of JSON. */
export const post = (path: string, body: string, headers: Readonly<Record<string, string>> = {}) =>
  [
    `POST ${path} HTTP/1.1`,
    "Host: m",
    "Content-Type: application/json",
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    `Content-Length: ${Buffer.byteLength(body)}`,
    "",
    body,
  ].join("\r\n")
