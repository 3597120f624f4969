/** Bytes of their own, not shared with other threads, as a Blob wants them. */
export type Bytes = Uint8Array<ArrayBuffer>

/** Bytes from which a chunk is complete. */
const CHUNK_BYTES = 128 * 1024

/** Bytes that grow at the end, kept in few pieces: each piece that is sent costs a write of its own. */
export class Chunks {
  readonly #full: Bytes[] = []
  /** What is not enough for a chunk yet. */
  #rest: Bytes[] = []
  #restLength = 0
  #length = 0

  get length(): number {
    return this.#length
  }

  push(bytes: Bytes): void {
    this.#length += bytes.length
    this.#restLength += bytes.length
    this.#rest.push(bytes)
    if (this.#restLength >= CHUNK_BYTES) this.#close()
  }

  /** Adds all of the other's. */
  append(other: Chunks): void {
    for (const chunk of other.take()) this.push(chunk)
  }

  /** All of it. */
  take(): readonly Bytes[] {
    if (this.#restLength > 0) this.#close()
    return this.#full
  }

  #close(): void {
    this.#full.push(this.#rest.length === 1 ? (this.#rest[0] as Bytes) : join(this.#rest))
    this.#rest = []
    this.#restLength = 0
  }
}

function join(parts: readonly Bytes[]): Bytes {
  const whole = new Uint8Array(parts.reduce((total, { length }) => total + length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
