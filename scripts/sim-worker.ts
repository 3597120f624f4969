/** Simulates the clusters that its parent names, one after another: see `sim-pool.ts`. */
import { drainMicrotasks } from "bun:jsc"
import { simulate, type SimulationOptions } from "#lib/sim/index.ts"

/** What a run is made of, as far as it can be told to another thread. */
export type RunOptions = Omit<SimulationOptions, "settle" | "seams">

declare const self: Worker

self.onmessage = ({ data }: MessageEvent<RunOptions>) =>
  self.postMessage(simulate({ ...data, settle: drainMicrotasks }), [])
