import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"

/** Where a URI leads. */
export type FetchSource =
  | { readonly kind: "download"; readonly url: string }
  | { readonly kind: "copy"; readonly path: string }

/** How an archive is unpacked. */
export type ArchiveKind =
  | { readonly kind: "tar"; readonly option: "" | "z" | "j" | "J" }
  | { readonly kind: "zip" }
  | { readonly kind: "gzip" }

const SCHEME = /^([a-z][a-z0-9+.-]*):\/\//i

/** Reads a URI or plain path; relative paths lie below `home`. Other schemes are refused by name. */
export function parseSource(uri: string, home: string | undefined): Result<FetchSource, string> {
  const scheme = SCHEME.exec(uri)?.[1]?.toLowerCase()
  if (scheme === "http" || scheme === "https") return ok({ kind: "download", url: uri })
  if (scheme !== undefined && scheme !== "file")
    return err(`the scheme '${scheme}' is not supported: use http, https, file or a path`)
  const path = scheme === undefined ? uri : uri.slice("file://".length).replace(/^localhost\//, "/")
  if (path === "") return err("the path is empty")
  if (path.startsWith("/")) return ok({ kind: "copy", path })
  if (scheme !== undefined) return err("a file URI needs an absolute path, such as file:///a/b")
  if (home === undefined)
    return err("a relative path needs --frameworks_home on the agent, or use an absolute path")
  return ok({ kind: "copy", path: `${home}/${path}` })
}

/** Where in the sandbox a URI's file goes: `outputFile`, or its last path component, query included. */
export function targetName(uri: string, outputFile: string | undefined): Result<string, string> {
  if (outputFile !== undefined) {
    const parts = outputFile.split("/")
    if (outputFile.startsWith("/") || parts.includes("..") || parts.at(-1) === "")
      return err(`output_file '${outputFile}' must be a relative path without '..'`)
    return ok(outputFile)
  }
  const name = uri.slice(uri.lastIndexOf("/") + 1)
  if (name === "" || name === "." || name === ".." || name.includes("\0"))
    return err("its last path component is no file name: set output_file")
  return ok(name)
}

const TAR_OPTIONS: readonly (readonly [suffix: string, option: "" | "z" | "j" | "J"])[] = [
  [".tar", ""],
  [".tgz", "z"],
  [".tar.gz", "z"],
  [".tbz2", "j"],
  [".tar.bz2", "j"],
  [".txz", "J"],
  [".tar.xz", "J"],
]

/** What a file is by its name; undefined when it is nothing to unpack. */
export function archiveKind(name: string): ArchiveKind | undefined {
  const tar = TAR_OPTIONS.find(([suffix]) => name.endsWith(suffix))
  if (tar !== undefined) return { kind: "tar", option: tar[1] }
  if (name.endsWith(".zip")) return { kind: "zip" }
  return name.endsWith(".gz") ? { kind: "gzip" } : undefined
}
