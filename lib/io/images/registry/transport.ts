import { errorCode, errorText } from "#lib/io/host/files.ts"
import { ImageProblem } from "#lib/io/images/problem.ts"
import type { Certificates } from "./certificates.ts"

/** What is asked of a server. */
export type HttpRequest = {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly signal: AbortSignal
  /** A form to post; without one it is a GET. */
  readonly form?: URLSearchParams | undefined
}

/** A failure that may be gone when it is tried again. */
export class Passing extends Error {
  override readonly name = "Passing"
  /** How long the server wants to be left alone, if it said so. */
  readonly waitMs: number

  constructor(message: string, waitMs = 0) {
    super(message)
    this.waitMs = waitMs
  }
}

/** A server whose certificate is not good. */
const isCertificateCode = (code: string): boolean =>
  /CERT|SELF_SIGNED|UNABLE_TO_|ALTNAME|HOSTNAME_MISMATCH/.test(code)

/** A host on which nobody listens. */
const isRefusedCode = (code: string): boolean => /REFUSED/i.test(code)

/** Redirects of a blob: registries need one or two. */
const REDIRECTS_MAX = 5

/** How registries are reached. */
export type TransportOptions = {
  readonly certificates: Certificates
  /** "host[:port]" of those that are spoken to in plain http. */
  readonly plain: readonly string[]
  /** A server that has not begun to answer after this long never will. */
  readonly answerMs: number
}

/** Sends requests to registries, and chooses between https and http. */
export class Transport {
  readonly #options: TransportOptions
  /** Loopback hosts that turned out to speak plain http, or not. */
  readonly #schemes = new Map<string, string>()

  constructor(options: TransportOptions) {
    this.#options = options
  }

  /**
   * Where a registry answers. Plain http is for hosts that the operator named, and for loopback, where
   * https is tried first.
   */
  async base(host: string, signal: AbortSignal): Promise<string> {
    const { plain } = this.#options
    if (plain.includes(host)) return `http://${host}`
    if (!isLoopback(new URL(`https://${host}`).hostname)) return `https://${host}`
    const known = this.#schemes.get(host)
    if (known !== undefined) return known
    let base = `https://${host}`
    try {
      const response = await this.#fetch({ url: new URL(`${base}/v2/`), headers: {}, signal })
      await response.body?.cancel()
    } catch (cause) {
      const code = errorCode(cause) ?? ""
      if (signal.aborted) throw cause
      // Something speaks TLS there, and shows a certificate that must be looked at.
      if (isCertificateCode(code)) return base
      base = `http://${host}`
      // Nobody is there to learn it from: whoever comes may speak https.
      if (isRefusedCode(code)) return base
    }
    if (this.#schemes.size < 100) this.#schemes.set(host, base)
    return base
  }

  /**
   * Sends a request and follows redirects. What authorizes us goes to no other server than the one that
   * asked for it. Throws `Passing` when the server cannot be reached.
   */
  async send(request: HttpRequest): Promise<Response> {
    let { url, headers } = request
    for (let redirects = 0; redirects <= REDIRECTS_MAX; redirects++) {
      const response = await this.#attempt({ ...request, url, headers })
      const location = response.headers.get("location")
      if (response.status < 301 || response.status > 308 || location === null) return response
      await response.body?.cancel()
      const next = URL.parse(location, url.href)
      if (next === null || !/^https?:$/.test(next.protocol))
        throw new ImageProblem("unreachable", `${url.host} redirects to '${location}'`)
      if (url.protocol === "https:" && next.protocol === "http:")
        throw new ImageProblem("unreachable", `${url.host} redirects from https to plain http`)
      if (next.origin !== url.origin) {
        const { authorization: _, ...others } = headers
        headers = others
      }
      url = next
    }
    throw new ImageProblem("unreachable", `${url.host} redirects more than ${REDIRECTS_MAX} times`)
  }

  async #attempt(request: HttpRequest): Promise<Response> {
    const { url, signal } = request
    try {
      return await this.#fetch(request)
    } catch (cause) {
      if (signal.aborted) throw cause
      const code = errorCode(cause) ?? ""
      if (isCertificateCode(code))
        throw new ImageProblem(
          "unreachable",
          `the certificate of ${url.host} is not trusted (${code}): put its authority's certificate` +
            " where the agent looks for certificates of registries, or into the system's",
        )
      if (cause instanceof NoAnswer) throw new ImageProblem("unreachable", cause.message)
      throw new Passing(`${url.host} cannot be reached: ${errorText(cause)}`)
    }
  }

  async #fetch({ url, headers, signal, form }: HttpRequest): Promise<Response> {
    const { answerMs } = this.#options
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(), answerMs)
    try {
      return await fetch(url, {
        redirect: "manual",
        decompress: false,
        headers: { "accept-encoding": "identity", ...headers },
        signal: AbortSignal.any([signal, late.signal]),
        ...(form === undefined ? {} : { method: "POST", body: form }),
        ...(url.protocol === "https:" ? { tls: this.#options.certificates.of(url.host) } : {}),
      })
    } catch (cause) {
      if (late.signal.aborted && !signal.aborted)
        throw new NoAnswer(`${url.host} did not answer for ${answerMs / 1000} s`)
      throw cause
    } finally {
      clearTimeout(timer)
    }
  }
}

/** A server that takes connections and says nothing. */
class NoAnswer extends Error {
  override readonly name = "NoAnswer"
}

const isLoopback = (hostname: string): boolean =>
  hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname)
