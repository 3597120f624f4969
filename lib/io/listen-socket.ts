import { chmodSync, lstatSync, unlinkSync } from "node:fs"
import { limitBody } from "./body-limit.ts"
import { BODY_BYTES_MAX, ListenError, type ListenOptions } from "./listen.ts"

/** Whoever can reach the socket may speak to it, as at the port. Source: apache/mesos: src/common/domain_sockets.hpp. */
const SOCKET_MODE = 0o666

/** An HTTP server to open at a socket of the file system. */
export type ListenSocketOptions = Pick<ListenOptions, "handler" | "name"> & {
  readonly path: string
  /** Requests that are answered there; all others with 403. */
  readonly serves: (request: Request) => boolean
}

/**
 * Opens an HTTP server at a socket of the file system, in the place of one that an earlier life left
 * there; throws a `ListenError` when it cannot. Its file goes when it is stopped.
 */
export function listenSocket({ path, name, serves, handler }: ListenSocketOptions): {
  stop(): Promise<void>
} {
  try {
    removeSocket(path)
    const server = Bun.serve({
      unix: path,
      maxRequestBodySize: Number.MAX_SAFE_INTEGER,
      fetch: (request, server) => {
        // Streams of events are silent for long.
        server.timeout(request, 0)
        if (!serves(request)) return new Response(null, { status: 403 })
        const limited = limitBody(request, BODY_BYTES_MAX)
        return limited === undefined
          ? new Response(null, { status: 413 })
          : handler(limited.request)
      },
    })
    chmodSync(path, SOCKET_MODE)
    return {
      stop: async () => {
        await server.stop(true)
        removeSocket(path)
      },
    }
  } catch (cause) {
    throw new ListenError(
      `cannot open ${name} at ${path}: ${cause instanceof Error ? cause.message : String(cause)}`,
    )
  }
}

/** Files of other kinds stay: binding to one fails, and says so. */
function removeSocket(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true) unlinkSync(path)
}
