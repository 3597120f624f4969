/** One record of a container's output: a line, or a piece of a long one. */
export type LogEntry = {
  readonly stream: "stdout" | "stderr"
  /** RFC 3339 with nine digits, so that texts compare like times. */
  readonly at: string
  readonly content: Uint8Array
}

const HEADER_BYTES = 8
const NEWLINE = 0x0a
const SPACE = 0x20

const decoder = new TextDecoder()

/**
 * Cuts the daemon's log stream, asked for with timestamps, into entries. Without a terminal each
 * entry is a frame (stream number, three zeros, length, payload); with one there are bare lines.
 */
export class LogEntries {
  readonly #tty: boolean
  #rest = new Uint8Array(0)

  constructor(options: { readonly tty: boolean }) {
    this.#tty = options.tty
  }

  /** The entries that are complete with this chunk. */
  push(chunk: Uint8Array): readonly LogEntry[] {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const entries: LogEntry[] = []
    let start = 0
    for (;;) {
      const end = this.#tty ? bytes.indexOf(NEWLINE, start) + 1 : frameEnd(bytes, start)
      if (end <= 0 || end > bytes.length) break
      const stream = !this.#tty && bytes[start] === 2 ? "stderr" : "stdout"
      const payload = bytes.subarray(this.#tty ? start : start + HEADER_BYTES, end)
      const space = payload.indexOf(SPACE)
      if (space > 0)
        entries.push({
          stream,
          at: decoder.decode(payload.subarray(0, space)),
          content: payload.subarray(space + 1),
        })
      start = end
    }
    this.#rest = Uint8Array.from(bytes.subarray(start))
    return entries
  }
}

function frameEnd(bytes: Uint8Array, start: number): number {
  if (bytes.length < start + HEADER_BYTES) return -1
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return start + HEADER_BYTES + view.getUint32(start + 4)
}
