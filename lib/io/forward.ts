/** Headers that belong to one connection and must not be passed on. */
const HOP_HEADERS = ["connection", "keep-alive", "transfer-encoding", "upgrade", "host"]

/** Sends a request on to another server, following no redirect; rejects when nobody answers there. */
export async function forward(url: URL, request: Request): Promise<Response> {
  const headers = new Headers(request.headers)
  for (const name of HOP_HEADERS) headers.delete(name)
  const answer = await fetch(url, {
    method: request.method,
    headers,
    redirect: "manual",
    signal: request.signal,
    decompress: false,
    ...(request.body === null ? {} : { body: request.body }),
  })
  return new Response(answer.body, answer)
}
