/**
 * A map that holds the entries used last: at least `size` of them, and at most twice as many. Entries
 * age in two generations, so that none costs more than its place in a map.
 */
export class Recent<K, V extends object | string> {
  readonly #size: number
  #young = new Map<K, V>()
  #old = new Map<K, V>()

  constructor(size: number) {
    this.#size = size
  }

  /** The value of a key, if it is still there; asking for it is using it. */
  get(key: K): V | undefined {
    const young = this.#young.get(key)
    if (young !== undefined) return young
    const old = this.#old.get(key)
    if (old !== undefined) this.set(key, old)
    return old
  }

  /** Enters or replaces a value. */
  set(key: K, value: V): void {
    if (this.#young.size >= this.#size) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(key, value)
  }
}
