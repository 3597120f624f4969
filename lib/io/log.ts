import {
  createConsola,
  LogLevels,
  type ConsolaInstance,
  type ConsolaReporter,
  type LogObject,
} from "consola/core"
import type { Log, LogFields, LogLevel } from "#lib/ports/index.ts"

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

/** The line of a record such as `2026-01-31T10:00:00.000Z info  agent registered id="…"`. */
function renderLine({ date, type, args }: LogObject): string {
  const [message, fields] = args as [string, LogFields | undefined]
  return `${date.toISOString()} ${type.padEnd(5)} ${message}${renderFields(fields)}\n`
}

/** Gathers lines for a moment before it writes them; an error is written at once. */
class LineReporter implements ConsolaReporter {
  readonly #write: (text: string) => void
  #buffer = ""
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(write: (text: string) => void) {
    this.#write = write
  }

  log(record: LogObject): void {
    this.#buffer += renderLine(record)
    if (record.level <= LogLevels.error || this.#buffer.length > BUFFER_LIMIT) this.flush()
    else this.#timer ??= setTimeout(() => this.flush(), FLUSH_AFTER_MS)
  }

  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const text = this.#buffer
    this.#buffer = ""
    if (text !== "") this.#write(text)
  }
}

/**
 * The log of a daemon: consola decides by level, a reporter of lines writes through `write`. Lines
 * gather for a moment; an error and `flush` write at once.
 */
export class LineLog implements Log {
  readonly #consola: ConsolaInstance
  readonly #reporter: LineReporter

  constructor(least: LogLevel, write: (text: string) => void) {
    this.#reporter = new LineReporter(write)
    this.#consola = createConsola({
      level: LogLevels[least],
      reporters: [this.#reporter],
      // Consola holds back what repeats; the record of a daemon has every line.
      throttle: 0,
    })
  }

  enabled(level: LogLevel): boolean {
    return LogLevels[level] <= this.#consola.level
  }

  write(level: LogLevel, message: string, fields?: LogFields): void {
    this.#consola[level](message, fields)
  }

  /** Writes records from this level on. */
  setLevel(least: LogLevel): void {
    this.#consola.level = LogLevels[least]
  }

  /** Writes what is buffered. */
  flush(): void {
    this.#reporter.flush()
  }
}
