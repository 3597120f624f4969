import type { Cancel, Clock, ContainerRuntime, Log } from "#lib/ports/index.ts"
import type { AgentInput } from "./core/types.ts"

/** Long enough to cost nothing, short enough that a leak does not take the machine along. */
const INTERVAL_MS = 1000

/** What watching limits needs. */
export type MemoryWatchParts = {
  readonly runtimes: readonly ContainerRuntime[]
  /** Those of the runtimes that answered at the start. */
  readonly available: ReadonlySet<ContainerRuntime["name"]>
  readonly clock: Clock
  readonly log: Log
  readonly post: (input: AgentInput) => void
}

/**
 * Asks those runtimes whose limits no kernel keeps which containers use more memory than they may, once
 * a second, and reports them.
 */
export class MemoryWatch {
  readonly #parts: MemoryWatchParts
  readonly #measuring: readonly ContainerRuntime[]
  #cancel: Cancel | undefined
  #stopped = false

  constructor(parts: MemoryWatchParts) {
    this.#parts = parts
    this.#measuring = parts.runtimes.filter(
      (runtime) => runtime.findExcesses !== undefined && parts.available.has(runtime.name),
    )
  }

  /** Begins to measure, now and again. */
  start(): void {
    if (this.#measuring.length === 0) return
    const { clock } = this.#parts
    this.#cancel = clock.wakeAt(clock.now() + INTERVAL_MS, () => void this.#round())
  }

  stop(): void {
    this.#stopped = true
    this.#cancel?.()
  }

  async #round(): Promise<void> {
    const { log, post } = this.#parts
    for (const runtime of this.#measuring)
      try {
        const excesses = (await runtime.findExcesses?.()) ?? []
        if (this.#stopped) return
        for (const [containerId, limitation] of excesses)
          post({ kind: "limitReached", containerId, limitation })
      } catch (cause) {
        const fields = { runtime: runtime.name, cause: String(cause) }
        log.write("warn", "cannot measure the memory of containers", fields)
      }
    if (!this.#stopped) this.start()
  }
}
