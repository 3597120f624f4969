/** Bits of the types of files by the letter with which ls(1) begins their mode. */
const TYPES: Readonly<Record<string, number>> = {
  d: 0o040_000,
  l: 0o120_000,
  c: 0o020_000,
  b: 0o060_000,
  p: 0o010_000,
  s: 0o140_000,
}

const REGULAR_FILE = 0o100_000

/** The `st_mode` that ls(1) prints as such a text, such as "drwxr-x--T". */
export function modeNumber(text: string): number {
  let mode = TYPES[text.charAt(0)] ?? REGULAR_FILE
  for (let group = 0; group < 3; group++) {
    const [read, write, execute = "-"] = text.slice(1 + 3 * group, 4 + 3 * group)
    const bits = (read === "r" ? 4 : 0) | (write === "w" ? 2 : 0) | (/[xst]/.test(execute) ? 1 : 0)
    mode |= bits << (6 - 3 * group)
    if (/[sStT]/.test(execute)) mode |= 0o4000 >> group
  }
  return mode
}
