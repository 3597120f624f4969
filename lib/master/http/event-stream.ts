import {
  encodeMessage,
  encodeRecords,
  type Protobuf,
  type ReservationForm,
  type scheduler,
} from "#lib/mesos/index.ts"
import type { SchedulerSink } from "#lib/master/driver.ts"

/** What an event stream is given. */
export type EventStreamOptions = {
  /** How the framework reads reservations; asked before each batch, as it may update itself. */
  readonly form: () => ReservationForm
  /** Given, events are protobuf; else they are JSON. */
  readonly protobuf?: Protobuf | undefined
  /** Bytes that may wait for the reader; beyond them the stream is cut. */
  readonly limitBytes: number
  /** The reader went away, or was cut off with this reason. Called at most once, never for `end`. */
  readonly onClosed: (reason: string) => void
}

/**
 * The body of a SUBSCRIBE response: RecordIO of events. What a slow reader leaves waits in
 * memory up to a limit; then the stream breaks, as a framework that misses events must subscribe anew.
 */
export class EventStream implements SchedulerSink {
  readonly body: ReadableStream<Uint8Array>
  readonly #options: EventStreamOptions
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined

  constructor(options: EventStreamOptions) {
    this.#options = options
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => void (this.#controller = controller),
        cancel: () => this.close("the client closed the connection"),
      },
      new ByteLengthQueuingStrategy({ highWaterMark: options.limitBytes }),
    )
  }

  events(events: readonly scheduler.Event[]): void {
    const controller = this.#controller
    if (controller === undefined) return
    const form = this.#options.form()
    const { protobuf } = this.#options
    // In one piece: each one that is queued costs a write of its own.
    const records = encodeRecords(
      events.map((event) =>
        protobuf === undefined
          ? JSON.stringify(encodeMessage("mesos.v1.scheduler.Event", event, form))
          : protobuf.encode("mesos.v1.scheduler.Event", event, form),
      ),
    )
    if (records.length > (controller.desiredSize ?? 0)) {
      controller.error(new Error("the scheduler reads its events too slowly"))
      return this.close(`the client left ${this.#options.limitBytes} bytes unread`)
    }
    controller.enqueue(records)
  }

  end(): void {
    const controller = this.#controller
    this.#controller = undefined
    controller?.close()
  }

  /** Notes that nobody reads any more. Harmless when repeated or after `end`. */
  close(reason: string): void {
    if (this.#controller === undefined) return
    this.#controller = undefined
    this.#options.onClosed(reason)
  }
}
