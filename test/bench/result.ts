/** One measured figure. `budget` is what it must not exceed, or must reach where more is better. */
export type BenchResult = {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly budget: number | null
  /** Whether the budget is met; null where there is none. */
  readonly met: boolean | null
}

/** A figure of which less is better. */
export const atMost = (
  name: string,
  value: number,
  unit: string,
  budget: number | null,
): BenchResult => ({ name, value, unit, budget, met: budget === null ? null : value <= budget })

/** A figure of which more is better. */
export const atLeast = (
  name: string,
  value: number,
  unit: string,
  budget: number | null,
): BenchResult => ({ name, value, unit, budget, met: budget === null ? null : value >= budget })

/** A benchmark: a name to run it alone by, the figures it yields, and what measures them. */
export type Benchmark = {
  readonly name: string
  readonly measures: readonly string[]
  readonly run: (executable: string) => Promise<readonly BenchResult[]>
}

/** The middle of some numbers. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
