const UNITS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
}

/** Nanoseconds of a duration as Docker's command line writes it, "1h2m3.5s"; undefined for others. */
export function parseGoDuration(text: string): number | undefined {
  if (text === "0") return 0
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)]
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== text) return undefined
  return parts.reduce(
    (sum, [, amount, unit = ""]) => sum + Math.round(Number(amount) * (UNITS[unit] ?? 0)),
    0,
  )
}
