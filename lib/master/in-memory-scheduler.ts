import type { scheduler } from "#lib/mesos/index.ts"
import type { Clock } from "#lib/ports/index.ts"
import type { MasterReply, OtherCall, StreamId } from "./core/types.ts"
import type { CallRequest, SchedulerSink, SubscribeRequest } from "./driver.ts"

/** What a scheduler hears from its connection; each call comes in a turn of its own. */
export interface SchedulerHandler {
  event(event: scheduler.Event): void
  /** The stream ended, by the master or because it stops. Subscribe again, after a pause. */
  disconnected(): void
}

/** A scheduler's side of the in-memory transport. One stream at a time, as a client of HTTP would. */
export interface SchedulerConnection {
  /** Opens a stream; a stream still open is dropped first, without `disconnected`. */
  subscribe(call: Extract<scheduler.Call, { readonly kind: "subscribe" }>): void
  /** Resolves with the HTTP status the call would have got; never rejects. */
  call(call: OtherCall): Promise<MasterReply>
  /** Drops the stream, if any. */
  close(): void
}

/** What the transport needs of the driver. */
interface SchedulerPort {
  subscribe(request: SubscribeRequest, sink: SchedulerSink): StreamId | undefined
  call(request: CallRequest): Promise<MasterReply>
  closeStream(stream: StreamId): void
}

/**
 * The in-memory transport between the master and a scheduler in the same process. Both directions
 * pass through a turn of the event loop, so neither side is ever entered while it runs.
 */
export class InMemoryScheduler implements SchedulerConnection {
  readonly #master: SchedulerPort
  readonly #clock: Clock
  readonly #handler: SchedulerHandler
  #stream: StreamId | undefined
  /** Grows with each subscription: what an earlier stream still delivers is ignored. */
  #generation = 0

  constructor(master: SchedulerPort, clock: Clock, handler: SchedulerHandler) {
    this.#master = master
    this.#clock = clock
    this.#handler = handler
  }

  subscribe(call: Extract<scheduler.Call, { readonly kind: "subscribe" }>): void {
    this.close()
    const generation = this.#generation
    const soon = (run: () => void): void =>
      this.#clock.soon(() => {
        if (generation === this.#generation) run()
      })
    const { kind: _, frameworkId, ...subscribe } = call
    const ended = (): void => {
      this.#stream = undefined
      this.#handler.disconnected()
    }
    this.#stream = this.#master.subscribe(
      { frameworkId, subscribe },
      {
        events: (events) =>
          soon(() => {
            for (const event of events)
              if (generation === this.#generation) this.#handler.event(event)
          }),
        end: () => soon(ended),
      },
    )
    if (this.#stream === undefined) soon(ended)
  }

  call(call: OtherCall): Promise<MasterReply> {
    if (call.frameworkId === undefined)
      return Promise.resolve({ status: 400, message: "Expecting 'framework_id' to be present" })
    return this.#master.call({ frameworkId: call.frameworkId, stream: this.#stream, call })
  }

  close(): void {
    this.#generation++
    if (this.#stream !== undefined) this.#master.closeStream(this.#stream)
    this.#stream = undefined
  }
}
