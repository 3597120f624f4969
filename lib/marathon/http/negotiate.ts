type Range = { readonly type: string; readonly quality: number }

function parseAccept(accept: string): readonly Range[] {
  return accept.split(",").flatMap((part) => {
    const [type = "", ...parameters] = part.split(";").map((piece) => piece.trim().toLowerCase())
    const quality = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2)
    return type === "" ? [] : [{ type, quality: quality === undefined ? 1 : Number(quality) || 0 }]
  })
}

function qualityOf(type: string, ranges: readonly Range[]): number {
  const family = `${type.slice(0, type.indexOf("/"))}/*`
  // The most specific range that matches decides.
  for (const pattern of [type, family, "*/*"]) {
    const range = ranges.find((one) => one.type === pattern)
    if (range !== undefined) return range.quality
  }
  return 0
}

/**
 * Which of the offered media types an Accept header likes best, the earlier one where it likes both
 * the same; undefined when it takes none. No header takes anything.
 */
export function preferredType<const T extends string>(
  accept: string | null,
  offered: readonly T[],
): T | undefined {
  if (accept === null || accept.trim() === "") return offered[0]
  const ranges = parseAccept(accept)
  let best: { readonly type: T; readonly quality: number } | undefined
  for (const type of offered) {
    const quality = qualityOf(type, ranges)
    if (quality > (best?.quality ?? 0)) best = { type, quality }
  }
  return best?.type
}
