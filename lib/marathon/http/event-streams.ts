import type { Clock, Log } from "#lib/ports/index.ts"
import type { EventSubscription } from "#lib/marathon/event-bus.ts"
import { formatTimestamp } from "#lib/marathon/model/index.ts"
import type { MarathonPort } from "./ports.ts"

/** Streams open at once; each may hold as many undelivered events as the bus permits. */
const STREAMS_MAX = 1000

/** An idle stream says something this often, so that nobody in between takes it for dead. */
const KEEP_ALIVE_MS = 10_000

const encoder = new TextEncoder()
const KEEP_ALIVE = encoder.encode("\r\n")

/** The clients of /v2/events. One that reads too slowly is cut off; there is no replay. */
export class EventStreams {
  readonly #marathon: MarathonPort
  readonly #clock: Clock
  readonly #log: Log
  #open = 0

  constructor(ports: {
    readonly marathon: MarathonPort
    readonly clock: Clock
    readonly log: Log
  }) {
    this.#marathon = ports.marathon
    this.#clock = ports.clock
    this.#log = ports.log
  }

  /** How many streams are open. */
  get size(): number {
    return this.#open
  }

  /** A stream of the named types of events, or of all; undefined when there are too many streams. */
  open(
    types: ReadonlySet<string> | undefined,
    remoteAddress: string,
  ): ReadableStream<Uint8Array> | undefined {
    if (this.#open >= STREAMS_MAX) return undefined
    this.#open++
    const subscription = this.#marathon.subscribe(types)
    this.#announce("event_stream_attached", remoteAddress)
    let left = false
    const leave = (): void => {
      if (left) return
      left = true
      this.#open--
      this.#tellWhy(subscription, remoteAddress)
      subscription.close()
      this.#announce("event_stream_detached", remoteAddress)
    }
    const frames = new Frames(subscription, this.#clock)
    return new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        const frame = await frames.next()
        if (frame !== undefined) return controller.enqueue(frame)
        leave()
        controller.close()
      },
      cancel: leave,
    })
  }

  #announce(eventType: string, remoteAddress: string): void {
    const timestamp = formatTimestamp(this.#clock.now())
    this.#marathon.publish({ eventType, timestamp, remoteAddress })
  }

  #tellWhy({ closed }: EventSubscription, remoteAddress: string): void {
    const level = closed === "too slow" ? "warn" : "debug"
    const reason = closed ?? "the client left"
    this.#log.write(level, "an event stream of marathon ended", { remoteAddress, reason })
  }
}

/** Turns a subscription into the frames of an event stream, with keep-alive lines between. */
class Frames {
  readonly #subscription: EventSubscription
  readonly #clock: Clock
  #taking: ReturnType<EventSubscription["take"]> | undefined

  constructor(subscription: EventSubscription, clock: Clock) {
    this.#subscription = subscription
    this.#clock = clock
  }

  /** The next bytes to send; undefined once the subscription has ended. */
  async next(): Promise<Uint8Array | undefined> {
    this.#taking ??= this.#subscription.take()
    const taking = this.#taking
    let stop: (() => void) | undefined
    const idle = new Promise<"idle">((resolve) => {
      stop = this.#clock.wakeAt(this.#clock.now() + KEEP_ALIVE_MS, () => resolve("idle"))
    })
    const events = await Promise.race([taking, idle])
    stop?.()
    if (events === "idle") return KEEP_ALIVE
    this.#taking = undefined
    if (events === undefined) return undefined
    const frames = events.map(
      ({ eventType, json }) => `event: ${eventType}\r\ndata: ${json}\r\n\r\n`,
    )
    return encoder.encode(frames.join(""))
  }
}
