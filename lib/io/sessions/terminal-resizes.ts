import type { TerminalSize } from "#lib/ports/index.ts"

/**
 * Sets the size of one terminal, one call after the other: calls that run at once overtake each other.
 * Sizes that were followed by another before their turn are left out, and what is refused is not tried
 * again: a terminal that is gone has no size.
 */
export class TerminalResizes {
  readonly #resize: (size: TerminalSize) => Promise<unknown>
  #wanted: TerminalSize | undefined
  #running = false

  constructor(resize: (size: TerminalSize) => Promise<unknown>) {
    this.#resize = resize
  }

  /** Wants a size from now on. */
  set(size: TerminalSize): void {
    this.#wanted = size
    if (!this.#running) void this.#run()
  }

  async #run(): Promise<void> {
    this.#running = true
    for (let size = this.#wanted; size !== undefined; size = this.#wanted) {
      this.#wanted = undefined
      await this.#resize(size).catch(() => {})
    }
    this.#running = false
  }
}
