import { keys, put, remove, type StoredGarbage } from "./checkpoint.ts"
import { say, type Timers, type Turn } from "./turn.ts"
import type { AgentLimits } from "./types.ts"

/** Sandboxes whose removal is under way at one time: removing is disk work that tasks feel. */
const REMOVALS_AT_ONCE = 8

/**
 * Removes the sandboxes of executors that have ended, oldest first, once they reach an age that
 * shrinks as the disk fills: none when only the headroom is left.
 * Source: apache/mesos: src/slave/gc.cpp, src/slave/slave.cpp (age).
 */
export class SandboxGc {
  readonly #timers: Timers
  readonly #limits: AgentLimits
  /** In order of age: what is scheduled later ended later. */
  readonly #garbage = new Map<string, number>()
  readonly #removing = new Set<string>()
  /** Could not be removed since the last measurement. */
  readonly #stuck = new Set<string>()
  #allowedAgeMs: number
  #succeeded = 0
  #failed = 0

  constructor(timers: Timers, limits: AgentLimits, stored: readonly StoredGarbage[]) {
    this.#timers = timers
    this.#limits = limits
    this.#allowedAgeMs = limits.gcDelayMs
    const oldestFirst = stored.toSorted((a, b) => a.since - b.since || (a.path < b.path ? -1 : 1))
    for (const { path, since } of oldestFirst) this.#garbage.set(path, since)
  }

  /** Counts for metrics. */
  get counts(): { readonly pending: number; readonly succeeded: number; readonly failed: number } {
    return { pending: this.#garbage.size, succeeded: this.#succeeded, failed: this.#failed }
  }

  /** Age beyond which a sandbox goes, in milliseconds, as of the last measurement. */
  get allowedAgeMs(): number {
    return this.#allowedAgeMs
  }

  /** Paths that wait for their removal. */
  get paths(): readonly string[] {
    return [...this.#garbage.keys()]
  }

  /** Whether the sandbox waits for its removal. */
  has(path: string): boolean {
    return this.#garbage.has(path)
  }

  /** Nobody needs the sandbox any more. */
  schedule(turn: Turn, path: string): void {
    this.#garbage.set(path, turn.now)
    put(turn, "garbage", keys.garbage(path), { path, since: turn.now })
  }

  /** The sandbox is gone, or needed again. */
  cancel(turn: Turn, path: string): void {
    if (this.#garbage.delete(path)) remove(turn, keys.garbage(path))
  }

  /** Time to measure the disk again. */
  watch(turn: Turn): void {
    turn.out.push({ kind: "measureDisk" })
    this.#timers.set("disk", turn.now + this.#limits.diskWatchMs)
  }

  /** The disk was measured: removes what is too old for it. */
  measured(turn: Turn, used: number): void {
    const { gcDelayMs, gcDiskHeadroom } = this.#limits
    this.#allowedAgeMs = gcDelayMs * Math.max(0, 1 - gcDiskHeadroom - used)
    this.#stuck.clear()
    this.#prune(turn)
  }

  /** A removal has ended. One that failed is tried again at the next measurement. */
  removed(turn: Turn, path: string, error: string | undefined): void {
    if (!this.#removing.delete(path)) return
    if (error !== undefined) {
      this.#failed++
      this.#stuck.add(path)
      say(turn, "warn", "cannot remove a sandbox", { path, error })
      this.#prune(turn)
      return
    }
    this.#succeeded++
    this.#garbage.delete(path)
    remove(turn, keys.garbage(path))
    this.#prune(turn)
  }

  #prune(turn: Turn): void {
    for (const [path, since] of this.#garbage) {
      if (this.#removing.size >= REMOVALS_AT_ONCE || turn.now - since < this.#allowedAgeMs) return
      if (this.#removing.has(path) || this.#stuck.has(path)) continue
      this.#removing.add(path)
      turn.out.push({ kind: "removeSandbox", path })
    }
  }
}
