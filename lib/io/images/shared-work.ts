type Work<T> = {
  readonly promise: Promise<T>
  readonly abort: AbortController
  waiters: number
}

/** Work that several ask for at the same time is done once. It is given up when all have given up. */
export class SharedWork<T> {
  readonly #running = new Map<string, Work<T>>()

  /** Whether there is work of that name under way, which `run` would join. */
  isRunning(key: string): boolean {
    return this.#running.has(key)
  }

  /**
   * Starts the work of that name, or joins it. Rejects when the signal aborts; the work goes on while
   * somebody else waits for it, and the last who leaves stays until it has cleaned up. The work's own
   * signal aborts when the last has left, also after it has ended: each has `taken` the result by then.
   */
  async run(
    key: string,
    start: (signal: AbortSignal) => Promise<T>,
    signal: AbortSignal,
    taken: (result: T) => void = () => {},
  ): Promise<T> {
    signal.throwIfAborted()
    const work = this.#running.get(key) ?? this.#start(key, start)
    work.waiters++
    const given = Promise.withResolvers<never>()
    const giveUp = (): void => given.reject(signal.reason)
    signal.addEventListener("abort", giveUp, { once: true })
    try {
      const result = await Promise.race([work.promise, given.promise])
      taken(result)
      return result
    } finally {
      signal.removeEventListener("abort", giveUp)
      work.waiters--
      if (work.waiters === 0) {
        // Whoever comes now must not join work that is being given up.
        if (this.#running.get(key) === work) this.#running.delete(key)
        work.abort.abort()
        await work.promise.catch(() => {})
      }
    }
  }

  #start(key: string, start: (signal: AbortSignal) => Promise<T>): Work<T> {
    const abort = new AbortController()
    const promise = start(abort.signal).finally(() => {
      if (this.#running.get(key) === work) this.#running.delete(key)
    })
    // Without waiters nobody else would look at its failure.
    promise.catch(() => {})
    const work: Work<T> = { promise, abort, waiters: 0 }
    this.#running.set(key, work)
    return work
  }
}
