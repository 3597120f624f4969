import {
  encodeMessage,
  encodeRecords,
  type Protobuf,
  type ReservationForm,
  type scheduler,
} from "#lib/mesos/index.ts"
import type { SchedulerSink } from "#lib/master/driver.ts"
import { RecordBody } from "#lib/mesos/index.ts"

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

/** The body of a scheduler's SUBSCRIBE response: its events as records. */
export class EventStream implements SchedulerSink {
  readonly #options: EventStreamOptions
  readonly #body: RecordBody

  constructor(options: EventStreamOptions) {
    const { limitBytes, onClosed } = options
    this.#options = options
    this.#body = new RecordBody({ reader: "scheduler", limitBytes, onClosed })
  }

  get body(): ReadableStream<Uint8Array> {
    return this.#body.stream
  }

  events(events: readonly scheduler.Event[]): void {
    if (!this.#body.open) return
    const { protobuf } = this.#options
    const form = this.#options.form()
    this.#body.write(
      encodeRecords(
        events.map((event) =>
          protobuf === undefined
            ? JSON.stringify(encodeMessage("mesos.v1.scheduler.Event", event, form))
            : protobuf.encode("mesos.v1.scheduler.Event", event, form),
        ),
      ),
    )
  }

  end(): void {
    this.#body.end()
  }

  /** Notes that nobody reads any more. Harmless when repeated or after `end`. */
  close(reason: string): void {
    this.#body.close(reason)
  }
}
