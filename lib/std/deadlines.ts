/**
 * Deadlines by key, earliest first: a binary heap with lazy deletion. Setting a key again moves it.
 * Ties are broken by the order of setting, so the sequence of expiries is deterministic.
 */
export class Deadlines<K> {
  #heap: { readonly at: number; readonly order: number; readonly key: K }[] = []
  readonly #live = new Map<K, number>()
  #order = 0

  /** How many keys have a deadline. */
  get size(): number {
    return this.#live.size
  }

  /** The earliest deadline, or undefined when there is none. Same clock as `set`. */
  next(): number | undefined {
    this.#dropStale()
    return this.#heap[0]?.at
  }

  /** Whether the key has a deadline. */
  has(key: K): boolean {
    return this.#live.has(key)
  }

  /** Sets or moves the deadline of `key` to `at`. */
  set(key: K, at: number): void {
    const order = this.#order++
    this.#live.set(key, order)
    this.#push({ at, order, key })
    if (this.#heap.length > 64 && this.#heap.length > 4 * this.#live.size) this.#compact()
  }

  /** Removes the deadline of `key`, if it has one. */
  clear(key: K): void {
    this.#live.delete(key)
  }

  /** Takes out and returns the key of the earliest deadline at or before `now`, if there is one. */
  takeDue(now: number): K | undefined {
    this.#dropStale()
    const head = this.#heap[0]
    if (head === undefined || head.at > now) return undefined
    this.#pop()
    this.#live.delete(head.key)
    return head.key
  }

  #dropStale(): void {
    for (;;) {
      const head = this.#heap[0]
      if (head === undefined || this.#live.get(head.key) === head.order) return
      this.#pop()
    }
  }

  #compact(): void {
    const live = this.#heap.filter((entry) => this.#live.get(entry.key) === entry.order)
    this.#heap = []
    for (const entry of live) this.#push(entry)
  }

  #before(a: number, b: number): boolean {
    const x = this.#heap[a]
    const y = this.#heap[b]
    if (x === undefined || y === undefined) return false
    return x.at !== y.at ? x.at < y.at : x.order < y.order
  }

  #swap(a: number, b: number): void {
    const x = this.#heap[a]
    const y = this.#heap[b]
    if (x === undefined || y === undefined) return
    this.#heap[a] = y
    this.#heap[b] = x
  }

  #push(entry: { readonly at: number; readonly order: number; readonly key: K }): void {
    this.#heap.push(entry)
    let child = this.#heap.length - 1
    while (child > 0) {
      const parent = (child - 1) >> 1
      if (!this.#before(child, parent)) return
      this.#swap(child, parent)
      child = parent
    }
  }

  #pop(): void {
    const last = this.#heap.pop()
    if (last === undefined || this.#heap.length === 0) return
    this.#heap[0] = last
    let parent = 0
    for (;;) {
      const left = 2 * parent + 1
      const right = left + 1
      let least = parent
      if (this.#before(left, least)) least = left
      if (this.#before(right, least)) least = right
      if (least === parent) return
      this.#swap(parent, least)
      parent = least
    }
  }
}
