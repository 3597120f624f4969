import { readProcessTable } from "#lib/io/host/proc.ts"
import type { ProcessTable } from "#lib/io/host/proc.ts"

/** Scans take at most one part in this many of the processor's time. */
const COST_SHARE = 10

/**
 * Process tables on demand. Everyone who asks before a scan begins shares it, and scans keep a
 * distance of ten times what the last one cost, so that killing a thousand containers at once costs
 * a few scans, not a thousand.
 */
export class ProcessSnapshots {
  #next: Promise<ProcessTable> | undefined
  #notBefore = 0

  /** A table read entirely after this call. */
  fresh(): Promise<ProcessTable> {
    this.#next ??= this.#scan()
    return this.#next
  }

  async #scan(): Promise<ProcessTable> {
    await Bun.sleep(Math.max(0, this.#notBefore - performance.now()))
    this.#next = undefined
    const begin = performance.now()
    const table = readProcessTable()
    const end = performance.now()
    this.#notBefore = end + (end - begin) * COST_SHARE
    return table
  }
}
