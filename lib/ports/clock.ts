/** Stops what it was returned for; calling it late or twice is harmless. */
export type Cancel = () => void

/**
 * Time and the event loop. `now` counts milliseconds since the Unix epoch, read from the wall clock
 * once when the process starts and from the monotonic clock after that, so that it never jumps within
 * one life of a process (docs/decisions/0003-steady-time.md). It may jump either way across a restart.
 */
export interface Clock {
  now(): number
  /** Calls `wake` once, not before `at` (same clock as `now`); an `at` in the past means soon. */
  wakeAt(at: number, wake: () => void): Cancel
  /** Calls `run` after the current turn of the event loop, before any timer that is not due yet. */
  soon(run: () => void): void
}
