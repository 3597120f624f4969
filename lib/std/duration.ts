import { err, ok, type Result } from "./result.ts"

/** Milliseconds of each unit, by the names that Mesos' flags use. */
const UNITS: ReadonlyMap<string, number> = new Map([
  ["ns", 1e-6],
  ["us", 1e-3],
  ["ms", 1],
  ["secs", 1_000],
  ["mins", 60_000],
  ["hrs", 3_600_000],
  ["days", 86_400_000],
  ["weeks", 604_800_000],
])

/**
 * Reads a duration such as "15secs" or "1.5mins"; milliseconds. The error is a text for people.
 * Source: apache/mesos: 3rdparty/stout/include/stout/duration.hpp.
 */
export function parseDuration(text: string): Result<number, string> {
  const match = /^(\d+(?:\.\d+)?)([a-z]+)$/.exec(text.trim())
  const unit = UNITS.get(match?.[2] ?? "")
  if (match === null || unit === undefined)
    return err(
      `'${text}' is no duration: write a number and one of ${[...UNITS.keys()].join(", ")}`,
    )
  return ok(Number(match[1]) * unit)
}

/**
 * A duration as Mesos' flags and messages say it: in the largest unit it reaches, or in the next
 * smaller one where that leaves no whole number, such as "90secs". Milliseconds, 0 or more.
 * Source: apache/mesos: 3rdparty/stout/include/stout/duration.hpp.
 */
export function formatDuration(milliseconds: number): string {
  const nanoseconds = Math.round(milliseconds * 1e6)
  let text = `${nanoseconds}ns`
  let smaller = text
  for (const [unit, size] of UNITS) {
    const sizeNs = Math.round(size * 1e6)
    if (nanoseconds < sizeNs) break
    const whole = nanoseconds % sizeNs === 0
    const here = `${Number((nanoseconds / sizeNs).toPrecision(15))}${unit}`
    text = whole ? here : smaller
    smaller = here
  }
  return text
}
