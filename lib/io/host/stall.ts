/** Aborts work that stands still: `signal` aborts when `alive` has not been called for a while. */
export class Stall {
  readonly #limitMs: number
  readonly #abort = new AbortController()
  #timer: ReturnType<typeof setTimeout> | undefined
  /** What the signal aborts with. */
  readonly reason: Error
  /** Aborts when the work stands still, or when the caller's own signal does. */
  readonly signal: AbortSignal

  constructor(limitMs: number, signal: AbortSignal) {
    this.#limitMs = limitMs
    this.reason = new Error(`no data came for ${limitMs / 1000} s`)
    this.signal = AbortSignal.any([signal, this.#abort.signal])
    this.alive()
  }

  /** Whether it stood still for too long. */
  get isOver(): boolean {
    return this.#abort.signal.aborted
  }

  /** Something came: the time begins anew. */
  alive(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#abort.abort(this.reason), this.#limitMs)
  }

  /** The work is done. */
  end(): void {
    clearTimeout(this.#timer)
  }
}
