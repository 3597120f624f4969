import { open } from "node:fs/promises"

/** Redirects that are followed, as curl's upstream caller did. */
const REDIRECT_LIMIT = 10

/** What to download. */
export type DownloadRequest = {
  readonly url: string
  /** A file that does not exist yet. */
  readonly path: string
  /** Without a byte for this long the download is given up. */
  readonly stallMs: number
  readonly signal: AbortSignal
  /** Larger answers are refused with `TooLarge` before anything is written. */
  readonly maxBytes?: number | undefined
}

/** The answer is larger than the caller has room for. */
export class TooLarge extends Error {
  override readonly name = "TooLarge"
}

/**
 * Downloads an http or https URL; resolves with its size. Fails unless the answer is 200, with a
 * text that says why. Encoded content is kept as it is sent: "x.tar.gz" must stay one.
 */
export async function download(request: DownloadRequest): Promise<number> {
  const stall = new AbortController()
  const signal = AbortSignal.any([request.signal, stall.signal])
  const reason = new Error(`no data came for ${request.stallMs / 1000} s`)
  let timer: ReturnType<typeof setTimeout> | undefined
  const alive = (): void => {
    clearTimeout(timer)
    timer = setTimeout(() => stall.abort(reason), request.stallMs)
  }
  try {
    alive()
    const response = await follow(request.url, signal)
    const length = response.headers.get("content-length")
    if (request.maxBytes !== undefined && Number(length) > request.maxBytes)
      throw new TooLarge(`${length} bytes`)
    const size = await save(response, request.path, alive)
    if (length !== null && Number(length) !== size)
      throw new Error(`the connection ended after ${size} of ${length} bytes`)
    return size
  } catch (cause) {
    throw stall.signal.aborted ? reason : cause
  } finally {
    clearTimeout(timer)
  }
}

async function follow(url: string, signal: AbortSignal): Promise<Response> {
  let at = url
  for (let redirects = 0; redirects <= REDIRECT_LIMIT; redirects++) {
    const response = await fetch(at, {
      redirect: "manual",
      signal,
      decompress: false,
      headers: { "accept-encoding": "identity" },
    })
    if (response.status === 200) return response
    await response.body?.cancel()
    const location = response.headers.get("location")
    if (response.status < 300 || response.status > 399 || location === null)
      throw new Error(`the server answered ${response.status}`)
    const next = new URL(location, at)
    if (next.protocol !== "http:" && next.protocol !== "https:")
      throw new Error(`the server redirects to a ${next.protocol} address`)
    at = next.href
  }
  throw new Error(`the server redirects more than ${REDIRECT_LIMIT} times`)
}

async function save(response: Response, path: string, alive: () => void): Promise<number> {
  let size = 0
  const file = await open(path, "wx", 0o644)
  try {
    const body: AsyncIterable<Uint8Array> | null = response.body
    for await (const chunk of body ?? []) {
      alive()
      await file.writeFile(chunk)
      size += chunk.length
    }
  } finally {
    await file.close()
  }
  return size
}
