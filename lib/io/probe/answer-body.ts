/** What was understood of the body of an HTTP answer so far. */
export type AnswerBody = {
  /** Whether no more of it is wanted or to be expected. */
  readonly complete: boolean
  readonly contentType: string | undefined
  /** At most the wanted number of bytes, read as UTF-8. */
  readonly body: string
}

/**
 * Reads type and body of an HTTP/1 answer that may not be whole yet. `text` begins with, or just
 * before, its status line and holds one character for each byte (latin1).
 */
export function parseBody(text: string, bytesWanted: number): AnswerBody {
  const answer = text.trimStart()
  const end = answer.indexOf("\r\n\r\n")
  if (end < 0) return { complete: false, contentType: undefined, body: "" }
  const head = answer.slice(0, end)
  const raw = answer.slice(end + 4)
  const isChunked = /chunked/i.test(header(head, "transfer-encoding") ?? "")
  const length = Number(header(head, "content-length") ?? Number.POSITIVE_INFINITY)
  const { bytes, ended } = isChunked
    ? joinChunks(raw)
    : { bytes: raw.slice(0, length), ended: raw.length >= length }
  return {
    complete: ended || bytes.length >= bytesWanted,
    contentType: header(head, "content-type"),
    body: Buffer.from(bytes.slice(0, bytesWanted), "latin1").toString("utf8"),
  }
}

function header(head: string, name: string): string | undefined {
  for (const line of head.split("\r\n").slice(1)) {
    const colon = line.indexOf(":")
    if (line.slice(0, colon).trim().toLowerCase() === name) return line.slice(colon + 1).trim()
  }
  return undefined
}

function joinChunks(raw: string): { readonly bytes: string; readonly ended: boolean } {
  let bytes = ""
  for (let at = 0; ;) {
    const lineEnd = raw.indexOf("\r\n", at)
    const size = lineEnd < 0 ? Number.NaN : Number.parseInt(raw.slice(at, lineEnd), 16)
    if (Number.isNaN(size)) return { bytes, ended: false }
    if (size === 0) return { bytes, ended: true }
    bytes += raw.slice(lineEnd + 2, lineEnd + 2 + size)
    at = lineEnd + 2 + size + 2
    if (at > raw.length) return { bytes, ended: false }
  }
}
