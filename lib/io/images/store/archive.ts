import { readFile, realpath, stat } from "node:fs/promises"
import { ifExists } from "#lib/io/host/files.ts"
import { parseDescription } from "#lib/io/images/core/config.ts"
import type { ImageDescription } from "#lib/io/images/core/config.ts"
import {
  choosePlatform,
  isRecord,
  parseJson,
  parseManifest,
  platformsOf,
} from "#lib/io/images/core/manifest.ts"
import type { Descriptor, Manifest, Platform } from "#lib/io/images/core/manifest.ts"
import { formatReference, isDigest, parseReference } from "#lib/io/images/core/reference.ts"
import { ImageProblem } from "#lib/io/images/problem.ts"
import { digestLike } from "#lib/io/images/registry/body.ts"

/** An image in a directory. */
export type ArchivedImage = {
  readonly digest: string
  readonly description: ImageDescription
  /** The file of each layer, the lowest first. */
  readonly files: readonly string[]
}

/** What to take out of a directory. */
export type ArchiveRequest = {
  /** An OCI layout, or what was in an archive that `docker save` made. */
  readonly directory: string
  /** A tag or a whole name, where there are several images. */
  readonly name: string | undefined
  readonly platform: Platform
}

/** Metadata larger than this is none. */
const METADATA_BYTES_MAX = 8 * 1024 * 1024

const NAME = "io.containerd.image.name"
const REF_NAME = "org.opencontainers.image.ref.name"

/** Reads an image's metadata; that of an OCI layout goes first. Layers are verified when they are unpacked. */
export async function readArchive(request: ArchiveRequest): Promise<ArchivedImage> {
  const index = await metadata(request.directory, "index.json")
  if (index !== undefined) return readLayout(request, index)
  const manifest = await metadata(request.directory, "manifest.json")
  if (manifest !== undefined) return readDockerArchive(request, manifest)
  throw new ImageProblem(
    "unsupported",
    "it has neither an index.json, as an OCI layout, nor a manifest.json, as docker save writes it",
  )
}

async function readLayout(request: ArchiveRequest, index: string): Promise<ArchivedImage> {
  let manifest = must(parseManifest(index, "application/vnd.oci.image.index.v1+json"))
  if (manifest.kind !== "index") throw new ImageProblem("unsupported", "its index.json is no index")
  let descriptor = chooseNamed(manifest, request)
  // An index may name another one, with an entry for each platform.
  for (let depth = 0; depth < 3; depth++) {
    const text = await verified(request.directory, descriptor)
    manifest = must(parseManifest(text, descriptor.mediaType))
    if (manifest.kind === "image") {
      const description = must(parseDescription(await verified(request.directory, manifest.config)))
      const files = manifest.layers.map(({ digest }) => blobPath(digest))
      return located(request.directory, { digest: descriptor.digest, description, files })
    }
    descriptor = choose(manifest, request.platform)
  }
  throw new ImageProblem("unsupported", "its index names only further indexes")
}

function chooseNamed(
  index: Extract<Manifest, { kind: "index" }>,
  { name, platform }: ArchiveRequest,
): Descriptor {
  if (name === undefined) return choose(index, platform)
  const manifests = index.manifests.filter(
    ({ annotations, digest }) =>
      annotations[REF_NAME] === name || digest === name || isSameName(annotations[NAME], name),
  )
  if (manifests.length > 0) return choose({ kind: "index", manifests }, platform)
  const names = index.manifests.flatMap(
    ({ annotations }) => annotations[NAME] ?? annotations[REF_NAME] ?? [],
  )
  throw notThere(name, names)
}

function choose(index: Extract<Manifest, { kind: "index" }>, platform: Platform): Descriptor {
  const names = index.manifests.flatMap(
    ({ annotations }) => annotations[NAME] ?? annotations[REF_NAME] ?? [],
  )
  if (new Set(names).size > 1) throw several(names)
  const chosen = choosePlatform(index.manifests, platform)
  if (chosen !== undefined) return chosen
  throw new ImageProblem(
    "unsupported",
    `it is not made for ${platform.os}/${platform.architecture}, but for ${platformsOf(index.manifests)}`,
  )
}

async function readDockerArchive(
  request: ArchiveRequest,
  manifest: string,
): Promise<ArchivedImage> {
  const list = parseJson(manifest)
  const images = (Array.isArray(list) ? list : []).flatMap((item) => parseEntry(item) ?? [])
  const { name, directory } = request
  const found =
    name === undefined
      ? images
      : images.filter(({ names }) => names.some((one) => isSameName(one, name)))
  const names = images.flatMap((image) => image.names)
  if (found.length > 1) throw several(names)
  const [image] = found
  if (image === undefined) {
    if (name !== undefined) throw notThere(name, names)
    throw new ImageProblem("unsupported", "its manifest.json lists no image")
  }
  const config = await metadata(directory, image.config)
  if (config === undefined) throw new ImageProblem("corrupt", "its configuration is missing")
  const digest = digestLike("sha256:", config)
  return located(directory, {
    digest,
    description: must(parseDescription(config)),
    files: image.layers,
  })
}

type DockerEntry = {
  readonly config: string
  readonly layers: readonly string[]
  readonly names: readonly string[]
}

function parseEntry(item: unknown): DockerEntry | undefined {
  if (!isRecord(item) || typeof item["Config"] !== "string") return undefined
  const texts = (value: unknown): string[] =>
    Array.isArray(value) ? value.filter((one) => typeof one === "string") : []
  return { config: item["Config"], layers: texts(item["Layers"]), names: texts(item["RepoTags"]) }
}

/** Whether a name in an archive is the one that is asked for: as a whole, or by its tag. */
function isSameName(found: string | undefined, wanted: string): boolean {
  if (found === undefined) return false
  if (found === wanted || found.slice(found.lastIndexOf(":") + 1) === wanted) return true
  const a = parseReference(found)
  const b = parseReference(wanted)
  return a.ok && b.ok && formatReference(a.value) === formatReference(b.value)
}

/** Paths of files that exist and lie in the directory, wherever links lead. */
async function located(directory: string, image: ArchivedImage): Promise<ArchivedImage> {
  const files = []
  for (const file of image.files) files.push(await inside(directory, file))
  return { ...image, files }
}

async function inside(directory: string, name: string): Promise<string> {
  const path = await ifExists(realpath(`${directory}/${name}`))
  if (path === undefined) throw new ImageProblem("corrupt", `its file '${name}' is missing`)
  if (!path.startsWith(`${await realpath(directory)}/`))
    throw new ImageProblem("corrupt", `its file '${name}' leads out of it`)
  return path
}

async function metadata(directory: string, name: string): Promise<string | undefined> {
  if ((await ifExists(stat(`${directory}/${name}`))) === undefined) return undefined
  const path = await inside(directory, name)
  const { size } = await stat(path)
  if (size > METADATA_BYTES_MAX)
    throw new ImageProblem("unsupported", `its file '${name}' has ${size} bytes`)
  return readFile(path, "utf8")
}

async function verified(directory: string, blob: Descriptor): Promise<string> {
  const text = await metadata(directory, blobPath(blob.digest))
  if (text === undefined) throw new ImageProblem("corrupt", `its blob ${blob.digest} is missing`)
  const digest = digestLike(blob.digest, text)
  if (digest !== blob.digest)
    throw new ImageProblem("corrupt", `the content of its blob ${blob.digest} is ${digest}`)
  return text
}

function blobPath(digest: string): string {
  if (!isDigest(digest)) throw new ImageProblem("corrupt", `'${digest}' is no digest`)
  return `blobs/${digest.replace(":", "/")}`
}

function must<T>(
  result: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: string },
): T {
  if (result.ok) return result.value
  throw new ImageProblem("unsupported", result.error)
}

const notThere = (name: string, names: readonly string[]): ImageProblem =>
  new ImageProblem("notFound", `there is no '${name}' in it, but ${listed(names)}`)

const several = (names: readonly string[]): ImageProblem =>
  new ImageProblem(
    "notFound",
    `it holds several images: name one of them behind '#', of ${listed(names)}`,
  )

const listed = (names: readonly string[]): string =>
  names.length === 0 ? "nothing with a name" : [...new Set(names)].slice(0, 10).join(", ")
