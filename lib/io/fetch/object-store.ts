import { download } from "./download.ts"
import type { DownloadLimits } from "./download.ts"
import type { FetchPlugin, LoadRequest } from "./plugin.ts"

/** How long a signed request may take to arrive, in seconds; the download may go on after that. */
const SIGNATURE_SECONDS = 900

/** Where S3 is and who asks. Without keys, requests are not signed: public buckets can be read. */
export type ObjectStoreOptions = {
  /** Such as https://s3.eu-central-1.amazonaws.com; that of Amazon for the region by default. */
  readonly endpoint?: string | undefined
  readonly region?: string | undefined
  readonly accessKeyId?: string | undefined
  readonly secretAccessKey?: string | undefined
  readonly sessionToken?: string | undefined
}

/** Downloads "s3://bucket/key", and what Hadoop writes "s3a://" and "s3n://", with signature version 4. */
export class ObjectStore implements FetchPlugin {
  readonly schemes = ["s3", "s3a", "s3n"]
  readonly #options: ObjectStoreOptions
  readonly #limits: DownloadLimits

  constructor(options: ObjectStoreOptions, limits: DownloadLimits) {
    this.#options = options
    this.#limits = limits
  }

  load(request: LoadRequest): Promise<void> {
    return download({ ...request, url: this.#address(request.uri) }, this.#limits)
  }

  #address(uri: string): string {
    const { accessKeyId, secretAccessKey, sessionToken, region = "us-east-1" } = this.#options
    const [, bucket = "", key = ""] = /^[^:]+:\/\/([^/]*)\/?(.*)$/s.exec(uri) ?? []
    if (bucket === "" || key === "")
      throw new Error("it must name a bucket and a key: s3://bucket/path/to/file")
    const endpoint = this.#options.endpoint ?? `https://s3.${region}.amazonaws.com`
    if (accessKeyId === undefined || secretAccessKey === undefined) {
      const path = key.split("/").map(encodeURIComponent).join("/")
      return `${endpoint.replace(/\/$/, "")}/${encodeURIComponent(bucket)}/${path}`
    }
    const token = sessionToken === undefined ? {} : { sessionToken }
    const store = new Bun.S3Client({
      accessKeyId,
      secretAccessKey,
      ...token,
      region,
      endpoint,
      bucket,
    })
    return store.presign(key, { method: "GET", expiresIn: SIGNATURE_SECONDS })
  }
}
