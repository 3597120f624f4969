/** Durations that the percentiles are of: the latest ones. */
const SAMPLES = 1000

const PERCENTILES: readonly (readonly [name: string, share: number])[] = [
  ["p50", 0.5],
  ["p90", 0.9],
  ["p95", 0.95],
  ["p99", 0.99],
  ["p999", 0.999],
  ["p9999", 0.9999],
]

/**
 * How long something took, in milliseconds: the latest time as the metric itself, with statistics of
 * the latest thousand. Source: apache/mesos: 3rdparty/libprocess/include/process/metrics/timer.hpp.
 */
export class Timer {
  readonly #name: string
  readonly #latest: number[] = []
  #count = 0

  constructor(name: string) {
    this.#name = name
  }

  record(ms: number): void {
    this.#latest[this.#count % SAMPLES] = ms
    this.#count++
  }

  /** Nothing until something was recorded. */
  metrics(): Readonly<Record<string, number>> {
    if (this.#count === 0) return {}
    const sorted = Float64Array.from(this.#latest).sort()
    const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))] ?? 0
    const metrics: Record<string, number> = {
      [this.#name]: this.#latest[(this.#count - 1) % SAMPLES] ?? 0,
      [`${this.#name}/count`]: sorted.length,
      [`${this.#name}/min`]: at(0),
      [`${this.#name}/max`]: at(1),
    }
    for (const [name, share] of PERCENTILES) metrics[`${this.#name}/${name}`] = at(share)
    return metrics
  }
}
