/** How serious a log record is. */
export type LogLevel = "debug" | "info" | "warn" | "error"

/** The facts of a log record, by name; never a secret. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>

/** Where log records go. `enabled` lets a hot path skip building what nobody reads. */
export interface Log {
  enabled(level: LogLevel): boolean
  write(level: LogLevel, message: string, fields?: LogFields): void
}
