import type { MediaType } from "#lib/mesos/index.ts"
import type { Cancel, Clock } from "#lib/ports/index.ts"
import type { OutputReader } from "#lib/agent/stream-hub.ts"
import { outputEncoder } from "./process-io.ts"

/** Between two heartbeats of a stream. Source: apache/mesos: `--http_heartbeat_interval`. */
const HEARTBEAT_MS = 30_000

/** What a stream of output is made of. */
export type OutputStreamOptions = {
  readonly reader: OutputReader
  readonly clock: Clock
  readonly accepted: MediaType
  readonly asRecords: boolean
  /** Called once, at the end of the output or when the client has gone. */
  readonly onEnd: () => void
}

/**
 * The reply that carries what a container writes, as records of ProcessIO, with heartbeats in between.
 * It reads on only when the client does. The first record is a heartbeat: servers hold back the head
 * of a reply until there is something of its body, and clients send input only after that.
 */
export async function replyOutput(options: OutputStreamOptions): Promise<Response> {
  const { reader, clock, accepted, asRecords, onEnd } = options
  const encoder = await outputEncoder(accepted)
  let cancel: Cancel = () => {}
  const end = (): void => {
    cancel()
    reader.close()
    onEnd()
  }
  const beatLater = (stream: ReadableStreamDefaultController<Uint8Array>): void => {
    cancel = clock.wakeAt(clock.now() + HEARTBEAT_MS, () => {
      // A client that does not read needs no sign of life.
      if ((stream.desiredSize ?? 0) > 0) stream.enqueue(encoder.heartbeat(HEARTBEAT_MS))
      beatLater(stream)
    })
  }
  const body = new ReadableStream<Uint8Array>(
    {
      start: (stream) => {
        stream.enqueue(encoder.heartbeat(HEARTBEAT_MS))
        beatLater(stream)
      },
      pull: async (stream) => {
        const piece = await reader.next()
        if (piece !== undefined) return stream.enqueue(encoder.data(piece))
        end()
        stream.close()
      },
      cancel: end,
    },
    { highWaterMark: 1 },
  )
  const types = asRecords
    ? { "content-type": "application/recordio", "message-content-type": accepted }
    : { "content-type": accepted }
  return new Response(body, { headers: types })
}
