import type { Cancel, Clock } from "#lib/ports/index.ts"
import type { Schedule } from "./schedule.ts"

/** How a node's clock differs from virtual time. */
export type ClockError = {
  /** Milliseconds since the epoch that the clock shows at virtual time 0. */
  readonly offsetMs: number
  /** Clock milliseconds per virtual millisecond. */
  readonly rate: number
}

/**
 * One life of a process: from its start to its end or crash. Everything a process does passes through
 * its life, and a life that is over does nothing any more: its timers do not ring, its promises never
 * settle, its ports are deaf. So a crash may come between any two effects, and needs no exception.
 */
export class Life implements Clock {
  readonly name: string
  readonly #schedule: Schedule
  readonly #error: ClockError
  readonly #lastActs = new Set<() => void>()
  #over = false

  constructor(name: string, schedule: Schedule, error: ClockError) {
    this.name = name
    this.#schedule = schedule
    this.#error = error
  }

  get over(): boolean {
    return this.#over
  }

  /** Ends the life at once, whatever it was doing. */
  end(): void {
    this.#over = true
    for (const act of this.#lastActs) act()
    this.#lastActs.clear()
  }

  /** Has the machine do something when the life ends, unless it is taken back before. */
  atEnd(act: () => void): Cancel {
    this.#lastActs.add(act)
    return () => void this.#lastActs.delete(act)
  }

  now(): number {
    return Math.floor(this.#error.offsetMs + this.#schedule.now * this.#error.rate)
  }

  wakeAt(at: number, wake: () => void): Cancel {
    let cancelled = false
    const ring = (): void => {
      if (cancelled || this.#over) return
      if (this.now() >= at) return wake()
      this.#schedule.at(this.#whenShown(at), ring)
    }
    this.#schedule.at(this.#whenShown(at), ring)
    return () => {
      cancelled = true
    }
  }

  soon(run: () => void): void {
    this.after(0, run)
  }

  /** Runs `run` after so much virtual time, unless the life is over then. */
  after(ms: number, run: () => void): void {
    this.#schedule.after(ms, () => {
      if (!this.#over) run()
    })
  }

  /** What `produce` gives after so much virtual time; never settles when the life ends before. */
  later<T>(ms: number, produce: () => T): Promise<T> {
    return new Promise((resolve) => this.after(ms, () => resolve(produce())))
  }

  /** A promise that never settles: what a dead process waits for. */
  never<T>(): Promise<T> {
    return new Promise(() => {})
  }

  /** The first virtual millisecond at which the clock shows `at`, or the next one. */
  #whenShown(at: number): number {
    const when = Math.ceil((at - this.#error.offsetMs) / this.#error.rate)
    return Math.max(when, this.#schedule.now + (this.now() >= at ? 0 : 1))
  }
}
