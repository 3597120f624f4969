/** Values remembered in each of two generations: enough for the parts of some ten thousand services. */
const GENERATION_SIZE = 32_768

/**
 * Gives equal values one object: what many hold then costs memory once. It remembers a bounded number
 * of the values used last; one that it has forgotten is merely not shared with later ones.
 */
export class Interner {
  readonly #size: number
  #young = new Map<string, unknown>()
  #old = new Map<string, unknown>()

  constructor(size = GENERATION_SIZE) {
    this.#size = size
  }

  /**
   * A value that is equal to this one as JSON; nobody may change either. A caller that knows a shorter
   * text which tells the value from all others, and reads as no JSON, gives it as `known`.
   */
  intern<T extends object | string>(value: T, known?: string): T {
    const key = known ?? (typeof value === "string" ? value : JSON.stringify(value))
    const young = this.#young.get(key)
    // A text that reads as the JSON of an object is not that object.
    if (young !== undefined && typeof young === typeof value) return young as T
    const old = this.#old.get(key)
    const shared = old !== undefined && typeof old === typeof value ? (old as T) : value
    if (this.#young.size >= this.#size) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(key, shared)
    return shared
  }
}
