/** Runs work on the same thing one after another; work on different things runs side by side. */
export class KeyedLock {
  readonly #last = new Map<string, Promise<unknown>>()

  /** What the work comes to, once all earlier work of that key has ended, however it did. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve()
    const result = before.then(work, work)
    const settled = result.catch(() => {})
    this.#last.set(key, settled)
    try {
      return await result
    } finally {
      if (this.#last.get(key) === settled) this.#last.delete(key)
    }
  }
}
