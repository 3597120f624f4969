/**
 * Items that gather while those before them are written, so that one slow write takes many of them.
 * Whoever adds waits once there are too many.
 */
export class Gathered<T> {
  readonly #bytesMax: number
  readonly #write: (items: readonly T[]) => Promise<void>
  #items: T[] = []
  #bytes = 0
  #writing: Promise<void> | undefined
  #fault: { readonly cause: unknown } | undefined

  constructor(bytesMax: number, write: (items: readonly T[]) => Promise<void>) {
    this.#bytesMax = bytesMax
    this.#write = write
  }

  /** Adds items of so many bytes. Rejects when writing has failed; nothing is written after that. */
  async add(items: readonly T[], bytes: number): Promise<void> {
    this.#items.push(...items)
    this.#bytes += bytes
    this.#start()
    while (this.#bytes >= this.#bytesMax && this.#writing !== undefined) await this.#writing
    if (this.#fault !== undefined) throw this.#fault.cause
  }

  /** Resolves when all is written; rejects when it could not be. */
  async end(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing
    if (this.#fault !== undefined) throw this.#fault.cause
  }

  #start(): void {
    if (this.#writing !== undefined || this.#items.length === 0 || this.#fault !== undefined) return
    const items = this.#items
    this.#items = []
    this.#bytes = 0
    this.#writing = this.#write(items)
      .catch((cause: unknown) => {
        this.#fault = { cause }
      })
      .finally(() => {
        this.#writing = undefined
        this.#start()
      })
  }
}
