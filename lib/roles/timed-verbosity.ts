import type { LineLog } from "#lib/io/index.ts"
import type { Cancel, Clock, LogLevel, LogVerbosity } from "#lib/ports/index.ts"

/** A log that says more for a while, then again what it was set up for. */
export class TimedVerbosity implements LogVerbosity {
  readonly original: number
  readonly #log: Pick<LineLog, "setLevel">
  readonly #least: LogLevel
  readonly #clock: Clock
  #level: number
  #cancel: Cancel | undefined

  constructor(log: Pick<LineLog, "setLevel">, least: LogLevel, clock: Clock) {
    this.#log = log
    this.#least = least
    this.#clock = clock
    this.#level = this.original = least === "debug" ? 1 : 0
  }

  level(): number {
    return this.#level
  }

  set(level: number, durationMs: number): void {
    this.#cancel?.()
    this.#apply(level)
    this.#cancel =
      level === this.original
        ? undefined
        : this.#clock.wakeAt(this.#clock.now() + durationMs, () => this.#apply(this.original))
  }

  #apply(level: number): void {
    this.#level = level
    this.#log.setLevel(level === this.original ? this.#least : "debug")
  }
}
