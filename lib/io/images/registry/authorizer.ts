import { parseChallenges } from "#lib/io/images/core/challenge.ts"
import type { Challenge } from "#lib/io/images/core/challenge.ts"
import type { Credentials } from "#lib/io/images/core/credentials.ts"
import { isRecord, parseJson } from "#lib/io/images/core/manifest.ts"
import { ImageProblem } from "#lib/io/images/problem.ts"
import { readText } from "./body.ts"
import { Passing } from "./transport.ts"
import type { Transport } from "./transport.ts"

/** Who asks for what. */
export type Access = {
  /** "host[:port]" as people name it. */
  readonly registry: string
  readonly repository: string
  readonly credentials: Credentials | undefined
}

type Token = { readonly header: string; readonly until: number }

/** Tokens that are remembered; more are forgotten, the oldest first. */
const TOKENS_MAX = 1000

/** A token is used for this long when its server does not say. Source: distribution: docs/spec/auth/token.md. */
const LIFE_S = 60

/** Tokens are renewed this long before their end. */
const MARGIN_MS = 5_000

const TOKEN_BYTES_MAX = 256 * 1024

/** Answers the challenges of registries: with a name and password, or with a token fetched for them. */
export class Authorizer {
  readonly #transport: Transport
  readonly #tokens = new Map<string, Token>()

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** The Authorization header that worked the last time, if it still does. */
  known(access: Access): string | undefined {
    const token = this.#tokens.get(keyOf(access))
    return token !== undefined && token.until > performance.now() ? token.header : undefined
  }

  /**
   * The header that answers a 401; undefined when nothing does, because there are no credentials.
   * Throws `ImageProblem` when a server of tokens refuses.
   */
  async answer(
    access: Access,
    response: Response,
    url: URL,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const key = keyOf(access)
    this.#tokens.delete(key)
    const challenges = parseChallenges(response.headers.get("www-authenticate") ?? "")
    const bearer = challenges.find(({ scheme }) => scheme === "bearer")
    const token =
      bearer === undefined
        ? basicToken(challenges, access)
        : await this.#fetchToken(access, bearer, url, signal)
    if (token === undefined) return undefined
    const [oldest] = this.#tokens.keys()
    if (this.#tokens.size >= TOKENS_MAX && oldest !== undefined) this.#tokens.delete(oldest)
    this.#tokens.set(key, token)
    return token.header
  }

  async #fetchToken(
    access: Access,
    { parameters }: Challenge,
    url: URL,
    signal: AbortSignal,
  ): Promise<Token> {
    const { credentials, repository } = access
    const realm = URL.parse(parameters["realm"] ?? "")
    if (realm === null || !/^https?:$/.test(realm.protocol))
      throw new ImageProblem("unauthorized", `${url.host} does not say where tokens are given`)
    if (url.protocol === "https:" && realm.protocol === "http:")
      throw new ImageProblem(
        "unauthorized",
        `${url.host} wants credentials sent in plain http to ${realm.host}`,
      )
    const query = new URLSearchParams()
    const { service } = parameters
    if (service !== undefined) query.set("service", service)
    // Some name none, or an empty one.
    const scope = parameters["scope"] || `repository:${repository}:pull`
    const headers: Record<string, string> = { accept: "application/json" }
    let form: URLSearchParams | undefined
    if (credentials?.kind === "token") {
      query.set("grant_type", "refresh_token")
      query.set("refresh_token", credentials.token)
      query.set("client_id", "dcos")
      query.set("scope", scope)
      form = query
    } else {
      for (const one of scope.split(" ")) query.append("scope", one)
      for (const [name, value] of query) realm.searchParams.append(name, value)
      if (credentials !== undefined) headers["authorization"] = basicHeader(credentials)
    }
    const response = await this.#transport.send({ url: realm, headers, signal, form })
    return await readToken(response, realm)
  }
}

async function readToken(response: Response, realm: URL): Promise<Token> {
  const text = await readText(response, TOKEN_BYTES_MAX)
  if (response.status === 429 || response.status >= 500)
    throw new Passing(`${realm.host}, which gives tokens, answered ${response.status}`)
  if (response.status !== 200)
    throw new ImageProblem(
      "unauthorized",
      `${realm.host}, which gives tokens, answered ${response.status}: check the credentials`,
    )
  const body = parseJson(text)
  const token = isRecord(body) ? body["token"] || body["access_token"] : undefined
  if (!isRecord(body) || typeof token !== "string" || !/^[\x21-\x7e]+$/.test(token))
    throw new ImageProblem("unauthorized", `${realm.host} answered without a token`)
  const seconds = typeof body["expires_in"] === "number" ? body["expires_in"] : LIFE_S
  const until = performance.now() + Math.max(0, seconds * 1000 - MARGIN_MS)
  return { header: `Bearer ${token}`, until }
}

function basicToken(challenges: readonly Challenge[], access: Access): Token | undefined {
  const { credentials } = access
  if (!challenges.some(({ scheme }) => scheme === "basic") || credentials?.kind !== "password")
    return undefined
  return { header: basicHeader(credentials), until: Number.POSITIVE_INFINITY }
}

const basicHeader = (credentials: Extract<Credentials, { kind: "password" }>): string =>
  `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString("base64")}`

/** Tokens of one holder of credentials are not for another. */
function keyOf({ registry, repository, credentials }: Access): string {
  const who = new Bun.CryptoHasher("sha256").update(JSON.stringify(credentials ?? null))
  return `${registry}/${repository} ${who.digest("hex")}`
}
