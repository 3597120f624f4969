import { mkdir, rm, writeFile } from "node:fs/promises"
import type { Descriptor } from "./core/manifest.ts"
import { parseReference } from "./core/reference.ts"
import type { DiskImageStoreOptions } from "./disk-image-store.ts"
import { findCredentials } from "./docker-config.ts"
import { ImageProblem } from "./problem.ts"
import { Certificates } from "./registry/certificates.ts"
import { DEFAULT_ANSWER_MS, DEFAULT_CERTIFICATES, DEFAULT_STALL_MS } from "./registry/defaults.ts"
import { RegistryClient } from "./registry/registry-client.ts"
import { resolveImage, thisPlatform } from "./source.ts"

/** Where images come from that are downloaded as files. */
export type ImageDownloadOptions = Pick<
  DiskImageStoreOptions,
  "registry" | "plainRegistries" | "certificates" | "dockerConfig" | "answerMs" | "stallMs"
>

/** What to download. */
export type ImageDownloadRequest = {
  /** The name of an image in a registry: "busybox", "host:5000/team/web:2". */
  readonly reference: string
  /** A file that does not exist yet, in a directory that does. */
  readonly path: string
  readonly signal: AbortSignal
  /** Called with how many bytes there will be; throws when they do not fit. */
  readonly claim: (bytes: number) => void
}

/**
 * Brings images as files, without unpacking them: a tar archive with an OCI layout, as Docker and this
 * agent read it, of the image for this machine. Needs no root.
 */
export class ImageDownload {
  readonly #options: ImageDownloadOptions
  readonly #client: RegistryClient

  constructor(options: ImageDownloadOptions) {
    this.#options = options
    const { answerMs = DEFAULT_ANSWER_MS, stallMs = DEFAULT_STALL_MS } = options
    this.#client = new RegistryClient({
      certificates: new Certificates(options.certificates ?? DEFAULT_CERTIFICATES),
      plain: options.plainRegistries ?? [],
      answerMs,
      stallMs,
    })
  }

  /** Writes the archive; every digest is verified. Fails with a text that says why. */
  async save({ reference, path, signal, claim }: ImageDownloadRequest): Promise<void> {
    const parsed = parseReference(reference, this.#options.registry)
    if (!parsed.ok) throw new ImageProblem("badReference", parsed.error)
    if (parsed.value.kind === "file")
      throw new ImageProblem(
        "badReference",
        `'${reference}' names a file of this agent: use its path`,
      )
    const { registry, tag = "latest", digest } = parsed.value
    const credentials = await findCredentials(registry, { agent: this.#options.dockerConfig })
    const repository = { registry, repository: parsed.value.repository, credentials }
    const name = digest === undefined ? { tag } : { digest }
    const platform = thisPlatform()
    const { raw, manifest } = await resolveImage(this.#client, repository, {
      name,
      platform,
      signal,
    })
    const blobs = distinct([manifest.config, ...manifest.layers])
    claim(blobs.reduce((sum, { size }) => sum + size, raw.text.length))
    const layout = `${path}.layout`
    try {
      await mkdir(`${layout}/blobs/sha256`, { recursive: true })
      for (const blob of blobs)
        await this.#client.save(repository, blob, await blobPath(layout, blob.digest), signal)
      await writeFile(await blobPath(layout, raw.digest), raw.text)
      await writeFile(`${layout}/oci-layout`, JSON.stringify({ imageLayoutVersion: "1.0.0" }))
      const entry = {
        mediaType: raw.contentType,
        digest: raw.digest,
        size: Buffer.byteLength(raw.text),
        annotations: { "org.opencontainers.image.ref.name": tag },
      }
      const index = { schemaVersion: 2, manifests: [entry] }
      await writeFile(`${layout}/index.json`, JSON.stringify(index))
      await pack(layout, path, signal)
    } finally {
      await rm(layout, { recursive: true, force: true })
    }
  }
}

const distinct = (blobs: readonly Descriptor[]): readonly Descriptor[] => [
  ...new Map(blobs.map((blob) => [blob.digest, blob])).values(),
]

/** Where a layout keeps the blob of that digest. */
async function blobPath(layout: string, digest: string): Promise<string> {
  const [algorithm = "", hex = ""] = digest.split(":")
  await mkdir(`${layout}/blobs/${algorithm}`, { recursive: true })
  return `${layout}/blobs/${algorithm}/${hex}`
}

/** Packs a directory, whose files go as they are packed: the disk need not hold all of them twice. */
async function pack(directory: string, path: string, signal: AbortSignal): Promise<void> {
  const members = ["oci-layout", "index.json", "blobs"]
  const child = Bun.spawn(["tar", "-C", directory, "--remove-files", "-cf", path, ...members], {
    env: { PATH: process.env["PATH"] ?? "", LC_ALL: "C" },
    stdio: ["ignore", "ignore", "pipe"],
    signal,
  })
  const problem = await new Response(child.stderr).text()
  if ((await child.exited) !== 0) throw new Error(`it cannot be packed: ${problem.trim()}`)
}
