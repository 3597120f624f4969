import type { Clock } from "#lib/ports/index.ts"
import type { Machine } from "#lib/runtime/index.ts"
import type { Master } from "./core/master.ts"
import type { MasterEffect, MasterInput } from "./core/types.ts"
import { Timer } from "./timer.ts"

/** What it took to start. */
export type Fetched = {
  readonly entries: readonly (readonly [key: string, value: unknown])[]
  readonly ms: number
}

/**
 * A master whose work is measured from outside, as the machine itself knows no clock. The names are
 * those of Mesos, where allocator and registrar are processes of their own.
 * Source: apache/mesos: src/master/registrar.cpp, src/master/allocator/mesos/metrics.cpp.
 */
export class MeasuredMaster implements Machine<MasterInput, MasterEffect> {
  readonly #master: Master
  readonly #clock: Clock
  readonly #fetchMs: number
  readonly #storing = new Timer("registrar/state_store_ms")
  /** A run, with the offers that come of it. */
  readonly #allocating = new Timer("allocator/mesos/allocation_run_ms")
  /** From the first change that calls for a run to the run. */
  readonly #awaiting = new Timer("allocator/mesos/allocation_run_latency_ms")
  #runDueSince: number | undefined
  /** Characters of each stored entry, with its key, as JSON. */
  readonly #sizes = new Map<string, number>()
  #storedSize = 0
  /** Writes that are not durable yet. */
  #queued = 0

  constructor(master: Master, clock: Clock, fetched: Fetched) {
    this.#master = master
    this.#clock = clock
    this.#fetchMs = fetched.ms
    for (const [key, value] of fetched.entries) this.#resize(key, sizeOf(key, value))
  }

  step(input: MasterInput, now: number, out: MasterEffect[]): void {
    const done = out.length
    if (input.kind === "wake") this.#wake(now, out)
    else this.#master.step(input, now, out)
    if (!this.#master.view.allocation.pending) this.#runDueSince = undefined
    else this.#runDueSince ??= now
    for (let i = done; i < out.length; i++) this.#note(out[i] as MasterEffect)
  }

  /** All that was asked for until now is durable; the last commit took so long. */
  committed(ms: number): void {
    this.#queued = 0
    this.#storing.record(ms)
  }

  metrics(): Readonly<Record<string, number>> {
    return {
      "registrar/queued_operations": this.#queued,
      "registrar/registry_size_bytes": this.#storedSize,
      "registrar/state_fetch_ms": this.#fetchMs,
      // The store is there or the master is not; copies of it are the store's own matter.
      "registrar/log/recovered": 1,
      "registrar/log/ensemble_size": 1,
      ...this.#storing.metrics(),
      ...this.#allocating.metrics(),
      ...this.#awaiting.metrics(),
    }
  }

  #wake(now: number, out: MasterEffect[]): void {
    const { allocation } = this.#master.view
    const { runs } = allocation
    const began = this.#clock.now()
    this.#master.step({ kind: "wake" }, now, out)
    if (allocation.runs === runs) return
    this.#allocating.record(this.#clock.now() - began)
    if (this.#runDueSince !== undefined) this.#awaiting.record(began - this.#runDueSince)
    this.#runDueSince = undefined
  }

  #note(effect: MasterEffect): void {
    if (effect.kind === "put") this.#resize(effect.key, sizeOf(effect.key, effect.value))
    else if (effect.kind === "delete") this.#resize(effect.key, 0)
    else return
    this.#queued++
  }

  #resize(key: string, size: number): void {
    this.#storedSize += size - (this.#sizes.get(key) ?? 0)
    if (size === 0) this.#sizes.delete(key)
    else this.#sizes.set(key, size)
  }
}

const sizeOf = (key: string, value: unknown): number => key.length + JSON.stringify(value).length
