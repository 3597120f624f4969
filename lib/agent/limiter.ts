import { Ring } from "#lib/std/ring.ts"

/** Jobs that may wait; far beyond what one machine can be asked to do. */
const WAITING_LIMIT = 1 << 20

/** Runs jobs in order of arrival, at most `limit` at one time. */
export class Limiter {
  readonly #limit: number
  readonly #waiting = new Ring<() => void>(WAITING_LIMIT)
  #running = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Runs the job once there is room; settles as the job does. Rejects when too many jobs wait. */
  async run<T>(job: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#limit) await this.#turn()
    else this.#running++
    try {
      return await job()
    } finally {
      // The room passes on to the next job without being free in between.
      const next = this.#waiting.shift()
      if (next === undefined) this.#running--
      else next()
    }
  }

  #turn(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (!this.#waiting.push(resolve)) reject(new Error("too many jobs wait for their turn"))
    })
  }
}
