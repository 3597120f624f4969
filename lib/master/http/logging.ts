import type { Context } from "hono"
import type { master as v1 } from "#lib/mesos/index.ts"
import { parseDuration } from "#lib/std/duration.ts"
import { refuse } from "#lib/std/refuse.ts"
import type { MasterHttpOptions } from "./ports.ts"

const NANOSECONDS_PER_MS = 1_000_000

/**
 * GET /logging/toggle: how much the log says, or with `level` and `duration` that it says as much for
 * so long. Source: apache/mesos: 3rdparty/libprocess/src/logging.cpp.
 */
export function toggleLogging(options: MasterHttpOptions, { req }: Context): Response {
  const level = req.query("level")
  const duration = req.query("duration")
  if (level === undefined && duration === undefined)
    return refuse(200, `${options.logVerbosity?.level() ?? 0}\n`)
  if (level === undefined) return refuse(400, "Expecting 'level=value' in query.\n")
  if (duration === undefined) return refuse(400, "Expecting 'duration=value' in query.\n")
  const durationMs = parseDuration(duration)
  if (!/^\d{1,9}$/.test(level)) return refuse(400, `Invalid level '${level}'.\n`)
  if (!durationMs.ok) return refuse(400, `Invalid duration '${duration}'.\n`)
  return setVerbosity(options, Number(level), durationMs.value)
}

/** SET_LOGGING_LEVEL. */
export const setLoggingLevel = (
  options: MasterHttpOptions,
  { level, duration }: v1.CallSetLoggingLevel,
): Response => setVerbosity(options, level, duration.nanoseconds / NANOSECONDS_PER_MS)

function setVerbosity(
  { logVerbosity }: MasterHttpOptions,
  level: number,
  durationMs: number,
): Response {
  if (logVerbosity === undefined) return refuse(501, "What this log says cannot be changed")
  if (level < logVerbosity.original) return refuse(400, `'${level}' < original level.\n`)
  logVerbosity.set(level, Math.max(0, durationMs))
  return refuse(200, "")
}
