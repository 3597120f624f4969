import type { Log, LogFields, LogLevel } from "#lib/ports/index.ts"

const rank: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 }

/** Text kept back at most before it is written, so that a busy process makes few system calls. */
const BUFFER_LIMIT = 64 * 1024

/** Milliseconds after which buffered text is written. */
const FLUSH_AFTER_MS = 50

function renderFields(fields: LogFields | undefined): string {
  if (fields === undefined) return ""
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}=${typeof value === "string" ? JSON.stringify(value) : value}`)
    .join("")
}

/**
 * A log of lines such as `2026-01-31T10:00:00.000Z info  agent registered id="…"`, written through
 * `write`. Lines gather for a moment; an error and `flush` write at once.
 */
export class LineLog implements Log {
  readonly #least: number
  readonly #write: (text: string) => void
  #buffer = ""
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(least: LogLevel, write: (text: string) => void) {
    this.#least = rank[least]
    this.#write = write
  }

  enabled(level: LogLevel): boolean {
    return rank[level] >= this.#least
  }

  write(level: LogLevel, message: string, fields?: LogFields): void {
    if (!this.enabled(level)) return
    const time = new Date().toISOString()
    this.#buffer += `${time} ${level.padEnd(5)} ${message}${renderFields(fields)}\n`
    if (level === "error" || this.#buffer.length > BUFFER_LIMIT) this.flush()
    else this.#timer ??= setTimeout(() => this.flush(), FLUSH_AFTER_MS)
  }

  /** Writes what is buffered. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const text = this.#buffer
    this.#buffer = ""
    if (text !== "") this.#write(text)
  }
}
