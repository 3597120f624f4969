import type { Clock } from "#lib/ports/index.ts"
import type { Context } from "hono"
import { jsonBody, jsonPieces } from "./lazy-json.ts"

/** A reply with a text that says why. */
export const refuse = (
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Response =>
  new Response(message === "" ? null : message, {
    status,
    headers: message === "" ? headers : { "content-type": "text/plain; charset=utf-8", ...headers },
  })

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
