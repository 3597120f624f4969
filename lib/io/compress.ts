import { gunzipSync, gzipSync } from "node:zlib"

/** Text that a compressed one may grow to; a label carries far less. */
const TEXT_BYTES_MAX = 16 * 1024 * 1024

/** Base64 of the gzip of a text. */
export const compressText = (text: string): string => gzipSync(text).toString("base64")

/** The text that `compressText` made this of; undefined when it is none, or one too large. */
export function decompressText(data: string): string | undefined {
  try {
    return gunzipSync(Buffer.from(data, "base64"), { maxOutputLength: TEXT_BYTES_MAX }).toString()
  } catch {
    return undefined
  }
}
