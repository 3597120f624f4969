import type { Duplex } from "node:stream"
import type { ContainerOutput } from "#lib/ports/index.ts"

const HEADER_BYTES = 8
const STDERR = 2

/**
 * What comes over a connection that the daemon has joined with a container's streams, as it comes: bare
 * bytes of a terminal, else frames (stream number, three zeros, length, payload). It reads no faster
 * than it is asked. Source: moby/moby: api/swagger.yaml (ContainerAttach).
 */
export async function* readJoined(stream: Duplex, tty: boolean): AsyncGenerator<ContainerOutput> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const piece of stream as AsyncIterable<Buffer>) {
    if (tty) {
      yield { stream: "stdout", data: piece }
      continue
    }
    rest = rest.length === 0 ? piece : Buffer.concat([rest, piece])
    while (rest.length >= HEADER_BYTES) {
      const end = HEADER_BYTES + rest.readUInt32BE(4)
      if (rest.length < end) break
      const data = rest.subarray(HEADER_BYTES, end)
      if (data.length > 0) yield { stream: rest[0] === STDERR ? "stderr" : "stdout", data }
      rest = rest.subarray(end)
    }
  }
}

/** Writes to such a connection; resolves when more may be written, rejects when nobody reads any more. */
export function writeJoined(stream: Duplex, data: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    if (stream.destroyed || stream.writableEnded) return reject(new Error("it reads no more"))
    const done = (cause?: Error | null): void => {
      stream.off("close", done)
      if (cause) reject(cause)
      else resolve()
    }
    stream.once("close", done)
    stream.write(data, done)
  })
}
