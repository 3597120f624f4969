import { err, ok, type Result } from "#lib/std/result.ts"

const encoder = new TextEncoder()
const newline = 0x0a
const zero = 0x30

/** Digits of a length; more cannot be a record anyone would send. */
const HEADER_LIMIT = 10

/** Records of a stream, in one piece: of each its length in decimal, a newline, the bytes. */
export function encodeRecords(payloads: readonly (string | Uint8Array)[]): Uint8Array {
  const parts: Uint8Array[] = []
  for (const payload of payloads) {
    const bytes = typeof payload === "string" ? encoder.encode(payload) : payload
    parts.push(encoder.encode(`${bytes.length}\n`), bytes)
  }
  const out = new Uint8Array(parts.reduce((total, { length }) => total + length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

/** Why a stream cannot be read on: the bytes are not records, or one is larger than allowed. */
export type RecordError = {
  readonly code: "badRecord" | "recordTooLarge"
  readonly message: string
}

/**
 * Takes a stream apart into records, whatever the borders of its chunks. After an error it stays
 * broken, as there is no telling where the next record begins.
 */
export class RecordDecoder {
  readonly #limit: number
  #length = 0
  #digits = 0
  /** The record under way; undefined while its length is being read. */
  #record: Uint8Array | undefined
  #filled = 0
  #broken: RecordError | undefined

  /** `limit`: the largest record in bytes that is accepted. */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** Whether a record has begun and not ended: a stream that ends here was cut. */
  get partial(): boolean {
    return this.#digits > 0 || this.#record !== undefined
  }

  /** The records that this chunk completes. */
  push(chunk: Uint8Array): Result<readonly Uint8Array[], RecordError> {
    const records: Uint8Array[] = []
    let at = 0
    while (at < chunk.length && this.#broken === undefined) {
      if (this.#record === undefined) this.#header(chunk[at++] ?? 0, records)
      else at += this.#fill(this.#record, chunk.subarray(at), records)
    }
    return this.#broken === undefined ? ok(records) : err(this.#broken)
  }

  #header(byte: number, records: Uint8Array[]): void {
    if (byte !== newline) {
      const digit = byte - zero
      if (digit < 0 || digit > 9 || this.#digits === HEADER_LIMIT)
        this.#broken = { code: "badRecord", message: "expected the length of a record" }
      this.#length = this.#length * 10 + digit
      this.#digits++
      return
    }
    if (this.#digits === 0)
      this.#broken = { code: "badRecord", message: "a record has an empty length" }
    else if (this.#length > this.#limit)
      this.#broken = {
        code: "recordTooLarge",
        message: `a record of ${this.#length} bytes exceeds the limit of ${this.#limit}`,
      }
    else if (this.#length === 0) this.#complete(new Uint8Array(0), records)
    else this.#record = new Uint8Array(this.#length)
  }

  #fill(record: Uint8Array, rest: Uint8Array, records: Uint8Array[]): number {
    const part = rest.subarray(0, record.length - this.#filled)
    record.set(part, this.#filled)
    this.#filled += part.length
    if (this.#filled === record.length) this.#complete(record, records)
    return part.length
  }

  #complete(record: Uint8Array, records: Uint8Array[]): void {
    records.push(record)
    this.#record = undefined
    this.#length = 0
    this.#digits = 0
    this.#filled = 0
  }
}
