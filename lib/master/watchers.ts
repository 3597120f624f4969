import type { master } from "#lib/mesos/index.ts"
import type { Cancel, Clock, Log } from "#lib/ports/index.ts"
import { Deadlines } from "#lib/std/deadlines.ts"
import { captureState, type StateSnapshot } from "./core/state-snapshot.ts"
import type { MasterView } from "./core/views.ts"

/** Names one watch. */
export type WatchId = number & { readonly brand: "WatchId" }

/** What a watch begins with. */
export type WatchBeginning = {
  /** All there is; what the events tell is what changed since. */
  readonly state: StateSnapshot
  /** Between two heartbeats. */
  readonly heartbeatMs: number
}

/** Where a watch of the cluster ends. No member may call back into the driver synchronously. */
export interface WatchSink {
  /**
   * The watch begins. Others who begin at the same moment are given the same object; nobody else
   * begins until the promise is settled, so that one state at a time is being encoded.
   */
  begun(beginning: WatchBeginning): Promise<void> | undefined
  /**
   * What changed since, in order; heartbeats in between, the first right after the beginning. All
   * watches are given the same array.
   */
  events(events: readonly master.Event[]): void
  /** The master ended the watch. */
  end(): void
}

/** What watches need of the driver. */
export type WatchersOptions = {
  readonly view: MasterView
  readonly clock: Clock
  readonly log: Log
  /** Watches at the same time; one more ends the oldest (--max_operator_event_stream_subscribers). */
  readonly limit: number
  readonly heartbeatMs: number
  /** Has the machine take in how many there are, which ends in a flush; false when it cannot. */
  readonly announce: (watchers: number) => boolean
}

type Watch = { readonly sink: WatchSink; begun: boolean }

const HEARTBEAT: readonly master.Event[] = [{ kind: "heartbeat" }]

/**
 * Those who watch the cluster. A watch begins between two batches: it is given what the master knows
 * then, and the events of later batches only.
 */
export class Watchers {
  readonly #options: WatchersOptions
  /** Oldest first. */
  readonly #watches = new Map<WatchId, Watch>()
  readonly #heartbeats = new Deadlines<WatchId>()
  #events: master.Event[] = []
  /** How many watches have not begun. */
  #waiting = 0
  /** Some have begun and are not done with the state they were given. */
  #beginning = false
  #alarm: Cancel | undefined
  #lastId = 0

  constructor(options: WatchersOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#watches.size
  }

  /** Adds a watch; undefined when the master is overloaded or stops. */
  open(sink: WatchSink): WatchId | undefined {
    const { limit, log, announce } = this.#options
    const id = ++this.#lastId as WatchId
    this.#watches.set(id, { sink, begun: false })
    this.#waiting++
    if (!announce(this.#watches.size)) {
      this.#forget(id)
      return undefined
    }
    for (const [oldest, watch] of this.#watches) {
      if (this.#watches.size <= limit) break
      log.write("info", "closing the oldest operator stream, as there are too many", { limit })
      this.#forget(oldest)
      watch.sink.end()
    }
    return id
  }

  /** The sink hears nothing more. Harmless when repeated. */
  close(id: WatchId): void {
    if (this.#forget(id)) this.#options.announce(this.#watches.size)
  }

  /** An event of the batch that is being performed. */
  push(event: master.Event): void {
    this.#events.push(event)
  }

  /** The batch is performed. */
  flush(): void {
    const events = this.#events
    if (events.length > 0) {
      this.#events = []
      for (const { sink, begun } of this.#watches.values()) if (begun) sink.events(events)
    }
    if (this.#waiting > 0 && !this.#beginning) this.#begin()
  }

  /** Ends all watches. */
  stop(): void {
    this.#alarm?.()
    for (const { sink } of this.#watches.values()) sink.end()
    this.#watches.clear()
    this.#waiting = 0
  }

  #begin(): void {
    const { view, clock, heartbeatMs, announce } = this.#options
    const beginning = { state: captureState(view), heartbeatMs }
    const underWay: Promise<void>[] = []
    for (const [id, watch] of this.#watches) {
      if (watch.begun) continue
      watch.begun = true
      const done = watch.sink.begun(beginning)
      if (done !== undefined) underWay.push(done)
      watch.sink.events(HEARTBEAT)
      this.#heartbeats.set(id, clock.now() + heartbeatMs)
    }
    this.#waiting = 0
    if (this.#alarm === undefined) this.#arm()
    if (underWay.length === 0) return
    this.#beginning = true
    void Promise.allSettled(underWay).then(() => {
      this.#beginning = false
      if (this.#waiting > 0) announce(this.#watches.size)
    })
  }

  #forget(id: WatchId): boolean {
    const watch = this.#watches.get(id)
    if (watch === undefined) return false
    this.#watches.delete(id)
    this.#heartbeats.clear(id)
    if (!watch.begun) this.#waiting--
    return true
  }

  #arm(): void {
    const next = this.#heartbeats.next()
    if (next === undefined) return
    const { clock, heartbeatMs } = this.#options
    this.#alarm = clock.wakeAt(next, () => {
      this.#alarm = undefined
      const now = clock.now()
      for (let id = this.#heartbeats.takeDue(now); id !== undefined;) {
        this.#watches.get(id)?.sink.events(HEARTBEAT)
        this.#heartbeats.set(id, now + heartbeatMs)
        id = this.#heartbeats.takeDue(now)
      }
      this.#arm()
    })
  }
}
