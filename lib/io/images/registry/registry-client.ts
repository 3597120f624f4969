import { setTimeout as delay } from "node:timers/promises"
import type { Credentials } from "#lib/io/images/core/credentials.ts"
import { MANIFEST_TYPES, isRecord, parseJson } from "#lib/io/images/core/manifest.ts"
import type { Descriptor } from "#lib/io/images/core/manifest.ts"
import { DOCKER_HUB } from "#lib/io/images/core/reference.ts"
import { ImageProblem } from "#lib/io/images/problem.ts"
import { Authorizer } from "./authorizer.ts"
import { BlobFile, digestLike, readText } from "./body.ts"
import { Passing, Transport } from "./transport.ts"
import type { TransportOptions } from "./transport.ts"

/** A repository, and how to log in where it lies. */
export type Repository = {
  readonly registry: string
  readonly repository: string
  readonly credentials: Credentials | undefined
}

/** A manifest as it came. */
export type RawManifest = {
  readonly text: string
  readonly contentType: string
  readonly digest: string
}

/** Registries allow 4 MiB. Source: OCI distribution-spec: pushing manifests. */
const MANIFEST_BYTES_MAX = 4 * 1024 * 1024

/** A configuration lists the history of a build; the largest seen have some hundred KiB. */
const CONFIG_BYTES_MAX = 8 * 1024 * 1024

const ERROR_BYTES_MAX = 64 * 1024

/** Times that a request is made in all, and the wait after the first failure, which doubles. */
const ATTEMPTS_MAX = 4
const BACKOFF_MS = 250

/** A connection that is cut after so much more of a blob than any before does not count as an attempt. */
const PROGRESS_BYTES = 1024 * 1024

/** A registry that wants to be left alone for longer is not waited for. */
const WAIT_MS_MAX = 10_000

/** Where Docker's own registry answers. */
const HUB_HOST = "registry-1.docker.io"

/** How registries are reached. */
export type RegistryOptions = TransportOptions & {
  /** Without a byte of a blob for this long the connection is taken for dead. */
  readonly stallMs: number
}

type GetRequest = {
  readonly repository: Repository
  /** Below the repository: "manifests/latest". */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}

/** Speaks the registry protocol, version 2. Source: OCI distribution-spec. */
export class RegistryClient {
  readonly #transport: Transport
  readonly #authorizer: Authorizer
  readonly #stallMs: number

  constructor(options: RegistryOptions) {
    this.#transport = new Transport(options)
    this.#authorizer = new Authorizer(this.#transport)
    this.#stallMs = options.stallMs
  }

  /** The manifest of a tag or digest; what a digest names is verified. */
  async manifest(
    repository: Repository,
    name: { readonly tag: string } | { readonly digest: string },
    signal: AbortSignal,
  ): Promise<RawManifest> {
    const at = "digest" in name ? name.digest : name.tag
    const headers = { accept: MANIFEST_TYPES.join(", ") }
    return this.#retrying(signal, async () => {
      const request = { repository, path: `manifests/${at}`, headers, signal }
      const { response, text } = await this.#small(request, MANIFEST_BYTES_MAX)
      const said =
        "digest" in name ? name.digest : (response.headers.get("docker-content-digest") ?? "")
      const digest = digestLike(said, text)
      if (said !== "" && said !== digest)
        throw new ImageProblem(
          "corrupt",
          `${repository.registry} sent ${digest} for the manifest ${said}`,
        )
      return { text, digest, contentType: response.headers.get("content-type") ?? "" }
    })
  }

  /** A small blob, as text, verified. */
  async text(repository: Repository, blob: Descriptor, signal: AbortSignal): Promise<string> {
    if (blob.size > CONFIG_BYTES_MAX)
      throw new ImageProblem(
        "unsupported",
        `its configuration has ${blob.size} bytes, ${CONFIG_BYTES_MAX} are allowed`,
      )
    return this.#retrying(signal, async () => {
      const request = { repository, path: `blobs/${blob.digest}`, headers: {}, signal }
      const { text } = await this.#small(request, CONFIG_BYTES_MAX)
      const digest = digestLike(blob.digest, text)
      if (digest !== blob.digest)
        throw new ImageProblem(
          "corrupt",
          `${repository.registry} sent ${digest} for ${blob.digest}`,
        )
      return text
    })
  }

  /** Brings a blob to a file, verified. What a cut connection has brought is not asked for again. */
  async save(
    repository: Repository,
    blob: Descriptor,
    path: string,
    signal: AbortSignal,
  ): Promise<void> {
    const file = new BlobFile({ blob, path, stallMs: this.#stallMs, signal })
    const ask = (offset: number, stalling: AbortSignal): Promise<Response> => {
      const headers = offset === 0 ? {} : { range: `bytes=${offset}-` }
      return this.#get({ repository, path: `blobs/${blob.digest}`, headers, signal: stalling })
    }
    await this.#retrying(
      signal,
      () => file.bring(ask),
      () => file.size,
    )
  }

  /** An answer that is read as a whole, within the time that a larger one may stand still. */
  async #small(
    request: GetRequest,
    bytesMax: number,
  ): Promise<{ readonly response: Response; readonly text: string }> {
    const { signal, repository } = request
    const deadline = AbortSignal.timeout(this.#stallMs)
    try {
      const response = await this.#get({ ...request, signal: AbortSignal.any([signal, deadline]) })
      return { response, text: await readText(response, bytesMax) }
    } catch (cause) {
      if (signal.aborted || cause instanceof ImageProblem || cause instanceof Passing) throw cause
      if (!deadline.aborted) throw new Passing(`the connection to ${repository.registry} was cut`)
      throw new ImageProblem(
        "unreachable",
        `${repository.registry} did not answer in full within ${this.#stallMs / 1000} s`,
      )
    }
  }

  /**
   * The answer 200, or what there is of a range that was asked for, to a GET below a repository, logged
   * in if need be.
   */
  async #get(request: GetRequest): Promise<Response> {
    const { repository: access, path, headers, signal } = request
    const host = access.registry === DOCKER_HUB ? HUB_HOST : access.registry
    const base = await this.#transport.base(host, signal)
    const url = new URL(`${base}/v2/${access.repository}/${path}`)
    const send = (authorization: string | undefined): Promise<Response> =>
      this.#transport.send({
        url,
        signal,
        headers: { ...headers, ...(authorization === undefined ? {} : { authorization }) },
      })
    let response = await send(this.#authorizer.known(access))
    if (response.status === 401) {
      await response.body?.cancel()
      const authorization = await this.#authorizer.answer(access, response, url, signal)
      if (authorization !== undefined) response = await send(authorization)
    }
    const { status } = response
    const isPart = "range" in headers && (status === 206 || status === 416)
    if (status === 200 || isPart) return response
    throw await refusal(response, access, url.host)
  }

  async #retrying<T>(
    signal: AbortSignal,
    work: () => Promise<T>,
    progress: () => number = () => 0,
  ): Promise<T> {
    let reached = 0
    for (let attempt = 1; ; attempt++)
      try {
        return await work()
      } catch (cause) {
        if (!(cause instanceof Passing)) throw cause
        if (progress() >= reached + PROGRESS_BYTES) {
          reached = progress()
          attempt = 1
        }
        if (attempt === ATTEMPTS_MAX || cause.waitMs > WAIT_MS_MAX)
          throw new ImageProblem("unreachable", `${cause.message} (tried ${attempt} times)`)
        const backoff = BACKOFF_MS * 2 ** (attempt - 1) * (0.5 + Math.random())
        await delay(Math.max(backoff, cause.waitMs), undefined, { signal })
      }
  }
}

/** What an answer other than 200 means. */
async function refusal(response: Response, access: Repository, host: string): Promise<Error> {
  const { status } = response
  const detail = await readText(response, ERROR_BYTES_MAX).catch(() => "")
  const answer = `the registry ${host} answered ${status}${firstError(detail)}`
  if (status === 401 || status === 403) {
    const who =
      access.credentials === undefined
        ? "the image does not exist there, or needs credentials: give them in --docker_config or with the task"
        : "the image does not exist there, or its credentials are wrong"
    return new ImageProblem("unauthorized", `${answer}: ${who}`)
  }
  if (status === 404) return new ImageProblem("notFound", `${answer}: check its name and tag`)
  if (status === 429 || status >= 500) {
    const seconds = Number(response.headers.get("retry-after") ?? 0)
    return new Passing(answer, Number.isFinite(seconds) ? seconds * 1000 : 0)
  }
  return new ImageProblem("unreachable", `${answer}: is it a registry?`)
}

/** The first error in the body of a refusal, in brackets. */
function firstError(text: string): string {
  const body = parseJson(text)
  const [error] =
    isRecord(body) && Array.isArray(body["errors"]) ? (body["errors"] as unknown[]) : []
  const message = isRecord(error) ? (error["message"] ?? error["code"]) : undefined
  return typeof message === "string" && message !== "" ? ` (${message.slice(0, 200)})` : ""
}
