import type { DrainConfig } from "#lib/mesos/index.ts"
import { keys, put, remove, type StoredDrain } from "./checkpoint.ts"
import type { Turn } from "./turn.ts"

/** Whether and how the agent is being drained: nothing new starts, and what runs is killed. */
export class Drain {
  #current: StoredDrain | undefined

  constructor(stored: StoredDrain | undefined) {
    this.#current = stored
  }

  /** How the agent is being drained, and since when; undefined when it is not. */
  get current(): StoredDrain | undefined {
    return this.#current
  }

  /** Whether tasks that drain are reported as gone for good. */
  get markGone(): boolean {
    return this.#current?.config.markGone ?? false
  }

  /** Begins to drain. False when the agent already drains this way. */
  begin(turn: Turn, config: DrainConfig): boolean {
    if (JSON.stringify(this.#current?.config) === JSON.stringify(config)) return false
    this.#current = { config, since: turn.now }
    put(turn, "drain", keys.drain(), this.#current)
    return true
  }

  /** Nothing is left to drain: the agent may be used again once the master says so. */
  end(turn: Turn): void {
    if (this.#current === undefined) return
    this.#current = undefined
    remove(turn, keys.drain())
  }

  /** The grace of a kill: the task's own, cut to what the drain allows. Milliseconds. */
  graceOf(ownMs: number): number {
    const limit = this.#current?.config.maxGracePeriod
    return limit === undefined ? ownMs : Math.min(ownMs, limit.nanoseconds / 1e6)
  }
}
