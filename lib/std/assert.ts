/** A broken invariant: a bug, never bad input. It ends the process; recovery is a restart. */
export class AssertionError extends Error {
  override readonly name = "AssertionError"
}

/** Fails with an `AssertionError` unless `condition` holds. Stays on in production. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message)
}

/** The value, or an `AssertionError` when it is absent: for what an invariant says must be there. */
export function must<T>(value: T | undefined | null, message: string): T {
  if (value === undefined || value === null) throw new AssertionError(message)
  return value
}
