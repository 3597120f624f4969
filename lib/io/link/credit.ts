/** Permission to send, granted by the other side one frame at a time. */
export class Credit {
  #left = 0
  #closed = false
  #wake: (() => void) | undefined

  /** The other side permits one more frame. */
  grant(): void {
    this.#left++
    this.#wake?.()
  }

  /** Nothing may be sent any more. */
  close(): void {
    this.#closed = true
    this.#wake?.()
  }

  /** Waits for permission to send one frame; false when there will be none. One waits at a time. */
  async take(): Promise<boolean> {
    while (this.#left === 0 && !this.#closed)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    if (this.#closed) return false
    this.#left--
    return true
  }
}

/** Bytes of one frame of a body at most. */
const CHUNK_BYTES = 64 * 1024

/** The reader of a body. */
export const bodyReader = (body: ReadableStream<Uint8Array>) => body.getReader()

/**
 * Sends a body in frames, as credit allows. False when credit was closed, or the body broke, before
 * its end; it is cancelled then.
 */
export async function sendBody(
  reader: ReturnType<typeof bodyReader>,
  credit: Credit,
  send: (bytes: Uint8Array) => void,
): Promise<boolean> {
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return true
    for (let offset = 0; offset < value.length; offset += CHUNK_BYTES) {
      if (!(await credit.take())) {
        await reader.cancel()
        return false
      }
      send(value.subarray(offset, offset + CHUNK_BYTES))
    }
  }
}
