import type { Store, Write } from "#lib/ports/index.ts"

/**
 * A store that lives in memory: for simulation and tests. It keeps values as JSON text, so that what
 * is read back never shares structure with what was written.
 */
export class MemoryStore implements Store {
  readonly #entries: Map<string, string>

  constructor(entries: ReadonlyMap<string, string> = new Map()) {
    this.#entries = new Map(entries)
  }

  async scan(prefix: string): Promise<readonly (readonly [string, unknown])[]> {
    return this.entries(prefix)
  }

  /** What `scan` resolves with, at once. */
  entries(prefix: string): readonly (readonly [string, unknown])[] {
    return [...this.#entries]
      .filter(([key]) => key.startsWith(prefix))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, text]) => [key, JSON.parse(text) as unknown] as const)
  }

  commit(writes: readonly Write[]): undefined {
    const texts = writes.map((write) =>
      write.kind === "put" ? JSON.stringify(write.value) : undefined,
    )
    writes.forEach((write, index) => {
      const text = texts[index]
      if (text === undefined) this.#entries.delete(write.key)
      else this.#entries.set(write.key, text)
    })
    return undefined
  }

  async close(): Promise<void> {}
}
