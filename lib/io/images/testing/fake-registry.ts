import { gzipSync } from "node:zlib"
import { buildTar } from "./tar-builder.ts"
import type { BuiltEntry } from "./tar-builder.ts"

/** What a layer of a test's image is made of. */
export type BuiltLayer = {
  readonly entries: readonly BuiltEntry[]
  /** How it is packed; gzip by default. */
  readonly pack?: (tar: Buffer) => Uint8Array
  readonly mediaType?: string
}

/** An image to offer. */
export type BuiltImage = {
  readonly layers: readonly BuiltLayer[]
  /** The member `config` of the configuration. */
  readonly config?: Readonly<Record<string, unknown>>
  readonly architecture?: string
  readonly diffIds?: readonly string[]
}

/** The architecture of this machine, as images name it. */
export const architecture = process.arch === "x64" ? "amd64" : process.arch

/** The SHA-256 digest of bytes. */
export const sha256 = (bytes: string | Uint8Array): string =>
  `sha256:${new Bun.CryptoHasher("sha256").update(bytes).digest("hex")}`

const OCI = "application/vnd.oci.image"

type Stored = { readonly bytes: Uint8Array; readonly type: string }

/** What a test does with a request before the registry answers it; undefined lets it answer. */
export type Intercept = (
  request: Request,
  url: URL,
) => Response | Promise<Response> | undefined | Promise<Response | undefined>

/** A registry on a loopback port that offers what it is given, and remembers what it was asked. */
export class FakeRegistry {
  readonly #blobs = new Map<string, Uint8Array>()
  readonly #manifests = new Map<string, Stored>()
  readonly #server: ReturnType<typeof Bun.serve>
  /** "GET /v2/…" of each request, in their order. */
  readonly requests: string[] = []
  intercept: Intercept = () => undefined

  constructor(tls?: { readonly cert: string; readonly key: string }, port = 0) {
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port,
      ...(tls === undefined ? {} : { tls }),
      fetch: (request) => this.#answer(request),
    })
  }

  /** "127.0.0.1:port". */
  get host(): string {
    return `127.0.0.1:${this.#server.port}`
  }

  /** How often something was asked for whose path ends so. */
  count(ending: string): number {
    return this.requests.filter((request) => request.endsWith(ending)).length
  }

  /** Offers an image under "repository:tag"; returns the digest of its manifest. */
  offer(name: string, image: BuiltImage): string {
    const [repository = "", tag = ""] = name.split(":")
    const tars = image.layers.map(({ entries }) => buildTar(entries))
    const layers = image.layers.map(({ pack = gzipSync, mediaType }, index) => {
      const bytes = pack(tars[index] ?? Buffer.alloc(0))
      return this.#descriptor(bytes, mediaType ?? `${OCI}.layer.v1.tar+gzip`)
    })
    const config = {
      architecture: image.architecture ?? architecture,
      os: "linux",
      config: image.config ?? {},
      rootfs: { type: "layers", diff_ids: image.diffIds ?? tars.map(sha256) },
    }
    const body = Buffer.from(JSON.stringify(config))
    const manifest = {
      schemaVersion: 2,
      mediaType: `${OCI}.manifest.v1+json`,
      config: this.#descriptor(body, `${OCI}.config.v1+json`),
      layers,
    }
    return this.put(repository, tag, JSON.stringify(manifest), `${OCI}.manifest.v1+json`)
  }

  /** Offers an index of manifests offered before. */
  offerIndex(
    name: string,
    manifests: readonly { readonly digest: string; readonly architecture: string }[],
  ): string {
    const [repository = "", tag = ""] = name.split(":")
    const body = JSON.stringify({
      schemaVersion: 2,
      mediaType: `${OCI}.index.v1+json`,
      manifests: manifests.map((entry) => ({
        mediaType: `${OCI}.manifest.v1+json`,
        digest: entry.digest,
        size: this.#manifests.get(`${repository} ${entry.digest}`)?.bytes.length ?? 0,
        platform: { os: "linux", architecture: entry.architecture },
      })),
    })
    return this.put(repository, tag, body, `${OCI}.index.v1+json`)
  }

  /** Offers any text as a manifest. */
  put(repository: string, tag: string, body: string, type: string): string {
    const bytes = Buffer.from(body)
    const digest = sha256(bytes)
    for (const name of [tag, digest]) this.#manifests.set(`${repository} ${name}`, { bytes, type })
    return digest
  }

  /** The text of the manifest under "repository:tag". */
  manifest(name: string): string {
    return Buffer.from(this.#manifests.get(name.replace(":", " "))?.bytes ?? []).toString()
  }

  /** The digests of the layers, as they are packed, of the image under "repository:tag". */
  layers(name: string): readonly string[] {
    const { layers } = JSON.parse(this.manifest(name)) as {
      readonly layers: readonly { readonly digest: string }[]
    }
    return layers.map(({ digest }) => digest)
  }

  /** The bytes of a blob, for a test that answers for itself. */
  blob(digest: string): Uint8Array {
    return this.#blobs.get(digest) ?? new Uint8Array()
  }

  async stop(): Promise<void> {
    await this.#server.stop(true)
  }

  #descriptor(bytes: Uint8Array, mediaType: string) {
    const digest = sha256(bytes)
    this.#blobs.set(digest, bytes)
    return { mediaType, digest, size: bytes.length }
  }

  async #answer(request: Request): Promise<Response> {
    const url = new URL(request.url)
    this.requests.push(`${request.method} ${url.pathname}`)
    const own = await this.intercept(request, url)
    if (own !== undefined) return own
    if (url.pathname === "/v2/") return new Response("{}")
    const [, repository = "", kind = "", name = ""] =
      /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(url.pathname) ?? []
    if (kind === "blobs") {
      const bytes = this.#blobs.get(name)
      return bytes === undefined
        ? notFound("BLOB_UNKNOWN")
        : new Response(bytes as Uint8Array<ArrayBuffer>)
    }
    const manifest = this.#manifests.get(`${repository} ${name}`)
    if (manifest === undefined) return notFound("manifest unknown")
    return new Response(manifest.bytes as Uint8Array<ArrayBuffer>, {
      headers: { "content-type": manifest.type, "docker-content-digest": sha256(manifest.bytes) },
    })
  }
}

const notFound = (message: string): Response =>
  Response.json({ errors: [{ code: "UNKNOWN", message }] }, { status: 404 })
