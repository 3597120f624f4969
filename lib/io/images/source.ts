import { mkdtemp, rm, stat } from "node:fs/promises"
import { ifExists } from "#lib/io/host/files.ts"
import { parseDescription } from "./core/config.ts"
import type { ImageDescription } from "./core/config.ts"
import { choosePlatform, parseManifest, platformsOf } from "./core/manifest.ts"
import type { Manifest, Platform } from "./core/manifest.ts"
import type { ImageReference } from "./core/reference.ts"
import { ImageProblem } from "./problem.ts"
import type { RawManifest, RegistryClient, Repository } from "./registry/registry-client.ts"
import { readArchive } from "./store/archive.ts"
import type { UnpackReport } from "./unpack/unpack-layer.ts"

/** An image that was found, before its layers are here. */
export type FoundImage = {
  readonly digest: string
  readonly description: ImageDescription
  /** Bytes that are still to come over the network, for each layer; 0 for those on this disk. */
  readonly sizes: readonly number[]
  /** Brings the layer of that index to a file, which may be the path given, or another that stays. */
  readonly fetchLayer: (index: number, path: string, signal: AbortSignal) => Promise<string>
  /** Removes what was needed meanwhile. */
  readonly close: () => Promise<void>
}

/** An index names manifests, or another index: as deep as this. */
const INDEX_DEPTH_MAX = 3

/** What to look for in a registry. */
type ManifestRequest = {
  readonly name: { readonly tag: string } | { readonly digest: string }
  readonly platform: Platform
  readonly signal: AbortSignal
}

/** Images are for Linux, whatever runs here. */
export const thisPlatform = (): Platform => ({
  os: "linux",
  architecture: process.arch === "x64" ? "amd64" : process.arch,
})

/** The manifest of an image for a platform, and the digest of what was asked for by name. */
export async function resolveImage(
  client: RegistryClient,
  repository: Repository,
  request: ManifestRequest,
): Promise<{
  readonly digest: string
  readonly raw: RawManifest
  readonly manifest: Extract<Manifest, { kind: "image" }>
}> {
  const { platform, signal } = request
  let raw = await client.manifest(repository, request.name, signal)
  const { digest } = raw
  for (let depth = 0; depth < INDEX_DEPTH_MAX; depth++) {
    const manifest = must(parseManifest(raw.text, raw.contentType))
    if (manifest.kind === "image") return { digest, raw, manifest }
    const chosen = choosePlatform(manifest.manifests, platform)
    if (chosen === undefined)
      throw new ImageProblem(
        "unsupported",
        `it is not made for ${platform.os}/${platform.architecture}, but for ${platformsOf(manifest.manifests)}`,
      )
    raw = await client.manifest(repository, { digest: chosen.digest }, signal)
  }
  throw new ImageProblem("unsupported", "its index names only further indexes")
}

/** Finds an image in its registry. */
export async function findInRegistry(
  client: RegistryClient,
  repository: Repository,
  request: ManifestRequest,
): Promise<FoundImage> {
  const { digest, manifest } = await resolveImage(client, repository, request)
  const config = await client.text(repository, manifest.config, request.signal)
  const description = must(parseDescription(config))
  return {
    digest,
    description,
    ...layersOf(client, repository, manifest),
    close: async () => {},
  }
}

const layersOf = (
  client: RegistryClient,
  repository: Repository,
  { layers }: Extract<Manifest, { kind: "image" }>,
): Pick<FoundImage, "sizes" | "fetchLayer"> => ({
  sizes: layers.map(({ size }) => size),
  fetchLayer: async (index, path, signal) => {
    const layer = layers[index]
    if (layer === undefined)
      throw new ImageProblem("corrupt", "its layers and their digests differ")
    await client.save(repository, layer, path, signal)
    return path
  },
})

/** A reference with the path of its archive, of the two that it may have. */
export async function placeOf(reference: ImageReference): Promise<ImageReference> {
  if (reference.kind !== "file" || reference.untaggedPath === undefined) return reference
  const { path, untaggedPath, name } = reference
  const isThere = (file: string): Promise<boolean> =>
    stat(file).then(
      () => true,
      () => false,
    )
  const isUntagged = !(await isThere(path)) && (await isThere(untaggedPath))
  return { kind: "file", path: isUntagged ? untaggedPath : path, name }
}

/** Finds an image in an OCI layout or an archive, which is unpacked below `staging` meanwhile. */
export async function findInFile(
  reference: Extract<ImageReference, { kind: "file" }>,
  request: {
    readonly staging: string
    readonly platform: Platform
    readonly unpack: (blob: string, directory: string) => Promise<UnpackReport>
  },
): Promise<FoundImage> {
  const { path, name } = reference
  const stats = await ifExists(stat(path))
  if (stats === undefined)
    throw new ImageProblem("notFound", `there is no file ${path} on this agent`)
  const unpacked = stats.isDirectory() ? undefined : await mkdtemp(`${request.staging}/archive-`)
  const close = async (): Promise<void> => {
    if (unpacked !== undefined) await rm(unpacked, { recursive: true, force: true })
  }
  try {
    if (unpacked !== undefined) expectUnpacked(await request.unpack(path, unpacked), path)
    const { platform } = request
    const image = await readArchive({ directory: unpacked ?? path, name, platform })
    const { digest, description, files } = image
    const fetchLayer = async (index: number): Promise<string> => {
      const file = files[index]
      if (file === undefined)
        throw new ImageProblem("corrupt", "its layers and their digests differ")
      return file
    }
    return { digest, description, sizes: files.map(() => 0), fetchLayer, close }
  } catch (cause) {
    await close()
    throw cause
  }
}

/** The facts of what was unpacked; throws what it says when it was not. */
export function expectUnpacked(
  report: UnpackReport,
  what: string,
): Extract<UnpackReport, { kind: "unpacked" }> {
  if (report.kind === "unpacked") return report
  switch (report.reason) {
    case "badLayer":
      throw new ImageProblem("badLayer", `${what} cannot be unpacked: ${report.message}`)
    case "diskFull":
      throw Object.assign(new Error(report.message), { code: "ENOSPC" })
    case "unable":
    case "fault":
      throw new ImageProblem(
        "unable",
        `${what} cannot be unpacked on this agent: ${report.message}`,
      )
    default:
      return report.reason satisfies never
  }
}

function must<T>(
  result: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: string },
): T {
  if (result.ok) return result.value
  throw new ImageProblem("unsupported", result.error)
}
