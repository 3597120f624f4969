import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"

/** The registry that names without one belong to; `library/` is added to one-word names of it alone. */
export const DOCKER_HUB = "docker.io"

/** Where an image comes from. */
export type ImageReference =
  | {
      readonly kind: "registry"
      /** "host[:port]"; `DOCKER_HUB` for Docker's own. */
      readonly registry: string
      readonly repository: string
      readonly tag: string | undefined
      /** "sha256:…"; it goes before the tag. */
      readonly digest: string | undefined
    }
  | {
      readonly kind: "file"
      /** An OCI layout's directory or an archive that `docker save` made; absolute. */
      readonly path: string
      /** Where it lies if it is not at `path`: a name without a tag may mean a file without one. */
      readonly untaggedPath?: string | undefined
      /** Which of several images: its tag, or its whole name. */
      readonly name: string | undefined
    }

/** Where names without a registry lead to. */
export type DefaultRegistry =
  | { readonly kind: "registry"; readonly registry: string }
  /** A directory of archives by the name of "repository:tag.tar", or "repository.tar" without a tag. */
  | { readonly kind: "directory"; readonly path: string }

/** A name that people write is at most this long. Source: distribution/reference: reference.go. */
const NAME_LENGTH_MAX = 255

const host = /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\[[0-9a-fA-F:.]+\])(?::\d{1,5})?$/
const repository =
  /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/
const tagPattern = /^\w[\w.-]{0,127}$/

/** Whether a text is a digest of a kind that we can verify. */
export const isDigest = (text: string): boolean =>
  /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/.test(text)

/**
 * Parses the name of an image; what is left out is filled in, as Docker does it. Refuses what no
 * registry could have, saying which part is wrong.
 */
export function parseReference(
  text: string,
  fallback: DefaultRegistry = { kind: "registry", registry: DOCKER_HUB },
): Result<ImageReference, string> {
  const refuse = (why: string): Result<never, string> => err(`'${text}' names no image: ${why}`)
  if (text === "") return refuse("it is empty")
  if (/^file:|^\//.test(text)) return parseFile(text)
  const [named = "", digest, ...more] = text.split("@")
  if (more.length > 0) return refuse("it has more than one '@'")
  if (digest !== undefined && !isDigest(digest))
    return refuse(`'${digest}' is no digest, as 'sha256:' and 64 small hexadecimal digits are`)
  const slash = named.indexOf("/")
  const first = slash < 0 ? "" : named.slice(0, slash)
  const hasHost = /[.:A-Z[]/.test(first) || first === "localhost"
  if (hasHost && !host.test(first)) return refuse(`'${first}' is no host of a registry`)
  const rest = hasHost ? named.slice(slash + 1) : named
  const colon = rest.lastIndexOf(":")
  const isTagged = colon > rest.lastIndexOf("/")
  const path = isTagged ? rest.slice(0, colon) : rest
  const tag = isTagged ? rest.slice(colon + 1) : digest === undefined ? "latest" : undefined
  if (tag !== undefined && !tagPattern.test(tag))
    return refuse(`'${tag}' is no tag: letters, digits, '_', '.' and '-', 128 of them at most`)
  if (path.length > NAME_LENGTH_MAX)
    return refuse(`its repository is longer than ${NAME_LENGTH_MAX} characters`)
  if (!repository.test(path))
    return refuse(
      `'${path}' is no repository: small letters and digits, with single '.', '_', '-' and '/' between`,
    )
  if (!hasHost && fallback.kind === "directory") {
    const file = `${fallback.path}/${path}`
    return ok({
      kind: "file",
      path: `${file}:${tag ?? "latest"}.tar`,
      untaggedPath: isTagged ? undefined : `${file}.tar`,
      name: undefined,
    })
  }
  const registry = hasHost ? hubName(first) : fallback.kind === "registry" ? fallback.registry : ""
  const isShort = registry === DOCKER_HUB && !path.includes("/")
  return ok({
    kind: "registry",
    registry,
    repository: isShort ? `library/${path}` : path,
    tag,
    digest,
  })
}

const hubName = (registry: string): string =>
  registry === "index.docker.io" ? DOCKER_HUB : registry.toLowerCase()

function parseFile(text: string): Result<ImageReference, string> {
  const place = text.replace(/^file:(?:\/\/(?:localhost)?(?=\/))?/, "")
  const hash = place.lastIndexOf("#")
  const path = (hash < 0 ? place : place.slice(0, hash)).replace(/(?<=.)\/+$/, "")
  if (!path.startsWith("/"))
    return err(
      `'${text}' names no image: a file's path must be absolute, as in file:///images/web.tar`,
    )
  if (path.split("/").includes("..") || path.includes("\0"))
    return err(`'${text}' names no image: a path may not have '..' in it`)
  return ok({ kind: "file", path, name: hash < 0 ? undefined : place.slice(hash + 1) })
}

/** The whole name of an image; what `parseReference` makes this of again. */
export function formatReference(reference: ImageReference): string {
  if (reference.kind === "file")
    return `file://${reference.path}${reference.name === undefined ? "" : `#${reference.name}`}`
  const { registry, tag, digest } = reference
  const name = `${registry}/${reference.repository}`
  return `${name}${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`
}

/**
 * Reads `--docker_registry`: an https or http URL or a host, or a directory of archives as an absolute
 * path or a file:// URL. `isPlain` is true for http. Source: apache/mesos: docs/container-image.md.
 */
export function parseDefaultRegistry(
  text: string,
): Result<{ readonly registry: DefaultRegistry; readonly isPlain: boolean }, string> {
  if (/^file:|^\//.test(text)) {
    const file = parseFile(text)
    if (!file.ok || file.value.kind !== "file") return err(`'${text}' is no absolute path`)
    return ok({ registry: { kind: "directory", path: file.value.path }, isPlain: false })
  }
  const [, scheme, name = ""] = /^(?:(https?):\/\/)?([^/]+)\/?$/.exec(text) ?? []
  if (!host.test(name))
    return err(
      `'${text}' is neither a registry, as https://registry.example.com:5000, nor a directory`,
    )
  const registry = name === "registry-1.docker.io" ? DOCKER_HUB : hubName(name)
  return ok({ registry: { kind: "registry", registry }, isPlain: scheme === "http" })
}
