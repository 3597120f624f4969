import { UnexpectedAnswerError } from "./errors.ts"

/** A JSON object whose members are not known. */
export type JsonObject = Readonly<Record<string, unknown>>

/** Whether the value is a JSON object. */
export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** A member that should be text; `fallback` when it is something else. */
export const textOf = (value: unknown, fallback: string): string =>
  typeof value === "string" ? value : fallback

/**
 * An answer that must be an object. Only the outermost shape is checked: the client shows what the
 * server says, and reads members that may be absent.
 */
export function expectObject<T extends object>(value: unknown, what: string): T {
  if (isObject(value)) return value as T
  throw new UnexpectedAnswerError(`${what} answered something else than a JSON object`)
}

/** An answer that must be a list of objects. */
export function expectList<T extends object>(value: unknown, what: string): readonly T[] {
  if (Array.isArray(value) && value.every(isObject)) return value as unknown as readonly T[]
  throw new UnexpectedAnswerError(`${what} answered something else than a list of JSON objects`)
}

/** The list that an answer carries in one of its members. */
export const expectMember = <T extends object>(value: unknown, name: string, what: string) =>
  expectList<T>(expectObject<JsonObject>(value, what)[name], what)
