import { LineLog } from "#lib/io/index.ts"
import type { Log, LogLevel } from "#lib/ports/index.ts"

/** A daemon that runs until it is stopped or fails. */
export type Running = {
  /** What a person who starts it wants to see: name of a thing to where it is. */
  readonly addresses: Readonly<Record<string, string>>
  /** Resolves with the reason when the daemon cannot go on, or undefined when its work is done. */
  readonly failed: Promise<string | undefined>
  /** Ends the daemon; what it runs on behalf of others goes on where that is promised. */
  stop(): Promise<void>
}

/** A log that gathers lines for a moment before it writes them. */
export type DaemonLog = Log & { flush(): void }

/** A daemon that could not be started; the message names the cause and the remedy. */
export class StartError extends Error {
  override readonly name = "StartError"
}

/** The log of a daemon: lines on standard error. What it gathers is written when the daemon stops. */
export const daemonLog = (level: LogLevel): LineLog =>
  new LineLog(level, (text) => void process.stderr.write(text))

/** The text of a fault, for people. */
export const causeText = (cause: unknown): string =>
  cause instanceof Error ? cause.message : String(cause)
