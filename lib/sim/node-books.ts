import {
  addResources,
  containsResources,
  subtractResources,
  type Resources,
} from "#lib/mesos/index.ts"

/** What a node has, and what nothing on it takes. */
type Books = { readonly total: Resources; free: Resources }

/** What really runs on the nodes takes, whatever agents and masters believe. */
export class NodeBooks {
  readonly #nodes = new Map<string, Books>()
  readonly #taken = new Map<string, { readonly books: Books; readonly resources: Resources }>()

  add(node: string, total: Resources): void {
    this.#nodes.set(node, { total, free: total })
  }

  /** Takes for the holder, once; false when the node has not so much left. */
  take(node: string, holder: string, resources: Resources): boolean {
    const books = this.#nodes.get(node)
    if (books === undefined) return true
    if (!containsResources(books.free, resources)) return false
    books.free = subtractResources(books.free, resources)
    this.#taken.set(holder, { books, resources })
    return true
  }

  /** Gives back what the holder took, if it holds anything. */
  giveBack(holder: string): void {
    const taken = this.#taken.get(holder)
    if (taken === undefined) return
    this.#taken.delete(holder)
    taken.books.free = addResources(taken.books.free, taken.resources)
  }
}
