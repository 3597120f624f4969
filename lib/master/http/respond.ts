import type { Clock } from "#lib/ports/index.ts"
import type { Context } from "hono"
import { jsonBody, jsonPieces } from "./lazy-json.ts"

/** JSON, wrapped in a call of the function that the query's `jsonp` names when it is given. */
export function replyJson(context: Context, value: unknown, clock: Clock): Response {
  const callback = context.req.query("jsonp")
  const pieces = jsonPieces(value)
  if (callback === undefined)
    return new Response(jsonBody(pieces, clock), {
      headers: { "content-type": "application/json" },
    })
  return new Response(jsonBody(wrap(callback, pieces), clock), {
    headers: { "content-type": "text/javascript" },
  })
}

function* wrap(callback: string, pieces: Iterable<string>): Generator<string, void, undefined> {
  yield `${callback}(`
  yield* pieces
  yield ");"
}
