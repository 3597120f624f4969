/** The state of a replacement, counted over the instances of one app. */
export type ReplacementCounts = {
  /** Instances that the new definition wants; at least 1. */
  readonly target: number
  readonly minimumHealthCapacity: number
  readonly maximumOverCapacity: number
  /** New-version instances that are to run. */
  readonly started: number
  /** Those of them that are healthy and ready. */
  readonly startedHealthy: number
  /** Old instances that have not ended yet, those being killed included. */
  readonly oldActive: number
  /** Old instances that are still to run. */
  readonly oldRunning: number
  /** Those of them that are healthy. */
  readonly oldHealthy: number
}

/** What to do next: how many old instances to end and how many new ones to start. */
export type ReplacementMove = {
  readonly kill: number
  readonly start: number
  /** Nothing else moves and an old unhealthy instance is in the way: ending one loses nothing. */
  readonly killOneUnhealthy: boolean
}

/**
 * The next moves of a rolling replacement. It may be asked again after any change and then answers
 * what is still missing, so that a crash in between does no harm. It differs from the original in
 * three safe ways: when an old instance dies by itself no further one is killed in its turn, instances
 * that must go because the app shrinks count old ones only, and a replacement that only an unhealthy
 * old instance holds up ends that one instead of waiting for ever.
 * Source: marathon-api reference, section 5.3.
 */
export function nextReplacementMove(counts: ReplacementCounts): ReplacementMove {
  const { target, started, oldActive, oldRunning } = counts
  const healthy = counts.oldHealthy + counts.startedHealthy
  const minHealthy = Math.ceil(rounded(target * counts.minimumHealthCapacity))
  let maxCapacity = Math.floor(rounded(target * (1 + counts.maximumOverCapacity)))
  if (minHealthy === maxCapacity && maxCapacity <= healthy) maxCapacity++
  const replaced = Math.min(target, counts.startedHealthy)
  const surplus = Math.max(0, healthy - minHealthy, oldRunning - (target - replaced))
  const kill = Math.min(oldRunning, surplus)
  const start = Math.max(
    0,
    Math.min(target - started, Math.max(0, maxCapacity - oldActive - started)),
  )
  const stuck =
    kill === 0 &&
    start === 0 &&
    oldRunning === oldActive &&
    oldRunning > counts.oldHealthy &&
    started === counts.startedHealthy &&
    started < target
  return { kill, start, killOneUnhealthy: stuck }
}

// Products of decimal fractions carry errors of about 1e-16, which ceil and floor would make whole.
const rounded = (value: number): number => Math.round(value * 1e9) / 1e9
