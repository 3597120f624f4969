const json = "application/json"
const protobuf = "application/x-protobuf"

/** Why a request's media type cannot be served. */
export type MediaRefusal = { readonly status: 400 | 415; readonly message: string }

/** Why the body cannot be read, going by its `Content-Type`; undefined for JSON. Parameters are allowed. */
export function contentTypeRefusal(header: string | null): MediaRefusal | undefined {
  if (header === json) return undefined
  const type = header?.split(";")[0]?.trim().toLowerCase()
  if (!type) return { status: 400, message: "Expecting 'Content-Type' to be present" }
  if (type === json) return undefined
  if (type === protobuf)
    return {
      status: 415,
      message: `'Content-Type' ${protobuf} is not supported yet; send ${json}`,
    }
  return { status: 415, message: `Expecting 'Content-Type' of ${json}, not '${type}'` }
}

/** Why no reply is acceptable (status 406), going by `Accept`; undefined when JSON is. */
export function acceptRefusal(header: string | null): string | undefined {
  if (header === null || header.trim() === "") return undefined
  let best: { readonly specificity: number; readonly quality: number } | undefined
  for (const range of header.split(",")) {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase())
    const specificity = [`*/*`, "application/*", json].indexOf(type)
    if (specificity < 0 || (best !== undefined && best.specificity > specificity)) continue
    const given = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2)
    best = { specificity, quality: given === undefined ? 1 : Number(given) }
  }
  if (best !== undefined && best.quality > 0) return undefined
  return header.toLowerCase().includes(protobuf)
    ? `'Accept' allows only ${protobuf}, which is not supported yet; allow ${json}`
    : `Expecting 'Accept' to allow ${json}`
}
