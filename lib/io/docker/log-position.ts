import { readFile, rename, writeFile } from "node:fs/promises"
import { ifExists } from "#lib/io/host/files.ts"
import type { LogEntry } from "./log-entries.ts"

/** How far one stream has been copied. */
export type StreamPosition = {
  /** Timestamp of the last entry copied, "" before the first. */
  readonly at: string
  /** How many entries of that very timestamp were copied. */
  readonly count: number
  /** Size that the log in the sandbox had then. */
  readonly size: number
}

/** How far a container's output has been copied into its sandbox. */
export type LogPosition = Readonly<Record<LogEntry["stream"], StreamPosition>>

/** Where a container starts. */
export const LOG_START: StreamPosition = { at: "", count: 0, size: 0 }

/** By so much later an entry may have been stamped than one of the other stream that follows it. */
const SKEW_MS = 60_000

/**
 * The value of `since` with which the daemon sends everything that is not yet copied, and some that is.
 * The two streams are stamped independently, so the earlier one counts; one that has no entry yet may
 * have its first before the last of the other.
 */
export function sinceOf({ stdout, stderr }: LogPosition): string {
  const [first = "", second = ""] = [stdout.at, stderr.at].filter((at) => at !== "").toSorted()
  if (first === "") return "0"
  const [seconds = "", fraction = "0Z"] = first.split(".")
  const since = Date.parse(`${seconds}Z`)
  return second === ""
    ? `${Math.max(0, since - SKEW_MS) / 1000}`
    : `${since / 1000}.${fraction.slice(0, -1)}`
}

/** Tells, over one connection to the daemon, entries that are new from those copied before. */
export class NewEntries {
  readonly #start: LogPosition
  readonly #seen = { stdout: 0, stderr: 0 }

  constructor(start: LogPosition) {
    this.#start = start
  }

  /** Whether the entry was not copied before the connection was made; to be asked once for each. */
  isNew({ stream, at }: LogEntry): boolean {
    const start = this.#start[stream]
    if (at !== start.at) return at > start.at
    return ++this.#seen[stream] > start.count
  }
}

/** The position after one more entry was written. */
export const advance = (position: StreamPosition, entry: LogEntry): StreamPosition => ({
  at: entry.at,
  count: entry.at === position.at ? position.count + 1 : 1,
  size: position.size + entry.content.length,
})

/** Reads a stored position; undefined when there is none or it was damaged. */
export async function readPosition(path: string): Promise<LogPosition | undefined> {
  const text = await ifExists(readFile(path, "utf8"))
  if (text === undefined) return undefined
  try {
    return JSON.parse(text) as LogPosition
  } catch {
    return undefined
  }
}

/** Stores a position: the old one or the new one is there at any moment. */
export async function writePosition(path: string, position: LogPosition): Promise<void> {
  await writeFile(`${path}.new`, JSON.stringify(position))
  await rename(`${path}.new`, path)
}
