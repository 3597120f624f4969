import { RecordDecoder } from "#lib/mesos/index.ts"
import { err, ok, type Result } from "#lib/std/result.ts"

/** Bytes of one record of a streamed request at most. */
const RECORD_BYTES_MAX = 1024 * 1024

/** Reads the records of a streamed request one by one, as they are asked for. */
export class RecordReader {
  readonly #body: ReturnType<typeof readerOf> | undefined
  readonly #decoder = new RecordDecoder(RECORD_BYTES_MAX)
  #ready: Uint8Array[] = []

  constructor(body: ReadableStream<Uint8Array> | null) {
    this.#body = body === null ? undefined : readerOf(body)
  }

  /** The next record; undefined at the end. The error says what is wrong with the stream. */
  async next(): Promise<Result<Uint8Array | undefined, string>> {
    for (;;) {
      const record = this.#ready.shift()
      if (record !== undefined) return ok(record)
      const chunk = await this.#read()
      if (chunk === undefined) return this.#decoder.partial ? err("it was cut") : ok(undefined)
      const records = this.#decoder.push(chunk)
      if (!records.ok) return err(records.error.message)
      this.#ready = [...records.value]
    }
  }

  /** Gives the rest of the stream up. */
  cancel(): void {
    void this.#body?.cancel().catch(() => undefined)
  }

  async #read(): Promise<Uint8Array | undefined> {
    try {
      const { done, value } = (await this.#body?.read()) ?? { done: true, value: undefined }
      return done ? undefined : value
    } catch {
      // The connection broke: its stream ends here.
      return undefined
    }
  }
}

const readerOf = (body: ReadableStream<Uint8Array>) => body.getReader()
