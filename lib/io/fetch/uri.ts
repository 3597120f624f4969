import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"

/** Hash functions a URI may name, with the length of their results in hexadecimal digits. */
const HASH_DIGITS = { sha256: 64, sha512: 128 } as const

/** What the content of a file must hash to, in lower-case hexadecimal. */
export type Checksum = { readonly algorithm: keyof typeof HASH_DIGITS; readonly hex: string }

/** A URI as its parts. */
export type SourceUri = {
  /** Lower case; undefined for a plain path. */
  readonly scheme: string | undefined
  /** The URI without its checksum. */
  readonly text: string
  readonly checksum: Checksum | undefined
}

/** How an archive is unpacked. */
export type ArchiveKind =
  /** Packed or not: that is told by its content. */
  { readonly kind: "tar" } | { readonly kind: "zip" } | { readonly kind: "gzip" }

const SCHEME = /^([a-z][a-z0-9+.-]*):\/\//i

/**
 * Reads a URI or plain path; spaces before it do not count. It may end in "#sha256=<64 hex digits>" or
 * "#sha512=<128>", which names no part of the source but what its content must hash to; other fragments
 * belong to the URI. Refused: a checksum of the wrong length or with other characters.
 */
export function parseUri(written: string): Result<SourceUri, string> {
  const uri = written.trimStart()
  const scheme = SCHEME.exec(uri)?.[1]?.toLowerCase()
  const mark = /#(sha256|sha512)=([^#]*)$/i.exec(uri)
  if (mark === null) return ok({ scheme, text: uri, checksum: undefined })
  const algorithm = mark[1]?.toLowerCase() === "sha512" ? "sha512" : "sha256"
  const hex = (mark[2] ?? "").toLowerCase()
  const digits = HASH_DIGITS[algorithm]
  if (hex.length !== digits || !/^[0-9a-f]+$/.test(hex))
    return err(`its checksum must be #${algorithm}= and ${digits} hexadecimal digits`)
  return ok({ scheme, text: uri.slice(0, mark.index), checksum: { algorithm, hex } })
}

/** The URI as people may see it: without the password in "user:password@host". */
export const withoutPassword = (uri: string): string =>
  uri.replace(/^([a-z][a-z0-9+.-]*:\/\/[^/?#:@]*):[^/?#]*@/i, "$1:***@")

/** Where in the sandbox a URI's file goes: `outputFile`, or its last path component, query included. */
export function targetName(uri: string, outputFile: string | undefined): Result<string, string> {
  if (outputFile !== undefined) {
    const parts = outputFile.split("/")
    if (outputFile.startsWith("/") || parts.includes("..") || parts.at(-1) === "")
      return err(`output_file '${outputFile}' must be a relative path without '..'`)
    return ok(outputFile)
  }
  const slash = uri.lastIndexOf("/")
  // "http://host" has no path: its last slash belongs to the scheme.
  const isBare = uri.slice(0, slash + 1).endsWith("://") && !/^docker:/i.test(uri)
  const name = isBare ? "" : uri.slice(slash + 1)
  if (name === "" || name === "." || name === ".." || name.includes("\0"))
    return err("its last path component is no file name: set output_file")
  return ok(name)
}

const TAR_ENDINGS = [".tar", ".tgz", ".tar.gz", ".tbz2", ".tar.bz2", ".txz", ".tar.xz"]

/** What a file is by its name; undefined when it is nothing to unpack. */
export function archiveKind(name: string): ArchiveKind | undefined {
  if (TAR_ENDINGS.some((ending) => name.endsWith(ending))) return { kind: "tar" }
  if (name.endsWith(".zip")) return { kind: "zip" }
  return name.endsWith(".gz") ? { kind: "gzip" } : undefined
}
