import { EventEmitter } from "node:events"
import type { Socket as BunSocket } from "bun"
import { inNetwork } from "#lib/io/host/network-namespace.ts"

/** Where a socket leads to: an address, so that no name has to be resolved. */
type Peer = {
  readonly host: string
  readonly port: number
  /** Whether to speak TLS, whatever the certificate. */
  readonly tls: boolean
}

/**
 * A client's socket in another network namespace, with what probes use of those of node:net. It is
 * made there by `Bun.connect`, which opens the socket within the call where the host is an address.
 */
export class NetworkSocket extends EventEmitter {
  #socket: BunSocket | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  #destroyed = false

  constructor(network: string, { host, port, tls }: Peer) {
    super()
    const fail = (cause: unknown): void => void (this.#destroyed || this.emit("error", cause))
    try {
      const connecting = inNetwork(network, () =>
        Bun.connect({
          hostname: host,
          port,
          ...(tls ? { tls: { rejectUnauthorized: false } } : {}),
          socket: {
            open: (socket) => {
              this.#socket = socket
              if (this.#destroyed) socket.terminate()
              else this.emit("connect")
            },
            handshake: () => void this.emit("secureConnect"),
            data: (_, chunk) => void this.emit("data", chunk),
            close: () => void this.emit("close"),
            error: (_, cause) => fail(cause),
            connectError: () => {},
          },
        }),
      )
      connecting.catch(fail)
    } catch (cause) {
      setImmediate(fail, cause)
    }
  }

  write(text: string): void {
    this.#socket?.write(text)
  }

  destroy(): void {
    this.#destroyed = true
    clearTimeout(this.#timer)
    this.#socket?.terminate()
  }

  unref(): void {
    this.#socket?.unref()
  }

  setTimeout(ms: number, hear: () => void): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(hear, ms)
    this.#timer.unref()
  }
}
