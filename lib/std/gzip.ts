/** Characters from which compression is worth its while. Source: apache/mesos: libprocess/gzip. */
const LEAST_LENGTH = 1024

/** Whether a reader takes gzip: `Accept-Encoding` names it, with a weight that is not 0. */
export function acceptsGzip(header: string | undefined): boolean {
  if (header === undefined) return false
  for (const coding of header.split(",")) {
    const [name, ...parameters] = coding.split(";").map((part) => part.trim().toLowerCase())
    if (name === "gzip") return !parameters.some((each) => /^q=0(\.0*)?$/.test(each))
  }
  return false
}

/** Bytes of their own, not shared with other threads, as a compressor wants them. */
type Bytes = Uint8Array<ArrayBuffer>

/** A body compressed as it is read; undefined when it is too short for that. */
export function gzipBody(
  body: string | Blob | ReadableStream<Bytes>,
): ReadableStream<Bytes> | undefined {
  const gzip: ReadableWritablePair<Bytes, Bytes> = new CompressionStream("gzip")
  if (body instanceof ReadableStream) return body.pipeThrough(gzip)
  const blob = new Blob([body])
  return blob.size < LEAST_LENGTH ? undefined : blob.stream().pipeThrough(gzip)
}
