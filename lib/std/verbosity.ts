import { parseDuration } from "./duration.ts"
import { refuse } from "./refuse.ts"

/** What of a log can be changed from outside. */
type Verbosity = {
  readonly original: number
  level(): number
  set(level: number, durationMs: number): void
}

/**
 * GET /logging/toggle: how much the log says, or with `level` and `duration` that it says as much for
 * so long. Source: apache/mesos: 3rdparty/libprocess/src/logging.cpp.
 */
export function toggleLogging(
  verbosity: Verbosity | undefined,
  query: { readonly level?: string | undefined; readonly duration?: string | undefined },
): Response {
  const { level, duration } = query
  if (level === undefined && duration === undefined)
    return refuse(200, `${verbosity?.level() ?? 0}\n`)
  if (level === undefined) return refuse(400, "Expecting 'level=value' in query.\n")
  if (duration === undefined) return refuse(400, "Expecting 'duration=value' in query.\n")
  const durationMs = parseDuration(duration)
  if (!/^\d{1,9}$/.test(level)) return refuse(400, `Invalid level '${level}'.\n`)
  if (!durationMs.ok) return refuse(400, `Invalid duration '${duration}'.\n`)
  return setVerbosity(verbosity, Number(level), durationMs.value)
}

/** Has the log say as much for so long; refused when that is less than it says by itself. */
export function setVerbosity(
  verbosity: Verbosity | undefined,
  level: number,
  durationMs: number,
): Response {
  if (verbosity === undefined) return refuse(501, "What this log says cannot be changed")
  if (level < verbosity.original) return refuse(400, `'${level}' < original level.\n`)
  verbosity.set(level, Math.max(0, durationMs))
  return refuse(200, "")
}

/** SET_LOGGING_LEVEL, of masters and agents. */
export const setLoggingLevel = (
  verbosity: Verbosity | undefined,
  call: { readonly level: number; readonly duration: { readonly nanoseconds: number } },
): Response => setVerbosity(verbosity, call.level, call.duration.nanoseconds / 1_000_000)
