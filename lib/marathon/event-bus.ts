import type { MarathonEvent } from "./core/events.ts"

/** Events that one subscriber may leave undelivered before it is cut off. */
export const OUTSTANDING_LIMIT = 1024

/** An event as it goes over the wire, encoded once for all subscribers. */
export type EncodedEvent = { readonly eventType: string; readonly json: string }

/** One subscriber's side: what waits for it, and whether it was cut off. */
export class EventSubscription {
  readonly #types: ReadonlySet<string> | undefined
  readonly #leave: (subscription: EventSubscription) => void
  #waiting: EncodedEvent[] = []
  #wake: (() => void) | undefined
  #closed: "by the subscriber" | "too slow" | "stopped" | undefined

  constructor(
    types: ReadonlySet<string> | undefined,
    leave: (subscription: EventSubscription) => void,
  ) {
    this.#types = types
    this.#leave = leave
  }

  /** Why no more events come, once none do. */
  get closed(): string | undefined {
    return this.#closed
  }

  /** The events since the last call; waits for the first. Undefined once closed and all taken. */
  async take(): Promise<readonly EncodedEvent[] | undefined> {
    if (this.#waiting.length === 0 && this.#closed === undefined)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    if (this.#waiting.length === 0) return undefined
    const taken = this.#waiting
    this.#waiting = []
    return taken
  }

  /** Ends the subscription; a `take` that waits answers. */
  close(): void {
    this.end("by the subscriber")
  }

  /** For the bus: ends the subscription for a reason. */
  end(reason: "by the subscriber" | "too slow" | "stopped"): void {
    if (this.#closed !== undefined) return
    this.#closed = reason
    this.#leave(this)
    this.#wakeUp()
  }

  /** For the bus: one more event, if the subscriber wants its type and has room. */
  offer(event: EncodedEvent): void {
    if (this.#types !== undefined && !this.#types.has(event.eventType)) return
    if (this.#waiting.length >= OUTSTANDING_LIMIT) return this.end("too slow")
    this.#waiting.push(event)
    this.#wakeUp()
  }

  #wakeUp(): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }
}

/** Hands every event to every subscriber; a slow one is cut off rather than waited for. */
export class EventBus {
  readonly #subscriptions = new Set<EventSubscription>()

  /** How many listen. */
  get size(): number {
    return this.#subscriptions.size
  }

  /** Events from now on, of the named types or of all. */
  subscribe(types?: ReadonlySet<string>): EventSubscription {
    const subscription = new EventSubscription(types, (one) => this.#subscriptions.delete(one))
    this.#subscriptions.add(subscription)
    return subscription
  }

  publish(event: MarathonEvent): void {
    if (this.#subscriptions.size === 0) return
    const encoded = { eventType: event.eventType, json: JSON.stringify(event) }
    for (const subscription of this.#subscriptions) subscription.offer(encoded)
  }

  /** Ends all subscriptions. */
  stop(): void {
    for (const subscription of this.#subscriptions) subscription.end("stopped")
  }
}
