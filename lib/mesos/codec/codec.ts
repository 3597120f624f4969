import type { Decoding } from "./decoding.ts"

/**
 * How reservations are written: "new" has the stack alone; "old" the role and one dynamic
 * reservation, for frameworks without RESERVATION_REFINEMENT; "endpoint" has both where both can say
 * it, for operators.
 */
export type ReservationForm = "new" | "old" | "endpoint"

/** Reads and writes one type. */
export type Codec = {
  readonly decode: (json: unknown, decoding: Decoding) => unknown
  readonly encode: (value: unknown, form: ReservationForm) => unknown
}

/** An object of JSON or of ours, members unknown. */
export type Members = Readonly<Record<string, unknown>>

/** Whether JSON is an object. */
export const isObject = (json: unknown): json is Members =>
  typeof json === "object" && json !== null && !Array.isArray(json)
