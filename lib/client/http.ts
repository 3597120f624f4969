import { ApiError, UnexpectedAnswerError, UnreachableError } from "./errors.ts"
import { isObject, textOf } from "./json.ts"

/** What a call carries beside what `fetch` defines: whose certificates to trust. */
export type FetchOptions = RequestInit & { readonly verify?: boolean | string | undefined }

/** Performs one HTTP call; rejects when no answer comes. */
export type Fetch = (url: string, options: FetchOptions) => Promise<Response>

/** How to talk to one service. */
export type Endpoint = {
  /** What people call it, for messages: "Marathon". */
  readonly name: string
  /** Base address without trailing slash. */
  readonly url: string
  /** The setting that the address came from, for messages. */
  readonly setting: string
  readonly token: string | undefined
  /** Deadline of a call in milliseconds; undefined waits for ever. */
  readonly timeoutMs: number | undefined
  readonly verify: boolean | string
  readonly userAgent: string
  readonly fetch: Fetch
  readonly signal: AbortSignal
  /** Hears of each call when the user asked to see them. */
  readonly trace: ((line: string) => void) | undefined
}

/** One call below the endpoint's address. */
export type Call = {
  readonly method?: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE"
  /** Begins with a slash; its parts are encoded already. */
  readonly path: string
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  readonly json?: unknown
  /** A body that is sent as it comes. */
  readonly body?: ReadableStream<Uint8Array<ArrayBuffer>>
  readonly headers?: Readonly<Record<string, string>>
  /** Gives the call up, its answer's body included. */
  readonly signal?: AbortSignal
  /** The answer may take as long as it does: it is a stream, or waits for something to happen. */
  readonly patient?: true
}

/** The statuses whose text the DC/OS CLI fixes, whatever the body says. */
const STATUS_TEXTS: Readonly<Record<number, string>> = {
  401: "authentication failed, please run `dcos auth login`",
  403: "you are not authorized to perform this operation",
}

/** HTTP calls to one service, with its token, deadline and errors. */
export class Http {
  readonly #endpoint: Endpoint

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint
  }

  /** The address of a path, for messages and for those who print it. */
  urlOf({ path, query = {} }: Pick<Call, "path" | "query">): string {
    const pairs = Object.entries(query).filter(([, value]) => value !== undefined)
    const search = pairs.map(([key, value]) => `${key}=${encodeURIComponent(String(value))}`)
    return `${this.#endpoint.url}${path}${search.length > 0 ? `?${search.join("&")}` : ""}`
  }

  /** Performs a call and answers whatever came. Rejects with `UnreachableError` when nothing did. */
  async send(call: Call): Promise<Response> {
    const { token, timeoutMs, verify, userAgent, fetch, signal, trace } = this.#endpoint
    const url = this.urlOf(call)
    const method = call.method ?? "GET"
    const headers: Record<string, string> = {
      "User-Agent": userAgent,
      Accept: "application/json",
      ...(token === undefined ? {} : { Authorization: `token=${token}` }),
      ...(call.json === undefined ? {} : { "Content-Type": "application/json" }),
      ...call.headers,
    }
    const signals = call.signal === undefined ? [signal] : [signal, call.signal]
    if (timeoutMs !== undefined && !call.patient) signals.push(AbortSignal.timeout(timeoutMs))
    trace?.(`> ${method} ${url}`)
    try {
      const response = await fetch(url, {
        method,
        headers,
        signal: AbortSignal.any(signals),
        verify,
        ...(call.json === undefined ? {} : { body: JSON.stringify(call.json) }),
        ...(call.body === undefined ? {} : { body: call.body }),
      })
      trace?.(`< ${response.status} ${url}`)
      return response
    } catch (cause) {
      throw this.#unreachable(url, cause)
    }
  }

  /** Performs a call that must succeed; rejects with `ApiError` when the server refuses it. */
  async succeed(call: Call): Promise<Response> {
    const response = await this.send(call)
    if (response.ok) return response
    throw await this.errorOf(response)
  }

  /** The JSON answer of a call that must succeed; undefined when the body is empty. */
  async json(call: Call): Promise<unknown> {
    return await this.parse(await this.succeed(call), call)
  }

  /** As `json`, but undefined when the server says 404. */
  async jsonIfFound(call: Call): Promise<unknown> {
    const response = await this.send(call)
    if (response.ok) return await this.parse(response, call)
    if (response.status === 404) return undefined
    throw await this.errorOf(response)
  }

  /** The body of an answer as JSON; undefined when it is empty. */
  async parse(response: Response, call: Pick<Call, "path" | "query">): Promise<unknown> {
    const body = await response.text()
    if (body === "") return undefined
    try {
      return JSON.parse(body)
    } catch {
      throw new UnexpectedAnswerError(
        `${this.urlOf(call)} answered something else than JSON; check that ${this.#endpoint.setting} is the address of ${this.#endpoint.name}`,
      )
    }
  }

  /** What a refusal means, in the words of the server where it has some. */
  async errorOf(response: Response): Promise<ApiError> {
    const text = await response.text()
    const body = parseOrUndefined(text)
    const told = messageOf(body)
    const fixed = STATUS_TEXTS[response.status]
    if (fixed !== undefined)
      return new ApiError(told === undefined ? fixed : `${fixed}: ${told}`, response.status, body)
    const plain = `HTTP ${response.status} error${response.url === "" ? "" : ` (${response.url})`}`
    return new ApiError(told ?? plainText(response, text) ?? plain, response.status, body)
  }

  #unreachable(url: string, cause: unknown): Error {
    const { name, setting, timeoutMs, signal } = this.#endpoint
    if (signal.aborted) return new UnreachableError("interrupted")
    const error = cause instanceof Error ? cause : new Error(String(cause))
    if (/certificate|self[- ]signed|CERT_/i.test(`${codeOf(cause)} ${error.message}`))
      return new UnreachableError(
        `An SSL error occurred. To configure your SSL settings, please run: 'dcos config set core.ssl_verify <value>' (${url}: ${error.message})`,
      )
    const reason =
      error.name === "TimeoutError"
        ? `no answer within ${(timeoutMs ?? 0) / 1000} s (core.timeout)`
        : reasonOf(codeOf(cause), error)
    return new UnreachableError(
      `could not reach ${name} at ${url}: ${reason}. Check that it runs; its address is the setting ${setting} (\`dcos config set ${setting} <url>\`)`,
    )
  }
}

const codeOf = (cause: unknown): string =>
  isObject(cause) && typeof cause["code"] === "string" ? cause["code"] : ""

function reasonOf(code: string, error: Error): string {
  switch (code) {
    case "ConnectionRefused":
    case "ECONNREFUSED":
      return "the connection was refused"
    case "ENOTFOUND":
    case "FailedToOpenSocket":
      return "there is no such host, or it cannot be reached"
    case "ConnectionClosed":
    case "ECONNRESET":
      return "the connection was closed before an answer came"
    case "EPROTO":
      return "it does not speak TLS there; if it is not meant to, write http:// instead of https://"
    default:
      return error.message
  }
}

function parseOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Longer bodies are pages meant for browsers. */
const PLAIN_TEXT_MAX = 1_000

/** The body of an error that is a text for people, as Mesos answers. */
function plainText({ headers }: Response, text: string): string | undefined {
  const isText = headers.get("content-type")?.startsWith("text/plain") === true
  return isText && text !== "" && text.length <= PLAIN_TEXT_MAX ? text : undefined
}

/** The `message` of an error body, with the paths and texts of its `details` in lines below. */
function messageOf(body: unknown): string | undefined {
  if (!isObject(body) || typeof body["message"] !== "string") return undefined
  const { message, details } = body as { readonly message: string; readonly details?: unknown }
  if (typeof details === "string") return `${message}: ${details}`
  if (!Array.isArray(details)) return message
  const lines = details.filter(isObject).map((detail) => {
    const errors = Array.isArray(detail["errors"]) ? detail["errors"].join(", ") : ""
    return `\n  ${textOf(detail["path"], "/")}: ${errors}`
  })
  return message + lines.join("")
}
