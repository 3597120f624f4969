/** Requests of this type are streams that may go on for ever, read record by record. */
const STREAM_TYPE = "application/recordio"

/** A request whose body is cut at a limit, and whether it was. */
export type LimitedRequest = { readonly request: Request; readonly exceeded: () => boolean }

/**
 * Bounds the body of a request to so many bytes, streams of records excepted: those are read piece by
 * piece, at the pace of what they are for. Undefined when its head says that it is larger.
 */
export function limitBody(request: Request, limit: number): LimitedRequest | undefined {
  const within: LimitedRequest = { request, exceeded: () => false }
  const length = request.headers.get("content-length")
  if (length !== null) return Number(length) > limit ? undefined : within
  if (request.method === "GET" || request.body === null) return within
  const type = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase()
  if (type === STREAM_TYPE) return within
  let left = limit
  const body = request.body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, controller) => {
        left -= chunk.length
        if (left < 0) controller.error(new Error(`the body is larger than ${limit} bytes`))
        else controller.enqueue(chunk)
      },
    }),
  )
  const { url, method, headers, signal } = request
  return { request: new Request(url, { method, headers, signal, body }), exceeded: () => left < 0 }
}
