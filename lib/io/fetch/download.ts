import { open } from "node:fs/promises"
import { trustedAuthorities } from "#lib/io/host/authorities.ts"
import { errorCode } from "#lib/io/host/files.ts"
import { Transient } from "./plugin.ts"
import type { FetchPlugin, LoadRequest } from "./plugin.ts"

/** Redirects that are followed, as curl's upstream caller did. */
const REDIRECT_LIMIT = 10

/** How often a download is begun in all, and how long it waits before the second time; then twice that. */
const ATTEMPTS = 3
const RETRY_MS = 500

/** Bytes of a refusal that are read to find out why. */
const REFUSAL_BYTES = 4096

/** How long downloads are waited for. */
export type DownloadLimits = {
  /** Without a byte for this long the download is given up. */
  readonly stallMs: number
  /** Before a download that broke is tried for the second time. */
  readonly retryMs?: number | undefined
}

/** What to download. */
export type DownloadRequest = Pick<LoadRequest, "path" | "signal" | "claim"> & {
  readonly url: string
}

/** Downloads http and https URLs. */
export class Downloads implements FetchPlugin {
  readonly schemes = ["http", "https"]
  readonly #limits: DownloadLimits

  constructor(limits: DownloadLimits) {
    this.#limits = limits
  }

  load(request: LoadRequest): Promise<void> {
    return download({ ...request, url: request.uri }, this.#limits)
  }
}

/**
 * Downloads an http or https URL. Fails unless the answer is 200, with a text that says why. Broken
 * connections and busy servers (408, 429, 5xx) are tried again. Encoded content is kept as it is sent:
 * "x.tar.gz" must stay one.
 */
export async function download(request: DownloadRequest, limits: DownloadLimits): Promise<void> {
  const retryMs = limits.retryMs ?? RETRY_MS
  for (let attempt = 1; ; attempt++)
    try {
      return await attemptDownload(request, limits)
    } catch (cause) {
      if (!(cause instanceof Transient) || attempt === ATTEMPTS || request.signal.aborted)
        throw cause
      await pause(retryMs * 2 ** (attempt - 1), request.signal)
    }
}

async function attemptDownload(request: DownloadRequest, limits: DownloadLimits): Promise<void> {
  const stall = new AbortController()
  const signal = AbortSignal.any([request.signal, stall.signal])
  const reason = new Error(
    `no data came for ${limits.stallMs / 1000} s (--fetcher_stall_timeout): is the server there?`,
  )
  let timer: ReturnType<typeof setTimeout> | undefined
  const alive = (): void => {
    clearTimeout(timer)
    timer = setTimeout(() => stall.abort(reason), limits.stallMs)
  }
  try {
    alive()
    const response = await follow(request.url, signal)
    const length = response.headers.get("content-length")
    if (length !== null) request.claim(Number(length))
    const size = await save(response, request, alive)
    if (length !== null && Number(length) !== size)
      throw new Transient(`the connection ended after ${size} of ${length} bytes`)
  } catch (cause) {
    throw stall.signal.aborted ? reason : cause
  } finally {
    clearTimeout(timer)
  }
}

async function follow(url: string, signal: AbortSignal): Promise<Response> {
  let at = new URL(url)
  const { origin } = at
  const authorization = takeCredentials(at)
  for (let redirects = 0; redirects <= REDIRECT_LIMIT; redirects++) {
    const response = await ask(at, {
      redirect: "manual",
      signal,
      decompress: false,
      headers: {
        "accept-encoding": "identity",
        // Whoever a server redirects to must not learn the password of the first.
        ...(authorization === undefined || at.origin !== origin ? {} : { authorization }),
      },
    })
    if (response.status === 200) return response
    const location = response.headers.get("location")
    if (response.status < 300 || response.status > 399 || location === null)
      throw await refusal(response)
    await response.body?.cancel()
    at = new URL(location, at)
    if (at.protocol !== "http:" && at.protocol !== "https:")
      throw new Error(`the server redirects to a ${at.protocol} address`)
  }
  throw new Error(`the server redirects more than ${REDIRECT_LIMIT} times`)
}

/** Moves "user:password@" from a URL into the header that says the same. */
function takeCredentials(url: URL): string | undefined {
  if (url.username === "" && url.password === "") return undefined
  const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
  url.username = ""
  url.password = ""
  return `Basic ${Buffer.from(pair).toString("base64")}`
}

async function ask(url: URL, options: BunFetchRequestInit): Promise<Response> {
  try {
    const tls = url.protocol === "https:" ? { tls: { ca: trustedAuthorities() } } : {}
    return await fetch(url.href, { ...options, ...tls })
  } catch (cause) {
    if (options.signal?.aborted === true) throw cause
    throw new Transient(
      `${url.host} cannot be reached: ${cause instanceof Error ? cause.message : String(cause)}`,
    )
  }
}

async function refusal(response: Response): Promise<Error> {
  const { status } = response
  let body = ""
  const decoder = new TextDecoder()
  const chunks: AsyncIterable<Uint8Array> | null = response.body
  for await (const chunk of chunks ?? []) {
    body += decoder.decode(chunk, { stream: true })
    if (body.length >= REFUSAL_BYTES) break
  }
  // Object stores say more in XML than in the status.
  const code = /<Code>([A-Za-z0-9.]+)<\/Code>/.exec(body.slice(0, REFUSAL_BYTES))?.[1]
  const text = `the server answered ${status}${code === undefined ? "" : ` (${code})`}`
  const busy = status === 408 || status === 429 || status >= 500
  return busy ? new Transient(text) : new Error(text)
}

async function save(
  response: Response,
  request: DownloadRequest,
  alive: () => void,
): Promise<number> {
  let size = 0
  const file = await open(request.path, "w", 0o644)
  try {
    const body: AsyncIterable<Uint8Array> | null = response.body
    for await (const chunk of readable(body, request.signal)) {
      alive()
      request.claim(size + chunk.length)
      await file.writeFile(chunk)
      size += chunk.length
    }
  } finally {
    await file.close()
  }
  return size
}

/** The chunks of a body; a connection that breaks is worth another try. */
async function* readable(
  body: AsyncIterable<Uint8Array> | null,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  try {
    yield* body ?? []
  } catch (cause) {
    if (signal.aborted || errorCode(cause) === undefined) throw cause
    throw new Transient(`the connection broke: ${String(errorCode(cause))}`)
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener("abort", () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
