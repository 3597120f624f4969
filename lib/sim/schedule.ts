/** Something that will happen at a moment of virtual time. */
type Entry = { readonly at: number; readonly order: number; readonly run: () => void }

/**
 * Virtual time: what is to happen, in order of its moment and, within one, of its planning. Nothing
 * passes between two entries, so an hour in which nothing happens costs nothing.
 */
export class Schedule {
  readonly #heap: Entry[] = []
  #order = 0
  #now = 0

  /** Milliseconds since the start of the simulation. */
  get now(): number {
    return this.#now
  }

  /** How many entries wait. */
  get size(): number {
    return this.#heap.length
  }

  /** Plans `run` for `at`; for now when that is past. */
  at(at: number, run: () => void): void {
    const entry = { at: Math.max(at, this.#now), order: this.#order++, run }
    const heap = this.#heap
    let child = heap.push(entry) - 1
    while (child > 0) {
      const parent = (child - 1) >> 1
      const above = heap[parent]
      if (above === undefined || !before(entry, above)) break
      heap[child] = above
      child = parent
    }
    heap[child] = entry
  }

  /** Plans `run` for so many milliseconds from now. */
  after(ms: number, run: () => void): void {
    this.at(this.#now + ms, run)
  }

  /** Runs the next entry if it is due at or before `until`; otherwise lets time pass until then. */
  step(until: number): boolean {
    const head = this.#heap[0]
    if (head === undefined || head.at > until) {
      this.#now = Math.max(this.#now, until)
      return false
    }
    this.#removeHead()
    this.#now = head.at
    head.run()
    return true
  }

  #removeHead(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let parent = 0
    for (;;) {
      let child = 2 * parent + 1
      const left = heap[child]
      if (left === undefined) break
      const right = heap[child + 1]
      let least = left
      if (right !== undefined && before(right, left)) {
        child++
        least = right
      }
      if (!before(least, last)) break
      heap[parent] = least
      parent = child
    }
    heap[parent] = last
  }
}

const before = (a: Entry, b: Entry): boolean => (a.at === b.at ? a.order < b.order : a.at < b.at)
