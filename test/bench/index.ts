import { launch } from "./launch.ts"
import type { Benchmark } from "./result.ts"

/** Every benchmark, in the order they run. */
export const benchmarks: readonly Benchmark[] = [launch]
