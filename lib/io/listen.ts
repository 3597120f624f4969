import type { Server } from "bun"
import type { LinkData, LinkServer } from "./link/link-server.ts"
import { LINK_PATH } from "./link/link-server.ts"
import { limitBody, type LimitedRequest } from "./body-limit.ts"
import { isLoopback, OwnAddresses } from "./own-addresses.ts"
import { urlPath } from "#lib/std/url-path.ts"

/** Seconds a connection may be silent; streams send heartbeats at least every 15 s. */
const IDLE_SECONDS = 120

/**
 * Bytes of a request body at most; the server answers 413 to more without keeping what it read. Room
 * for a launch of 10,000 tasks in one call, and little enough to be parsed within a blink.
 */
export const BODY_BYTES_MAX = 16 * 1024 * 1024

/** Calls that may wait long for something to happen: the end of a container, tasks for an executor. */
const CALL_PATH = /\/api\/v1(?:\/executor)?$/

/** An HTTP server to open. */
export type ListenOptions = {
  /** Address to listen on, such as "127.0.0.1" or "0.0.0.0". */
  readonly hostname: string
  /** Port; 0 lets the system choose a free one. */
  readonly port: number
  /** What listens, for messages: "the master's API". */
  readonly name: string
  readonly handler: (request: Request) => Response | Promise<Response>
  /** Agents' links, when this server takes them. */
  readonly links?: LinkServer | undefined
  /** Answer API requests of this machine only. Links are admitted by their token. */
  readonly loopbackOnly?: boolean | undefined
  /** Requests of other machines that are answered all the same, as they show who makes them. */
  readonly admits?: ((request: Request) => boolean) | undefined
  /** Text that tells how to lift `loopbackOnly`. */
  readonly remedy?: string | undefined
}

/** An open HTTP server. */
export type Listening = {
  readonly hostname: string
  readonly port: number
  /** Closes at once, cutting requests under way. */
  stop(): Promise<void>
  /** Takes no more connections; resolves when the requests under way are answered. */
  drain(): Promise<void>
}

/** A server that could not be opened; the message names the cause and the remedy. */
export class ListenError extends Error {
  override readonly name = "ListenError"
}

/** Opens an HTTP server; throws a `ListenError` when the address or port cannot be used. */
export function listen(options: ListenOptions): Listening {
  const { links, handler } = options
  // On a loopback address every peer is one of this machine, and asking for it has a cost.
  const checksPeers = options.loopbackOnly === true && !isLoopback(options.hostname)
  const own = new OwnAddresses()
  const answer = (
    request: Request,
    server: Server<LinkData>,
  ): Response | Promise<Response> | undefined => {
    if (links !== undefined && urlPath(request.url) === LINK_PATH)
      return links.upgrade(request, server)
    const isOwn = !checksPeers || own.has(server.requestIP(request)?.address ?? "")
    if (!isOwn && options.admits?.(request) !== true)
      return Response.json({ message: options.remedy ?? "Forbidden" }, { status: 403 })
    const limited = limitBody(request, BODY_BYTES_MAX)
    if (limited === undefined) return new Response(null, { status: 413 })
    if (request.method === "POST" && CALL_PATH.test(urlPath(request.url)))
      server.timeout(request, 0)
    if (limited.request === request) return handler(request)
    return answerLimited(handler, limited)
  }
  try {
    const server = Bun.serve<LinkData>({
      hostname: options.hostname,
      port: options.port,
      idleTimeout: IDLE_SECONDS,
      // Streams have no size; other bodies are bounded above.
      maxRequestBodySize: Number.MAX_SAFE_INTEGER,
      fetch: answer,
      ...(links === undefined ? {} : { websocket: links.websocket }),
    } as Bun.Serve.Options<LinkData>)
    return {
      hostname: options.hostname,
      port: server.port ?? options.port,
      stop: () => server.stop(true),
      drain: () => server.stop(),
    }
  } catch (cause) {
    throw explain(options, cause)
  }
}

async function answerLimited(
  handler: ListenOptions["handler"],
  { request, exceeded }: LimitedRequest,
): Promise<Response> {
  try {
    const answer = await handler(request)
    return exceeded() ? new Response(null, { status: 413 }) : answer
  } catch (cause) {
    if (exceeded()) return new Response(null, { status: 413 })
    throw cause
  }
}

function explain(options: ListenOptions, cause: unknown): ListenError {
  const code = (cause as { readonly code?: string }).code ?? ""
  const where = `${options.hostname}:${options.port}`
  if (code === "EADDRINUSE")
    return new ListenError(
      `cannot open ${options.name} on ${where}: another process uses port ${options.port}; stop it or give another port`,
    )
  if (code === "EACCES")
    return new ListenError(
      `cannot open ${options.name} on ${where}: ports under 1024 need root; give a higher port`,
    )
  return new ListenError(`cannot open ${options.name} on ${where}: ${String(cause)}`)
}
