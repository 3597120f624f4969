import { assert } from "#lib/std/assert.ts"

/** The most recent items, oldest first: a circular buffer in which the newest takes the oldest's place. */
export class History<T> implements Iterable<T> {
  readonly #items: T[] = []
  readonly #limit: number
  #oldest = 0

  constructor(limit: number) {
    assert(limit > 0, "a history holds at least one item")
    this.#limit = limit
  }

  get length(): number {
    return this.#items.length
  }

  push(item: T): void {
    if (this.#items.length < this.#limit) {
      this.#items.push(item)
      return
    }
    this.#items[this.#oldest] = item
    this.#oldest = (this.#oldest + 1) % this.#limit
  }

  *[Symbol.iterator](): IterableIterator<T> {
    for (let i = 0; i < this.#items.length; i++)
      yield this.#items[(this.#oldest + i) % this.#items.length] as T
  }
}
