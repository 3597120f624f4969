import { resolvePathId } from "#lib/marathon/model/index.ts"
import type { PathId } from "#lib/marathon/model/index.ts"
import { json, refuse } from "./answer.ts"
import type { ApiRequest, Resolve } from "./api-request.ts"
import { encodeQueueItem } from "./encode/queue-item.ts"

/** Everything below /v2/queue. */
export const resolveQueue: Resolve = (segments) => {
  if (segments.length === 0) return { GET: list }
  if (segments.at(-1) !== "delay") return undefined
  const id = resolvePathId(`/${segments.slice(0, -1).join("/")}`)
  return { DELETE: (request) => resetDelay(request, id) }
}

function list({ view, ports: { clock }, query }: ApiRequest): Response {
  const now = clock.now()
  const withOffers = query.getAll("embed").includes("lastUnusedOffers")
  return json({ queue: view.queue(now).map((item) => encodeQueueItem(item, { now, withOffers })) })
}

async function resetDelay(request: ApiRequest, appId: PathId): Promise<Response> {
  const done = await request.run({ kind: "resetDelay", appId })
  if (done.ok) return new Response(null, { status: 204 })
  if (done.error.code !== "notFound") return refuse(done.error)
  // To clients of this endpoint an unknown app is one that waits for nothing.
  const message = `Application ${appId} not found in tasks queue.`
  return refuse({ code: "notFound", message })
}
