import type { LogFields, LogLevel } from "#lib/ports/index.ts"
import type { Deadlines } from "#lib/std/deadlines.ts"
import type { AgentEffect } from "./types.ts"

/** One step under way: its time in milliseconds, and where its effects go, in order. */
export type Turn = { readonly now: number; readonly out: AgentEffect[] }

/** Tells the log, with facts by name. */
export function say(turn: Turn, level: LogLevel, message: string, fields: LogFields = {}): void {
  turn.out.push({ kind: "log", level, message, fields })
}

/** What a timer of the agent is for; a subject follows where there is one per task or container. */
export type TimerKind =
  | "register"
  | "ping"
  | "disk"
  | "stream"
  | "operation"
  | "launch"
  | "kill"
  | "complete"
  /** An executor must subscribe. */
  | "executor"
  /** An executor that ends is killed. */
  | "executorKill"
  | "health"
  | "check"
  | "called"

/** Names one timer: "<kind>" or "<kind> <subject>". */
export type TimerKey = TimerKind | `${TimerKind} ${string}`

/** All timers of an agent; one alarm of the loop serves them. */
export type Timers = Deadlines<TimerKey>

/** The parts of a timer's name. */
export function parseTimerKey(key: TimerKey): {
  readonly kind: TimerKind
  readonly subject: string
} {
  const space = key.indexOf(" ")
  if (space < 0) return { kind: key as TimerKind, subject: "" }
  return { kind: key.slice(0, space) as TimerKind, subject: key.slice(space + 1) }
}
