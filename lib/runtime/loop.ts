import type { Cancel, Clock, Log, Store, Write } from "#lib/ports/index.ts"
import { Ring } from "#lib/std/ring.ts"
import type { BaseEffect, Machine, Wake } from "./effects.ts"

/** Inputs taken in one batch: large enough to share a commit, small enough to keep the process lively. */
const BATCH_LIMIT = 512

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
  readonly #queue = new Ring<Input | Wake>(QUEUE_LIMIT)
  #scheduled = false
  #stopped = false
  #alarm: Cancel | undefined
  #idle: (() => void)[] = []

  constructor(options: LoopOptions<Input, Effect>) {
    this.#options = options
  }

  /** Queues an input; false when the queue is full or the loop has stopped. */
  post(input: Input): boolean {
    return this.#enqueue(input)
  }

  /** Takes no more inputs and cancels the alarm; resolves when the batch under way is performed. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#alarm?.()
    if (!this.#scheduled) return
    await new Promise<void>((resolve) => this.#idle.push(resolve))
  }

  #enqueue(input: Input | Wake): boolean {
    if (this.#stopped || !this.#queue.push(input)) return false
    if (!this.#scheduled) {
      this.#scheduled = true
      this.#options.clock.soon(() => this.#run())
    }
    return true
  }

  #run(): void {
    const writes: Write[] = []
    const effects: (Effect | BaseEffect)[] = []
    let commit: Promise<void> | undefined
    try {
      const out: (Effect | BaseEffect)[] = []
      const now = this.#options.clock.now()
      for (let taken = 0; taken < BATCH_LIMIT; taken++) {
        const input = this.#queue.shift()
        if (input === undefined) break
        this.#options.machine.step(input, now, out)
      }
      for (const effect of out)
        if (effect.kind === "put" || effect.kind === "delete") writes.push(effect as Write)
        else effects.push(effect)
      commit = writes.length > 0 ? this.#options.store.commit(writes) : undefined
    } catch (cause) {
      return this.#fail(cause)
    }
    if (commit === undefined) this.#finish(effects)
    else
      commit.then(
        () => this.#finish(effects),
        (cause: unknown) => this.#fail(cause),
      )
  }

  #finish(effects: readonly (Effect | BaseEffect)[]): void {
    try {
      for (const effect of effects) this.#perform(effect)
      this.#options.flush?.()
    } catch (cause) {
      return this.#fail(cause)
    }
    if (this.#queue.length > 0 && !this.#stopped) {
      this.#options.clock.soon(() => this.#run())
      return
    }
    this.#scheduled = false
    for (const resolve of this.#idle.splice(0)) resolve()
  }

  #perform(effect: Effect | BaseEffect): void {
    if (effect.kind === "wakeAt") {
      this.#alarm?.()
      const { at } = effect as Extract<BaseEffect, { kind: "wakeAt" }>
      this.#alarm = this.#options.clock.wakeAt(at, () => {
        this.#alarm = undefined
        this.#enqueue({ kind: "wake" })
      })
    } else if (effect.kind === "log") {
      const { level, message, fields } = effect as Extract<BaseEffect, { kind: "log" }>
      this.#options.log.write(level, message, fields)
    } else this.#options.perform(effect as Effect)
  }

  #fail(cause: unknown): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#alarm?.()
    for (const resolve of this.#idle.splice(0)) resolve()
    this.#options.log.write("error", `${this.#options.name} stops: ${String(cause)}`)
    this.#options.onFatal(cause)
  }
}
