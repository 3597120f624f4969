/** How serious a log record is. */
export type LogLevel = "debug" | "info" | "warn" | "error"

/** The facts of a log record, by name; never a secret. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>

/** Where log records go. `enabled` lets a hot path skip building what nobody reads. */
export interface Log {
  enabled(level: LogLevel): boolean
  write(level: LogLevel, message: string, fields?: LogFields): void
}

/** How much a log says, by the numbers of Mesos: 0 for info and what is worse, from 1 on debug too. */
export interface LogVerbosity {
  /** What it says when nobody asks for more. */
  readonly original: number
  level(): number
  /** Says as much for some milliseconds, then what it says originally; the latest call counts. */
  set(level: number, durationMs: number): void
}
