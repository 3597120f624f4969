import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import { isDigest } from "./reference.ts"

/** What a manifest says of a blob or of another manifest. */
export type Descriptor = {
  readonly mediaType: string
  readonly digest: string
  /** Bytes. */
  readonly size: number
}

/** A machine that an image is made for. */
export type Platform = {
  readonly os: string
  readonly architecture: string
  readonly variant?: string | undefined
}

/** A manifest: of one image, or of one for each of several platforms. */
export type Manifest =
  | {
      readonly kind: "image"
      readonly config: Descriptor
      /** The lowest first. */
      readonly layers: readonly Descriptor[]
    }
  | {
      readonly kind: "index"
      readonly manifests: readonly (Descriptor & {
        readonly platform: Platform | undefined
        readonly annotations: Readonly<Record<string, string>>
      })[]
    }

const OCI = "application/vnd.oci.image"
const DOCKER = "application/vnd.docker"

/** What we say we understand; registries convert or refuse by it. */
export const MANIFEST_TYPES = [
  `${OCI}.index.v1+json`,
  `${OCI}.manifest.v1+json`,
  `${DOCKER}.distribution.manifest.list.v2+json`,
  `${DOCKER}.distribution.manifest.v2+json`,
]

/** Overlayfs takes 500 lower directories; Docker makes images of 127 layers at most. */
export const LAYERS_MAX = 128

/** Entries that an index may have: one for each platform, and attestations. */
const INDEX_MAX = 1024

const layerTypes = [
  `${DOCKER}.image.rootfs.diff.tar`,
  `${DOCKER}.image.rootfs.diff.tar.gzip`,
  `${DOCKER}.image.rootfs.diff.tar.zstd`,
  `${DOCKER}.image.rootfs.foreign.diff.tar.gzip`,
  ...["layer", "layer.nondistributable"].flatMap((name) =>
    ["tar", "tar+gzip", "tar+zstd"].map((end) => `${OCI}.${name}.v1.${end}`),
  ),
]

/**
 * The last ones are what old registries wrote instead of the type, which Docker goes on taking.
 * Source: https://github.com/distribution/distribution/issues/1621.
 */
const configTypes = [
  `${DOCKER}.container.image.v1+json`,
  `${OCI}.config.v1+json`,
  "application/octet-stream",
  "application/json",
  "text/html",
  "",
]

/** Parses a manifest; `contentType` counts where it does not say itself what it is. */
export function parseManifest(text: string, contentType: string): Result<Manifest, string> {
  const body = parseJson(text)
  if (!isRecord(body)) return err("its manifest is no JSON object")
  const said = typeof body["mediaType"] === "string" ? body["mediaType"] : ""
  const mediaType = said === "" ? (contentType.split(";")[0] ?? "").trim() : said
  if (body["schemaVersion"] === 1 || mediaType.includes("distribution.manifest.v1+"))
    return err("its manifest is of schema 1, which is no longer used: push the image again")
  if (body["schemaVersion"] !== 2) return err(`its manifest is of an unknown kind ('${mediaType}')`)
  if (Array.isArray(body["manifests"])) return parseIndex(body["manifests"])
  if (Array.isArray(body["layers"])) return parseImage(body["config"], body["layers"])
  return err(`its manifest is of an unknown kind ('${mediaType}')`)
}

function parseIndex(list: readonly unknown[]): Result<Manifest, string> {
  if (list.length > INDEX_MAX) return err(`its index has more than ${INDEX_MAX} entries`)
  const manifests = []
  for (const item of list) {
    const descriptor = parseDescriptor(item)
    if (descriptor === undefined || !isRecord(item)) return err("its index has a malformed entry")
    const { platform, annotations } = item
    manifests.push({
      ...descriptor,
      platform: parsePlatform(platform),
      annotations: isRecord(annotations) ? textsOf(annotations) : {},
    })
  }
  return ok({ kind: "index", manifests })
}

function parseImage(config: unknown, list: readonly unknown[]): Result<Manifest, string> {
  const parsed = parseDescriptor(config)
  if (parsed === undefined) return err("its manifest has no proper config")
  if (!configTypes.includes(parsed.mediaType))
    return err(`it is no container image but holds '${parsed.mediaType}'`)
  if (list.length > LAYERS_MAX)
    return err(`it has ${list.length} layers, ${LAYERS_MAX} are allowed`)
  const layers = []
  for (const item of list) {
    const layer = parseDescriptor(item)
    if (layer === undefined) return err("its manifest has a malformed layer")
    if (!layerTypes.includes(layer.mediaType))
      return err(`it has a layer of the unsupported kind '${layer.mediaType}'`)
    layers.push(layer)
  }
  return ok({ kind: "image", config: parsed, layers })
}

function parseDescriptor(value: unknown): Descriptor | undefined {
  if (!isRecord(value)) return undefined
  const { mediaType = "", digest, size } = value
  if (typeof mediaType !== "string" || typeof digest !== "string" || !isDigest(digest))
    return undefined
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) return undefined
  return { mediaType, digest, size }
}

function parsePlatform(value: unknown): Platform | undefined {
  if (!isRecord(value)) return undefined
  const { os, architecture, variant } = value
  if (typeof os !== "string" || typeof architecture !== "string") return undefined
  return {
    os,
    architecture: architectureOf(architecture),
    variant: typeof variant === "string" ? variant : undefined,
  }
}

/** An architecture under the name that Go has for it, where an image has the name of the kernel. */
export const architectureOf = (name: string): string =>
  name === "x86_64" || name === "x86-64" ? "amd64" : name === "aarch64" ? "arm64" : name

/**
 * The entry of an index that fits this machine: the plainest variant goes first, as it runs on all
 * machines of the architecture. An index whose entries name no platform has one entry, or none fits.
 */
export function choosePlatform<T extends Descriptor & { readonly platform: Platform | undefined }>(
  manifests: readonly T[],
  wanted: Platform,
): T | undefined {
  const plain = wanted.architecture === "arm64" ? "v8" : "v1"
  const rank = ({ platform }: T): number =>
    platform?.variant === undefined || platform.variant === ""
      ? 0
      : platform.variant === wanted.variant || platform.variant === plain
        ? 1
        : 2
  const fitting = manifests.filter(
    ({ platform }) => platform?.os === wanted.os && platform.architecture === wanted.architecture,
  )
  const [best] = fitting.toSorted((a, b) => rank(a) - rank(b))
  const [only] = manifests
  return best ?? (manifests.length === 1 && only?.platform === undefined ? only : undefined)
}

/** The platforms of an index, for people. */
export const platformsOf = (
  manifests: readonly { readonly platform: Platform | undefined }[],
): string =>
  manifests
    .flatMap(({ platform }) =>
      platform === undefined || platform.os === "unknown"
        ? []
        : `${platform.os}/${platform.architecture}`,
    )
    .join(", ") || "none"

/** Whether a value is an object with members. */
export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** The members of an object that are texts. */
export const textsOf = (value: Readonly<Record<string, unknown>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(value).flatMap(([key, text]) => (typeof text === "string" ? [[key, text]] : [])),
  )

/** The value that JSON stands for; undefined where it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
