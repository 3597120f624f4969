/** Keeps the last bytes of what is written to it. */
export class Tail {
  readonly #limit: number
  #bytes = new Uint8Array(0)

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Appends; what is older than the limit falls off. */
  write(chunk: Uint8Array): void {
    const kept = this.#bytes.subarray(Math.max(0, this.#bytes.length + chunk.length - this.#limit))
    const added = chunk.subarray(Math.max(0, chunk.length - this.#limit))
    const bytes = new Uint8Array(kept.length + added.length)
    bytes.set(kept)
    bytes.set(added, kept.length)
    this.#bytes = bytes
  }

  /** Appends all that a stream brings; a stream that breaks ends like one that is over. */
  async follow(stream: ReadableStream<Uint8Array>): Promise<void> {
    try {
      for await (const chunk of stream) this.write(chunk)
    } catch {
      // The process that wrote is gone; what came before stays.
    }
  }

  /** What is kept, as text. */
  text(): string {
    return new TextDecoder().decode(this.#bytes)
  }
}
