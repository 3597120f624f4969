import type { LogFields, LogLevel, Write } from "#lib/ports/index.ts"

/** Effects that the loop itself performs; a machine adds its own kinds beside them. */
export type BaseEffect =
  | Write
  /** Asks for a `wake` input not before `at`; a machine has one alarm, and the latest request counts. */
  | { readonly kind: "wakeAt"; readonly at: number }
  | {
      readonly kind: "log"
      readonly level: LogLevel
      readonly message: string
      readonly fields?: LogFields
    }

/** The input that tells a machine its alarm went off. It may come late, early or twice. */
export type Wake = { readonly kind: "wake" }

/**
 * A deterministic state machine: no I/O, clock, randomness or await inside. `step` changes the
 * machine's state and pushes what must be done onto `out`, in order. Time is `now`, in milliseconds.
 */
export interface Machine<
  Input extends { readonly kind: string },
  Effect extends { readonly kind: string },
> {
  step(input: Input | Wake, now: number, out: (Effect | BaseEffect)[]): void
}
