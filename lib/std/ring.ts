import { assert } from "#lib/std/assert.ts"

/** A first-in, first-out queue over a circular buffer that grows by doubling up to `limit` items. */
export class Ring<T> {
  #items: (T | undefined)[] = Array.from({ length: 16 })
  #head = 0
  #length = 0
  readonly #limit: number

  constructor(limit: number) {
    assert(limit > 0, "a ring holds at least one item")
    this.#limit = limit
  }

  /** How many items wait. */
  get length(): number {
    return this.#length
  }

  /** Appends an item; false, and nothing appended, when the ring is at its limit. */
  push(item: T): boolean {
    if (this.#length >= this.#limit) return false
    if (this.#length === this.#items.length) this.#grow()
    this.#items[(this.#head + this.#length) & (this.#items.length - 1)] = item
    this.#length++
    return true
  }

  /** Removes and returns the oldest item, or undefined when there is none. */
  shift(): T | undefined {
    if (this.#length === 0) return undefined
    const item = this.#items[this.#head]
    this.#items[this.#head] = undefined
    this.#head = (this.#head + 1) & (this.#items.length - 1)
    this.#length--
    return item
  }

  #grow(): void {
    const bigger: (T | undefined)[] = Array.from({ length: this.#items.length * 2 })
    for (let i = 0; i < this.#length; i++)
      bigger[i] = this.#items[(this.#head + i) & (this.#items.length - 1)]
    this.#items = bigger
    this.#head = 0
  }
}
