/** Stores with a planted bug, to see whether the simulator notices. */
import type { Store, Write } from "#lib/ports/index.ts"

/** Says that a commit is durable when only the one before it is. */
export function lateStore(store: Store): Store {
  let waiting: readonly Write[] = []
  return {
    scan: (prefix) => store.scan(prefix),
    close: () => store.close(),
    commit(writes) {
      const due = waiting
      waiting = writes
      return due.length > 0 ? store.commit(due) : undefined
    },
  }
}

/** Commits the first half of each batch at once, and the second with the next one. */
export function tornStore(store: Store): Store {
  let rest: readonly Write[] = []
  return {
    scan: (prefix) => store.scan(prefix),
    close: () => store.close(),
    commit(writes) {
      const half = Math.ceil(writes.length / 2)
      const due = [...rest, ...writes.slice(0, half)]
      rest = writes.slice(half)
      return store.commit(due)
    },
  }
}

/** Forgets what is below a path: says that it is durable, and stores nothing. */
export const withoutPath =
  (path: string) =>
  (store: Store): Store => ({
    scan: (prefix) => store.scan(prefix),
    close: () => store.close(),
    commit: (writes) => store.commit(writes.filter(({ key }) => !key.startsWith(path))),
  })
