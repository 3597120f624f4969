/** Name of a media type of the package API, such as "package.install-request" and version 1. */
export type MediaType = { readonly kind: string; readonly version: number }

/** The content type of a body of this kind. */
export const contentType = (media: MediaType): string =>
  `application/vnd.dcos.${media.kind}+json;charset=utf-8;version=v${media.version}`

/** A media type as a client writes it: its name, its parameters, its weight. */
type Listed = {
  readonly name: string
  readonly parameters: ReadonlyMap<string, string>
  readonly weight: number
}

function parseListed(text: string): Listed {
  const [name = "", ...rest] = text.split(";").map((part) => part.trim().toLowerCase())
  const parameters = new Map<string, string>()
  let weight = 1
  for (const part of rest) {
    const [key = "", value = ""] = part.split("=").map((side) => side.trim())
    if (key === "q") weight = Number(value)
    else parameters.set(key, value)
  }
  return { name, parameters, weight: Number.isFinite(weight) ? weight : 0 }
}

const matches = (listed: Listed, media: MediaType): boolean =>
  listed.name === "*/*" ||
  (listed.name === `application/vnd.dcos.${media.kind}+json` &&
    listed.parameters.get("charset") === "utf-8" &&
    listed.parameters.get("version") === `v${media.version}`)

/** Whether a Content-Type header names the request type; more parameters are tolerated. */
export const isContentType = (header: string | undefined, media: MediaType): boolean =>
  header !== undefined && header !== "*/*" && matches(parseListed(header), media)

/**
 * The response type that an Accept header selects among those offered (newest first), or undefined
 * when none fits. Highest weight wins, then more parameters; `*` + `/*` and no header take the newest.
 */
export function negotiate(
  header: string | undefined,
  offered: readonly MediaType[],
): MediaType | undefined {
  if (header === undefined || header.trim() === "") return offered[0]
  const listed = header
    .split(",")
    .map(parseListed)
    .filter((one) => one.weight > 0)
    .sort((a, b) => b.weight - a.weight || b.parameters.size - a.parameters.size)
  for (const one of listed) {
    const media = offered.find((candidate) => matches(one, candidate))
    if (media !== undefined) return media
  }
  return undefined
}
