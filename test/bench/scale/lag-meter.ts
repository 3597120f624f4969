import type { Lag } from "./frames.ts"

/** How often the meter looks, in milliseconds. */
const EVERY_MS = 2

/** Measures how late timers of this process are: how long something else kept the event loop. */
export class LagMeter {
  #lags: number[] = []

  start(): void {
    let expected = performance.now() + EVERY_MS
    const tick = (): void => {
      const now = performance.now()
      this.#lags.push(Math.max(0, now - expected))
      expected = now + EVERY_MS
      setTimeout(tick, EVERY_MS)
    }
    setTimeout(tick, EVERY_MS)
  }

  reset(): void {
    this.#lags = []
  }

  read(): Lag {
    return lagOf(this.#lags)
  }
}

/** Percentiles over all looks. */
function lagOf(lags: readonly number[]): Lag {
  const sorted = lags.toSorted((a, b) => a - b)
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? 0
  return { p50: at(0.5), p99: at(0.99), max: sorted.at(-1) ?? 0 }
}
