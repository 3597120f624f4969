import { Recent } from "./recent.ts"

/** Values remembered at least: enough for the parts of some ten thousand services. */
const SIZE = 32_768

/**
 * Gives equal values one object: what many hold then costs memory once. It remembers a bounded number
 * of the values used last; one that it has forgotten is merely not shared with later ones.
 */
export class Interner {
  readonly #values: Recent<string, object | string>

  constructor(size = SIZE) {
    this.#values = new Recent(size)
  }

  /**
   * A value that is equal to this one as JSON; nobody may change either. A caller that knows a shorter
   * text which tells the value from all others, and reads as no JSON, gives it as `known`.
   */
  intern<T extends object | string>(value: T, known?: string): T {
    const key = known ?? (typeof value === "string" ? value : JSON.stringify(value))
    const shared = this.#values.get(key)
    // A text that reads as the JSON of an object is not that object.
    if (shared !== undefined && typeof shared === typeof value) return shared as T
    this.#values.set(key, value)
    return value
  }
}
