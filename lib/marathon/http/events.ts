import { message } from "./answer.ts"
import type { ApiRequest, Resource } from "./api-request.ts"

/** /v2/events: the stream of events; only for clients that ask for an event stream. */
export const eventStream: Resource = {
  anyAccept: true,
  // A stream without a body would never end.
  HEAD: () => message("Method Not Allowed", 405),
  GET: (request: ApiRequest) => {
    const accept = request.raw.headers.get("accept") ?? ""
    if (!accept.toLowerCase().includes("text/event-stream"))
      return message("Method Not Allowed", 405)
    const types = new Set(request.query.getAll("event_type"))
    const stream = request.streams.open(types.size === 0 ? undefined : types, request.clientAddress)
    if (stream === undefined)
      return message("Too many subscribers of the event stream: close some of them.", 503)
    return new Response(stream, { headers: { "Content-Type": "text/event-stream" } })
  },
}
