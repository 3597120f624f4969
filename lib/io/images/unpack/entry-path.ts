import { BadLayer } from "#lib/io/images/tar/bad-layer.ts"

/** Longest path that Linux takes. */
const PATH_LENGTH_MAX = 4095

/**
 * The absolute path of an entry below the layer's root: "./a//b/" is "/a/b". Refuses what leads out
 * by its words; links lead nowhere else, since the layer's directory is the root of the process.
 */
export function entryPath(name: string): string {
  if (name.length > PATH_LENGTH_MAX)
    throw new BadLayer(`a name has ${name.length} bytes, ${PATH_LENGTH_MAX} are allowed`)
  const parts: string[] = []
  for (const part of name.split("/")) {
    if (part === "" || part === ".") continue
    if (part !== "..") parts.push(part)
    else if (parts.pop() === undefined)
      throw new BadLayer(`the entry '${printable(name)}' would lie outside of the layer`)
  }
  return `/${parts.join("/")}`
}

/** What a name in a layer says of the layers below. Source: OCI image-spec: layer.md. */
export type Whiteout =
  /** This path is not there any more. */
  | { readonly kind: "removed"; readonly path: string }
  /** Nothing that lower layers have in this directory is there any more. */
  | { readonly kind: "opaque"; readonly path: string }
  /** A note of aufs to itself. */
  | { readonly kind: "ignored" }

const PREFIX = ".wh."

/**
 * Where aufs keeps files that have several names, which layers made on it name as targets of hard
 * links. It is no part of an image. Source: aufs(5), "pseudo hardlink".
 */
export const AUFS_LINKS = `/${PREFIX}${PREFIX}plnk`

/** Reads a path as a whiteout; undefined when it is an ordinary one. */
export function parseWhiteout(path: string): Whiteout | undefined {
  const slash = path.lastIndexOf("/")
  const name = path.slice(slash + 1)
  const directory = path.slice(0, slash)
  if (directory === AUFS_LINKS && !name.startsWith(PREFIX)) return undefined
  if (path.includes(`/${PREFIX}${PREFIX}`) && name !== `${PREFIX}${PREFIX}.opq`)
    return { kind: "ignored" }
  if (!name.startsWith(PREFIX)) return undefined
  if (name === `${PREFIX}${PREFIX}.opq`)
    return { kind: "opaque", path: directory === "" ? "/" : directory }
  const hidden = name.slice(PREFIX.length)
  if (hidden === "" || hidden === "." || hidden === "..")
    throw new BadLayer(`the whiteout '${printable(path)}' names nothing`)
  return { kind: "removed", path: `${directory}/${hidden}` }
}

/** A name for people: bytes that are no printable ASCII are shown as such. */
export const printable = (name: string): string =>
  name.replace(/[^ -~]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, "0")}`)
