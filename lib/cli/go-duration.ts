const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3_600,
}

/**
 * Seconds of a duration as the flags of DC/OS commands take it, such as `90s`, `5m` or `1h30m`;
 * undefined when it is none. Source: golang/go: src/time/format.go (ParseDuration), without signs.
 */
export function parseGoDuration(text: string): number | undefined {
  if (text === "0") return 0
  const part = /(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/y
  let seconds = 0
  while (part.lastIndex < text.length) {
    const at = part.exec(text)
    if (at === null) return undefined
    seconds += Number(at[1]) * (UNITS[at[2] ?? ""] ?? 0)
  }
  return text === "" ? undefined : seconds
}
