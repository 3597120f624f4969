import { err, ok, type Result } from "./result.ts"

/** Units of sizes, each 1,024 times the one before. */
const UNITS = ["B", "KB", "MB", "GB", "TB"] as const

/**
 * Reads a size such as "2GB" or "512KB"; bytes. The error is a text for people.
 * Source: apache/mesos: 3rdparty/stout/include/stout/bytes.hpp.
 */
export function parseByteSize(text: string): Result<number, string> {
  const match = /^(\d{1,12})(B|KB|MB|GB|TB)$/.exec(text.trim())
  const unit = UNITS.findIndex((name) => name === match?.[2])
  const bytes = Number(match?.[1]) * 1024 ** unit
  if (unit < 0 || !Number.isSafeInteger(bytes))
    return err(`'${text}' is no size: write a whole number and one of ${UNITS.join(", ")}`)
  return ok(bytes)
}

/** Writes a size in the largest unit that loses nothing: 1536 is "1536B", 2048 is "2KB". */
export function formatByteSize(bytes: number): string {
  let amount = bytes
  let unit = 0
  while (amount > 0 && amount % 1024 === 0 && unit < UNITS.length - 1) {
    amount /= 1024
    unit++
  }
  return `${amount}${UNITS[unit]}`
}
