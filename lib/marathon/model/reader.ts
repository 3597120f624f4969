import { err } from "#lib/std/result.ts"
import type { PathProblem, Rejection } from "./rejection.ts"

/** Problems found in a body, grouped by path in the order in which the paths came up. */
export class Problems {
  readonly #byPath = new Map<string, string[]>()
  #refusal: string | undefined

  /** Whether none was found. */
  get none(): boolean {
    return this.#byPath.size === 0 && this.#refusal === undefined
  }

  /** Notes a problem of the request as a whole, which has no path; the first one is told. */
  refuse(message: string): void {
    this.#refusal ??= message
  }

  /** Notes a problem at a path; "" and "/" both mean the body itself. */
  add(path: string, error: string): void {
    const at = path === "" ? "/" : path
    const errors = this.#byPath.get(at)
    if (errors === undefined) this.#byPath.set(at, [error])
    else if (!errors.includes(error)) errors.push(error)
  }

  /** All problems, ready for the `details` of an answer. */
  list(): PathProblem[] {
    return [...this.#byPath].map(([path, errors]) => ({ path, errors }))
  }

  /** What to answer when there are problems: wrong types, or right types with wrong values. */
  rejected(code: "badTypes" | "invalid"): { readonly ok: false; readonly error: Rejection } {
    if (this.#refusal !== undefined) return err({ code: "illegal", message: this.#refusal })
    return err({ code, details: this.list() })
  }
}

/**
 * Reads one JSON value that stands at `path`. A wrong type notes a problem and gives undefined; what
 * comes back without a problem has the right shape and holds none of the input's unknown members.
 */
export type Read<T> = (value: unknown, path: string, problems: Problems) => T | undefined

/** The value of a member as T, and what its absence (or null) means. */
export type Member<T> = {
  readonly read: Read<T>
  readonly absent: { readonly kind: "refused" } | { readonly kind: "is"; readonly value: T }
}

/** A member that must be there. */
export const required = <T>(read: Read<T>): Member<T> => ({ read, absent: { kind: "refused" } })

/** A member that may be absent; `value` stands for it then. */
export const fallback = <T>(read: Read<T>, value: T): Member<T> => ({
  read,
  absent: { kind: "is", value },
})

/** A member that may be absent, and stays so. */
export const optional = <T>(read: Read<T>): Member<T | undefined> =>
  fallback<T | undefined>(read, undefined)

/** Whether a value is a JSON object. */
export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** An object with the members of T; members that T does not have are ignored. */
export function object<T extends object>(members: {
  readonly [K in keyof T]-?: Member<T[K]>
}): Read<T> {
  const entries = Object.entries<Member<unknown>>(members)
  return (value, path, problems) => {
    if (!isObject(value)) return wrong("error.expected.jsobject", path, problems)
    const result: Record<string, unknown> = {}
    for (const [name, member] of entries) {
      const given = Object.hasOwn(value, name) ? value[name] : undefined
      const read =
        given === undefined || given === null
          ? absent(name, member, { value, path, problems })
          : member.read(given, `${path}/${name}`, problems)
      if (read !== undefined) result[name] = read
    }
    return result as T
  }
}

type Place = { readonly value: unknown; readonly path: string; readonly problems: Problems }

function absent(name: string, member: Member<unknown>, place: Place): unknown {
  if (member.absent.kind === "is") return member.absent.value
  const text = `'${name}' is undefined on object: ${JSON.stringify(place.value)}`
  return wrong(text, `${place.path}/${name}`, place.problems)
}

function wrong(error: string, path: string, problems: Problems): undefined {
  problems.add(path, error)
  return undefined
}

/** A list; the problems of an item stand at "<path>(<index>)". */
export const list =
  <T>(read: Read<T>): Read<readonly T[]> =>
  (value, path, problems) => {
    if (!Array.isArray(value)) return wrong("error.expected.jsarray", path, problems)
    const items: T[] = []
    value.forEach((item: unknown, index) => {
      const result = read(item, `${path}(${index})`, problems)
      if (result !== undefined) items.push(result)
    })
    return items
  }

/** An object used as a map. Members that are null are as if absent. */
export const map =
  <T>(read: Read<T>): Read<Readonly<Record<string, T>>> =>
  (value, path, problems) => {
    if (!isObject(value)) return wrong("error.expected.jsobject", path, problems)
    // Without a prototype, so that a member named "__proto__" is one like any other.
    const result = Object.create(null) as Record<string, T>
    for (const [name, item] of Object.entries(value)) {
      if (item === null) continue
      const one = read(item, `${path}/${name}`, problems)
      if (one !== undefined) result[name] = one
    }
    return { ...result }
  }

/** A text, within bounds of its length. */
export const text =
  (bounds: { readonly minLength?: number; readonly maxLength?: number } = {}): Read<string> =>
  (value, path, problems) => {
    if (typeof value !== "string") return wrong("error.expected.jsstring", path, problems)
    if (value.length < (bounds.minLength ?? 0)) return wrong("error.minLength", path, problems)
    if (value.length > (bounds.maxLength ?? Infinity))
      return wrong("error.maxLength", path, problems)
    return value
  }

/** A text that fully matches the pattern. */
export const matching =
  (pattern: RegExp): Read<string> =>
  (value, path, problems) => {
    if (typeof value !== "string") return wrong("error.expected.jsstring", path, problems)
    return pattern.test(value) ? value : wrong("error.pattern", path, problems)
  }

type Bounds = { readonly min?: number; readonly max?: number }

/** A number, within bounds. */
export const number =
  (bounds: Bounds = {}): Read<number> =>
  (value, path, problems) => {
    if (typeof value !== "number") return wrong("error.expected.jsnumber", path, problems)
    if (value < (bounds.min ?? -Infinity)) return wrong("error.min", path, problems)
    if (value > (bounds.max ?? Infinity)) return wrong("error.max", path, problems)
    return value
  }

/** A whole number of 32 bits, within bounds. */
export const integer =
  (bounds: Bounds = {}): Read<number> =>
  (value, path, problems) => {
    if (typeof value === "number" && (value | 0) !== value)
      return wrong("error.expected.int", path, problems)
    return number(bounds)(value, path, problems)
  }

/** true or false. */
export const flag: Read<boolean> = (value, path, problems) =>
  typeof value === "boolean" ? value : wrong("error.expected.jsboolean", path, problems)

/** One of some words, in any case; given back as listed. */
export const word =
  <const T extends string>(...words: readonly T[]): Read<T> =>
  (value, path, problems) => {
    if (typeof value !== "string") return wrong("error.expected.jsstring", path, problems)
    const found = words.find((one) => one.toLowerCase() === value.toLowerCase())
    return found ?? wrong("error.unknown.enum.literal", path, problems)
  }

/** What `read` gives, changed by `change`. */
export const mapped =
  <T, U>(read: Read<T>, change: (value: T) => U | undefined): Read<U> =>
  (value, path, problems) => {
    const result = read(value, path, problems)
    return result === undefined ? undefined : change(result)
  }

/** A copy of an object without some of its members. */
export function omit<T extends object, const K extends keyof T>(
  value: T,
  names: readonly K[],
): Omit<T, K> {
  const copy = { ...value }
  for (const name of names) delete copy[name]
  return copy
}
