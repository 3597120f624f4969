import type { Quantities } from "#lib/mesos/index.ts"
import { assert } from "#lib/std/assert.ts"
import type { Random } from "#lib/std/random.ts"

/**
 * One position of the share tree: a role, the frameworks directly under a role taken together, or one
 * framework under one role (a leaf). Fields are written by the tree only.
 */
class Node<T> {
  readonly path: string
  readonly parent: Node<T> | undefined
  /** What a leaf stands for. */
  readonly client: T | undefined
  readonly children = new Map<string, Node<T>>()
  /** Children with an active leaf at or below them, smallest share first. */
  readonly ordered: Node<T>[] = []
  /** Thousandths by the tree's index of the resource name. */
  readonly allocated: number[] = []
  weight = 1
  share = 0
  /** How often something was allocated here: the tie-breaker that makes equals take turns. */
  count = 0
  activeLeaves = 0

  constructor(path: string, parent: Node<T> | undefined, client: T | undefined) {
    this.path = path
    this.parent = parent
    this.client = client
  }
}

/** A framework under a role, as the tree knows it. */
export type Leaf<T> = {
  readonly path: string
  readonly client: T
  /** Its own dominant share, in [0, 1]. */
  readonly share: number
}

/** Whose turn it is: smallest share first, then the fewest allocations, then by name. */
function compareNodes<T>(a: Node<T>, b: Node<T>): number {
  if (a.share !== b.share) return a.share < b.share ? -1 : 1
  if (a.count !== b.count) return a.count - b.count
  return a.path < b.path ? -1 : a.path === b.path ? 0 : 1
}

/** How competitors are put in order: by dominant share, or by lot, each as likely as its weight says. */
export type Sorter = "drf" | "random"

/** What departs from plain fairness by dominant share. */
export type ShareTreeOptions = {
  /** Among roles. */
  readonly roleSorter?: Sorter | undefined
  /** Among the frameworks of one role. */
  readonly frameworkSorter?: Sorter | undefined
  /** Draws the lots. */
  readonly random?: Random | undefined
  /** Scalars that count for no share. */
  readonly excluded?: readonly string[] | undefined
}

/**
 * Dominant resource fairness over a tree of roles. A node's share is the largest fraction of any one
 * scalar of the cluster that is allocated at or below it, divided by its weight; the frameworks directly
 * under a role compete as one with its sub-roles, and among themselves. The order is kept up to date
 * by moving what changed, so a charge costs its depth and not the number of clients; only a change of
 * the totals sorts everything, once, at the next visit.
 * Source: apache/mesos: src/master/allocator/mesos/sorter/drf/sorter.cpp.
 */
export class ShareTree<T> {
  readonly #root = new Node<T>("", undefined, undefined)
  readonly #names = new Map<string, number>()
  readonly #total: number[] = []
  readonly #weights = new Map<string, number>()
  readonly #options: ShareTreeOptions
  /** Whether a resource name counts for shares, by its index. */
  readonly #counts: boolean[] = []
  /** Lots drawn for the walk or the sort under way. */
  readonly #lots = new Map<Node<T>, number>()
  #stale = false

  constructor(options: ShareTreeOptions = {}) {
    this.#options = options
  }

  /** Adds an inactive leaf for the client `name` under `role`. */
  add(role: string, name: string, client: T): Leaf<T> {
    let node = this.#root
    let path = ""
    for (const component of role.split("/")) {
      path = path === "" ? component : `${path}/${component}`
      node = this.#child(node, component, path)
    }
    const group = this.#child(node, ".", `${path}/.`)
    assert(!group.children.has(name), `${name} is already a client of role ${role}`)
    const leaf = new Node<T>(`${path}/./${name}`, group, client)
    group.children.set(name, leaf)
    return leaf as Node<T> & { readonly client: T }
  }

  /** Removes a leaf to which nothing is allocated, and the roles that it leaves empty. */
  remove(leaf: Leaf<T>): void {
    this.setActive(leaf, false)
    let node = leaf as Node<T>
    assert(
      node.allocated.every((milli) => milli === 0),
      `${node.path} still has an allocation`,
    )
    while (node.parent !== undefined && node.children.size === 0) {
      node.parent.children.delete(node.path.slice(node.path.lastIndexOf("/") + 1))
      node = node.parent
    }
  }

  /** Whether visits reach the leaf. */
  isActive(leaf: Leaf<T>): boolean {
    return (leaf as Node<T>).activeLeaves > 0
  }

  /** Puts the leaf into the order, or takes it out; what is allocated to it counts either way. */
  setActive(leaf: Leaf<T>, active: boolean): void {
    if (this.isActive(leaf) === active) return
    for (let node = leaf as Node<T>; node.parent !== undefined; node = node.parent) {
      const before = node.activeLeaves
      node.activeLeaves += active ? 1 : -1
      if (before === 0) this.#insert(node)
      else if (node.activeLeaves === 0) this.#takeOut(node)
    }
  }

  /** The weight of a role path: its share counts divided by it. */
  setWeight(role: string, weight: number): void {
    assert(weight > 0 && Number.isFinite(weight), `the weight of ${role} must be above zero`)
    this.#weights.set(role, weight)
    const node = this.#nodeOf(role)
    if (node === undefined) return
    node.weight = weight
    this.#stale = true
  }

  /** The cluster grew. */
  addTotal(quantities: Quantities): void {
    for (const { name, milli } of quantities) {
      const index = this.#index(name)
      this.#total[index] = (this.#total[index] ?? 0) + milli
    }
    this.#stale = true
  }

  /** The cluster shrank. */
  subtractTotal(quantities: Quantities): void {
    for (const { name, milli } of quantities) {
      const index = this.#index(name)
      const left = (this.#total[index] ?? 0) - milli
      assert(left >= 0, `the total of ${name} would be negative`)
      this.#total[index] = left
    }
    this.#stale = true
  }

  /** Books an allocation to the leaf and everything above it. */
  charge(leaf: Leaf<T>, quantities: Quantities): void {
    this.#change(leaf as Node<T>, quantities, 1)
  }

  /** Takes an allocation back. */
  discharge(leaf: Leaf<T>, quantities: Quantities): void {
    this.#change(leaf as Node<T>, quantities, -1)
  }

  /** Calls `visitor` for active clients, whose turn it is first, until it returns true. */
  visit(visitor: (client: T) => boolean): void {
    this.#freshen()
    this.#lots.clear()
    this.#visit(this.#root, visitor)
  }

  /** Sorts clients by whose turn it is, as a visit would meet them. */
  sort(leaves: Leaf<T>[]): void {
    this.#freshen()
    if (leaves.length < 2) return
    this.#lots.clear()
    leaves.sort((a, b) => this.#compareLeaves(a as Node<T>, b as Node<T>))
  }

  /** The weighted dominant share of each role that has clients at or below it, by path. */
  shares(): ReadonlyMap<string, number> {
    this.#freshen()
    const shares = new Map<string, number>()
    const collect = (node: Node<T>): void => {
      for (const [name, child] of node.children)
        if (name !== ".") {
          shares.set(child.path, child.share)
          collect(child)
        }
    }
    collect(this.#root)
    return shares
  }

  /** Thousandths by name that are allocated at or below a role. */
  allocatedTo(role: string): ReadonlyMap<string, number> {
    const node = this.#nodeOf(role)
    const amounts = new Map<string, number>()
    for (const [name, index] of this.#names) {
      const milli = node?.allocated[index] ?? 0
      if (milli > 0) amounts.set(name, milli)
    }
    return amounts
  }

  /** Thousandths of a scalar in the whole cluster, and how much of it is allocated, by name. */
  *quantities(): Iterable<{ name: string; totalMilli: number; allocatedMilli: number }> {
    for (const [name, index] of this.#names)
      yield {
        name,
        totalMilli: this.#total[index] ?? 0,
        allocatedMilli: this.#root.allocated[index] ?? 0,
      }
  }

  #nodeOf(role: string): Node<T> | undefined {
    let node: Node<T> | undefined = this.#root
    for (const component of role.split("/")) node = node?.children.get(component)
    return node
  }

  #child(parent: Node<T>, name: string, path: string): Node<T> {
    let child = parent.children.get(name)
    if (child === undefined) {
      child = new Node<T>(path, parent, undefined)
      child.weight = this.#weights.get(path) ?? 1
      parent.children.set(name, child)
    }
    return child
  }

  #index(name: string): number {
    let index = this.#names.get(name)
    if (index === undefined) {
      index = this.#names.size
      this.#names.set(name, index)
      this.#counts.push(this.#options.excluded?.includes(name) !== true)
    }
    return index
  }

  #change(leaf: Node<T>, quantities: Quantities, sign: 1 | -1): void {
    for (let node: Node<T> | undefined = leaf; node !== undefined; node = node.parent) {
      const listed = node.activeLeaves > 0 && node.parent !== undefined
      if (listed) this.#takeOut(node)
      for (const { name, milli } of quantities) {
        const index = this.#index(name)
        while (node.allocated.length <= index) node.allocated.push(0)
        const amount = (node.allocated[index] ?? 0) + sign * milli
        assert(amount >= 0, `${node.path} would have a negative allocation of ${name}`)
        node.allocated[index] = amount
      }
      if (sign > 0) node.count++
      node.share = this.#shareOf(node)
      if (listed) this.#insert(node)
    }
  }

  #shareOf(node: Node<T>): number {
    let share = 0
    for (let index = 0; index < node.allocated.length; index++) {
      if (this.#counts[index] !== true) continue
      const total = this.#total[index] ?? 0
      if (total > 0) share = Math.max(share, (node.allocated[index] ?? 0) / total)
    }
    return share / node.weight
  }

  /** Where the node is, or belongs, in its parent's order. */
  #position(ordered: readonly Node<T>[], node: Node<T>): number {
    let low = 0
    let high = ordered.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (compareNodes(ordered[middle] as Node<T>, node) < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  #insert(node: Node<T>): void {
    const ordered = (node.parent as Node<T>).ordered
    if (this.#stale) ordered.push(node)
    else ordered.splice(this.#position(ordered, node), 0, node)
  }

  #takeOut(node: Node<T>): void {
    const ordered = (node.parent as Node<T>).ordered
    const at = this.#stale ? ordered.indexOf(node) : this.#position(ordered, node)
    assert(ordered[at] === node, `${node.path} is not where its share says`)
    ordered.splice(at, 1)
  }

  #freshen(): void {
    if (!this.#stale) return
    this.#stale = false
    this.#sortAll(this.#root)
  }

  #sortAll(node: Node<T>): void {
    for (const child of node.children.values()) {
      child.share = this.#shareOf(child)
      this.#sortAll(child)
    }
    if (node.ordered.length > 1) node.ordered.sort(compareNodes)
  }

  #visit(node: Node<T>, visitor: (client: T) => boolean): boolean {
    if (node.client !== undefined) return visitor(node.client)
    const children = this.#drawsLots(node)
      ? [...node.ordered].sort((a, b) => this.#lotOf(a) - this.#lotOf(b))
      : node.ordered
    for (const child of children) if (this.#visit(child, visitor)) return true
    return false
  }

  /** Whether the children of a node are put in order by lot. */
  #drawsLots(parent: Node<T> | undefined): boolean {
    const { roleSorter, frameworkSorter, random } = this.#options
    if (random === undefined || parent === undefined) return false
    return (parent.path.endsWith("/.") ? frameworkSorter : roleSorter) === "random"
  }

  /** Sorting by these numbers draws children one after the other, each as likely as its weight. */
  #lotOf(node: Node<T>): number {
    let lot = this.#lots.get(node)
    if (lot === undefined) {
      lot = -Math.log(1 - (this.#options.random?.float() ?? 0)) / node.weight
      this.#lots.set(node, lot)
    }
    return lot
  }

  /** Compares leaves as a walk of the tree would meet them: by the first ancestors that differ. */
  #compareLeaves(a: Node<T>, b: Node<T>): number {
    const left = lineage(a)
    const right = lineage(b)
    for (let i = 0; i < left.length && i < right.length; i++) {
      const x = left[i] as Node<T>
      const y = right[i] as Node<T>
      if (x === y) continue
      return this.#drawsLots(x.parent) ? this.#lotOf(x) - this.#lotOf(y) : compareNodes(x, y)
    }
    return 0
  }
}

function lineage<T>(leaf: Node<T>): Node<T>[] {
  const nodes: Node<T>[] = []
  for (let node: Node<T> | undefined = leaf; node !== undefined; node = node.parent)
    nodes.push(node)
  return nodes.reverse()
}
