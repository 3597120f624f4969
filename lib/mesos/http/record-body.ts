/** What a body of records is given. */
export type RecordBodyOptions = {
  /** Who reads, for what the reader is told when it is cut off. */
  readonly reader: string
  /** Bytes that may wait for the reader; beyond them the stream is cut. */
  readonly limitBytes: number
  /** The reader went away, or was cut off with this reason. Called at most once, never for `end`. */
  readonly onClosed: (reason: string) => void
}

/**
 * The body of a response that goes on: RecordIO. What a slow reader leaves waits in memory up to a
 * limit; then the stream breaks, as who misses events must subscribe anew.
 */
export class RecordBody {
  readonly stream: ReadableStream<Uint8Array>
  readonly #options: RecordBodyOptions
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined
  /** Bytes written, without those of `begin`. */
  #written = 0

  constructor(options: RecordBodyOptions) {
    this.#options = options
    this.stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => void (this.#controller = controller),
        cancel: () => this.close("the client closed the connection"),
      },
      new ByteLengthQueuingStrategy({ highWaterMark: options.limitBytes }),
    )
  }

  get open(): boolean {
    return this.#controller !== undefined
  }

  /** What comes before all else, however long: to take its time with that is no fault of a reader. */
  begin(pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) this.#controller?.enqueue(piece)
  }

  /** Records, in one piece: each one that is queued costs a write of its own. */
  write(records: Uint8Array): void {
    const controller = this.#controller
    if (controller === undefined) return
    const { limitBytes } = this.#options
    const unread = limitBytes - (controller.desiredSize ?? 0)
    if (Math.min(unread, this.#written) + records.length > limitBytes)
      return this.cut(`the client left ${limitBytes} bytes unread`)
    this.#written += records.length
    controller.enqueue(records)
  }

  end(): void {
    const controller = this.#controller
    this.#controller = undefined
    controller?.close()
  }

  /** Ends the stream where it is, with an error that the reader sees. */
  cut(reason: string): void {
    this.#controller?.error(new Error(`the ${this.#options.reader} reads its events too slowly`))
    this.close(reason)
  }

  /** Notes that nobody reads any more. Harmless when repeated or after `end`. */
  close(reason: string): void {
    if (this.#controller === undefined) return
    this.#controller = undefined
    this.#options.onClosed(reason)
  }
}
