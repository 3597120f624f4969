import type { Clock } from "#lib/ports/index.ts"
import type { Context } from "hono"
import { acceptsGzip, gzipBody } from "#lib/std/gzip.ts"
import { jsonBody, jsonPieces } from "./lazy-json.ts"

/**
 * JSON, wrapped in a call of the function that the query's `jsonp` names when it is given, and
 * compressed where the client takes that.
 */
export function replyJson(context: Context, value: unknown, clock: Clock): Response {
  const callback = context.req.query("jsonp")
  const pieces = jsonPieces(value)
  const body = jsonBody(callback === undefined ? pieces : wrap(callback, pieces), clock)
  const headers = {
    "content-type": callback === undefined ? "application/json" : "text/javascript",
    vary: "accept-encoding",
  }
  const gzip = acceptsGzip(context.req.header("accept-encoding")) ? gzipBody(body) : undefined
  return gzip === undefined
    ? new Response(body, { headers })
    : new Response(gzip, { headers: { ...headers, "content-encoding": "gzip" } })
}

function* wrap(callback: string, pieces: Iterable<string>): Generator<string, void, undefined> {
  yield `${callback}(`
  yield* pieces
  yield ");"
}
