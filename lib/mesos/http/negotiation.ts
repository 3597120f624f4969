import { err, ok, type Result } from "#lib/std/result.ts"

/** Encodings of calls, answers and events. */
export type MediaType = "application/json" | "application/x-protobuf"

const json = ok<MediaType>("application/json")
const protobuf = ok<MediaType>("application/x-protobuf")
const names = `${json.value} or ${protobuf.value}`

/** Why a request's media type cannot be served. */
export type MediaRefusal = { readonly status: 400 | 415; readonly message: string }

/** How the body is encoded, going by its `Content-Type`. Parameters are allowed. */
export function contentType(header: string | null): Result<MediaType, MediaRefusal> {
  if (header === json.value) return json
  const type = header?.split(";")[0]?.trim().toLowerCase()
  if (!type) return err({ status: 400, message: "Expecting 'Content-Type' to be present" })
  if (type === json.value) return json
  if (type === protobuf.value) return protobuf
  return err({ status: 415, message: `Expecting 'Content-Type' of ${names}, not '${type}'` })
}

/**
 * How to encode the reply, going by `Accept`: JSON wherever it is acceptable, or else protobuf. Fails
 * (for status 406) when neither is.
 */
export function acceptedType(header: string | null): Result<MediaType, string> {
  if (header === null || header.trim() === "") return json
  const ranges = header.split(",").map(parseRange)
  if (accepts(ranges, json.value)) return json
  return accepts(ranges, protobuf.value) ? protobuf : err(`Expecting 'Accept' to allow ${names}`)
}

type Range = { readonly type: string; readonly quality: number }

function parseRange(text: string): Range {
  const [type = "", ...parameters] = text.split(";").map((part) => part.trim().toLowerCase())
  const given = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2)
  return { type, quality: given === undefined ? 1 : Number(given) }
}

/** The most specific range that matches decides; of equal ones the last. */
function accepts(ranges: readonly Range[], type: MediaType): boolean {
  for (const wanted of [type, "application/*", "*/*"]) {
    const range = ranges.findLast((each) => each.type === wanted)
    if (range !== undefined) return range.quality > 0
  }
  return false
}
