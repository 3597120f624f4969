import type { Cancel, Clock, Log, Store, Write } from "#lib/ports/index.ts"
import { Ring } from "#lib/std/ring.ts"
import type { BaseEffect, Machine } from "./effects.ts"

/** Inputs taken in one batch: large enough to share a commit, small enough to keep the process lively. */
const BATCH_LIMIT = 512

/**
 * Milliseconds after which a batch takes no more inputs: some, such as an agent that registers with
 * all it runs, cost a thousand times what others do. What they ask for is then performed, which takes
 * about as long again.
 */
const BATCH_MS = 10

/** Inputs that may wait; a producer that finds the queue full is told so and must shed or slow down. */
const QUEUE_LIMIT = 1 << 20

/** What a loop needs: the machine, the world it acts on, and who hears of a fault. */
export type LoopOptions<
  Input extends { readonly kind: string },
  Effect extends { readonly kind: string },
> = {
  readonly name: string
  readonly machine: Machine<Input, Effect>
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
  /** Performs one effect of the machine's own; runs only after everything before it is durable. */
  readonly perform: (effect: Effect) => void
  /** Called once after each batch has been performed: the place to flush buffered sends. */
  readonly flush?: () => void
  /** Milliseconds after which a commit that is not confirmed counts as failed; never by default. */
  readonly commitLimitMs?: number | undefined
  /** Told after each commit how many milliseconds it took. */
  readonly onCommitted?: (ms: number) => void
  /** A failed commit or a broken invariant. The process must stop; the loop takes no more inputs. */
  readonly onFatal: (cause: unknown) => void
}

/**
 * The runtime loop: takes all queued inputs, runs the machine over them, makes every write of the
 * batch durable in one commit, and only then performs the batch's other effects, in order. Nothing
 * leaves before what it depends on is stored.
 */
export class Loop<
  Input extends { readonly kind: string },
  Effect extends { readonly kind: string },
> {
  readonly #options: LoopOptions<Input, Effect>
  readonly #queue = new Ring<Input>(QUEUE_LIMIT)
  /** The alarm went off and its wake was not delivered yet; beside the queue, which may be full. */
  #wakeDue = false
  #scheduled = false
  #stopping = false
  #failed = false
  #alarm: Cancel | undefined
  #idle: (() => void)[] = []

  constructor(options: LoopOptions<Input, Effect>) {
    this.#options = options
  }

  /** Queues an input; false when the queue is full or the loop has stopped. */
  post(input: Input): boolean {
    if (this.#stopping || this.#failed || !this.#queue.push(input)) return false
    this.#schedule()
    return true
  }

  /** Inputs that wait for their batch. */
  get waiting(): number {
    return this.#queue.length
  }

  /**
   * Takes no more inputs and cancels the alarm; resolves when all inputs taken so far are performed,
   * or when the loop has failed.
   */
  async stop(): Promise<void> {
    this.#stopping = true
    this.#cancelAlarm()
    if (!this.#scheduled) return
    await new Promise<void>((resolve) => this.#idle.push(resolve))
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    this.#options.clock.soon(() => this.#run())
  }

  #run(): void {
    const writes: Write[] = []
    const effects: (Effect | BaseEffect)[] = []
    let commit: Promise<void> | undefined
    let begun = 0
    try {
      for (const effect of this.#step())
        if (effect.kind === "put" || effect.kind === "delete") writes.push(effect as Write)
        else effects.push(effect)
      begun = this.#options.clock.now()
      commit = writes.length > 0 ? this.#options.store.commit(writes) : undefined
    } catch (cause) {
      return this.#fail(cause)
    }
    if (commit === undefined) this.#committed(writes, effects, begun)
    else {
      const stopWaiting = this.#limitCommit(begun)
      commit.then(
        () => {
          stopWaiting()
          this.#committed(writes, effects, begun)
        },
        (cause: unknown) => {
          stopWaiting()
          this.#fail(cause)
        },
      )
    }
  }

  /** Gives a commit up that takes too long: who waits for it must not wait for ever. */
  #limitCommit(begun: number): Cancel {
    const { clock, commitLimitMs: limit } = this.#options
    if (limit === undefined) return () => {}
    return clock.wakeAt(begun + limit, () =>
      this.#fail(new Error(`the store has not taken a write in ${limit / 1000} s`)),
    )
  }

  #committed(
    writes: readonly Write[],
    effects: readonly (Effect | BaseEffect)[],
    begun: number,
  ): void {
    if (this.#failed) return
    if (writes.length > 0) this.#options.onCommitted?.(this.#options.clock.now() - begun)
    this.#finish(effects)
  }

  /** Runs the machine over one batch of inputs and returns what it wants done. */
  #step(): (Effect | BaseEffect)[] {
    const { machine, clock } = this.#options
    const out: (Effect | BaseEffect)[] = []
    const now = clock.now()
    if (this.#wakeDue) {
      this.#wakeDue = false
      machine.step({ kind: "wake" }, now, out)
    }
    for (let taken = 0; taken < BATCH_LIMIT; taken++) {
      const input = this.#queue.shift()
      if (input === undefined) break
      machine.step(input, now, out)
      if (clock.now() >= now + BATCH_MS) break
    }
    return out
  }

  #finish(effects: readonly (Effect | BaseEffect)[]): void {
    try {
      for (const effect of effects) this.#perform(effect)
      this.#options.flush?.()
    } catch (cause) {
      return this.#fail(cause)
    }
    this.#scheduled = false
    if (this.#queue.length > 0 || this.#wakeDue) this.#schedule()
    else this.#settle()
  }

  #perform(effect: Effect | BaseEffect): void {
    if (effect.kind === "wakeAt") this.#setAlarm((effect as { readonly at: number }).at)
    else if (effect.kind === "log") {
      const { level, message, fields } = effect as Extract<BaseEffect, { kind: "log" }>
      this.#options.log.write(level, message, fields)
    } else this.#options.perform(effect as Effect)
  }

  #setAlarm(at: number): void {
    this.#cancelAlarm()
    if (this.#stopping) return
    this.#alarm = this.#options.clock.wakeAt(at, () => {
      this.#alarm = undefined
      if (this.#stopping || this.#failed) return
      this.#wakeDue = true
      this.#schedule()
    })
  }

  #cancelAlarm(): void {
    this.#alarm?.()
    this.#alarm = undefined
  }

  #settle(): void {
    for (const resolve of this.#idle.splice(0)) resolve()
  }

  #fail(cause: unknown): void {
    if (this.#failed) return
    this.#failed = true
    this.#scheduled = false
    this.#cancelAlarm()
    this.#settle()
    this.#options.log.write("error", `${this.#options.name} stops: ${String(cause)}`)
    this.#options.onFatal(cause)
  }
}
