import type { App } from "../model/index.ts"
import type { LaunchDelay, Millis } from "./records.ts"

// Source: marathon-api reference, section 6.3. A delay belongs to one configuration of an app.

const of = (delays: readonly LaunchDelay[], app: App): LaunchDelay | undefined =>
  delays.find((delay) => delay.config === app.versionInfo.lastConfigChangeAt)

const without = (delays: readonly LaunchDelay[], app: App): LaunchDelay[] =>
  delays.filter((delay) => delay.config !== app.versionInfo.lastConfigChangeAt)

const isForgotten = (delay: LaunchDelay, app: App, now: Millis): boolean =>
  now > delay.reference + app.maxLaunchDelaySeconds * 1000

/** When the next launch of the definition is allowed; 0 when no delay is in force. */
export function launchAllowedAt(delays: readonly LaunchDelay[], app: App, now: Millis): Millis {
  const delay = of(delays, app)
  return delay === undefined || isForgotten(delay, app, now) ? 0 : delay.reference + delay.delayMs
}

/** The delays after a task of the definition has failed: begun, or grown by the app's factor. */
export function delaysAfterFailure(
  delays: readonly LaunchDelay[],
  app: App,
  now: Millis,
): LaunchDelay[] {
  const old = of(delays, app)
  const max = app.maxLaunchDelaySeconds * 1000
  const next =
    old === undefined || isForgotten(old, app, now)
      ? app.backoffSeconds * 1000
      : old.delayMs * app.backoffFactor
  const delay: LaunchDelay = {
    config: app.versionInfo.lastConfigChangeAt,
    delayMs: Math.min(Math.round(next), max),
    reference: now,
  }
  return [...without(delays, app), delay]
}

/** The delays after a task was launched or came up: the same delay counts from now. */
export function delaysAfterProgress(
  delays: readonly LaunchDelay[],
  app: App,
  now: Millis,
): readonly LaunchDelay[] {
  const old = of(delays, app)
  if (old === undefined) return delays
  if (isForgotten(old, app, now)) return without(delays, app)
  return [...without(delays, app), { ...old, reference: now }]
}
