import {
  encodeMessage,
  encodeRecords,
  loadProtobuf,
  type MediaType,
  type Protobuf,
  type master as v1,
} from "#lib/mesos/index.ts"
import type { Clock, Log } from "#lib/ports/index.ts"
import type { WatchBeginning, WatchId, WatchSink } from "#lib/master/watchers.ts"
import { refuse } from "#lib/std/refuse.ts"
import { Chunks } from "./chunks.ts"
import { jsonBytes, jsonPieces, LazyObject } from "./lazy-json.ts"
import { stateOf } from "./operator-views.ts"
import type { MasterHttpOptions } from "./ports.ts"
import { serialize } from "./protobuf-reply.ts"
import { RecordBody } from "#lib/mesos/index.ts"

/** Bytes of events a client may leave unread; what it begins with does not count. */
const STREAM_BUFFER_BYTES = 64 * 1024 * 1024

const EVENT = "mesos.v1.master.Event"

/**
 * SUBSCRIBE of the operator API: the state of the cluster, then all that changes, until the client goes,
 * is too slow, or the master stops. Source: apache/mesos: src/master/readonly_handler.cpp (subscribe).
 */
export async function serveWatch(
  options: MasterHttpOptions,
  request: Request,
  type: MediaType,
): Promise<Response> {
  const { master, clock, log } = options
  const opened: { id: WatchId | undefined } = { id: undefined }
  const stream = new OperatorStream({
    encoding: type === "application/json" ? asJson : await protobufEncoding(),
    clock,
    log,
    limitBytes: options.streamBufferBytes ?? STREAM_BUFFER_BYTES,
    onClosed: (reason) => {
      log.write("info", "operator stream closed", { reason })
      // The driver may be the one that is calling: it hears of it in a turn of its own.
      clock.soon(() => void (opened.id !== undefined && master.unwatch(opened.id)))
    },
  })
  const id = master.watch(stream)
  opened.id = id
  if (id === undefined) return refuse(503, "The master is overloaded or stopping")
  const { signal } = request
  const gone = (): void => stream.close("the client closed the connection")
  if (signal.aborted) gone()
  else signal.addEventListener("abort", gone)
  await stream.settled
  return new Response(stream.body, { headers: { "content-type": type } })
}

/** What an operator's stream is given. */
export type OperatorStreamOptions = {
  readonly encoding: OperatorEncoding
  readonly clock: Clock
  readonly log: Log
  /** Bytes of events that may wait for the reader; beyond them the stream is cut. */
  readonly limitBytes: number
  /** The reader went away, or was cut off with this reason. Called at most once, never for `end`. */
  readonly onClosed: (reason: string) => void
}

/** The body of an operator's SUBSCRIBE response. */
export class OperatorStream implements WatchSink {
  readonly #options: OperatorStreamOptions
  readonly #body: RecordBody
  readonly #settled = Promise.withResolvers<void>()
  /** What waits until the state is encoded; undefined from then on. */
  #waiting: Uint8Array[] | undefined = []
  #waitingBytes = 0

  constructor(options: OperatorStreamOptions) {
    const { limitBytes, onClosed } = options
    this.#options = options
    this.#body = new RecordBody({ reader: "operator", limitBytes, onClosed })
  }

  get body(): ReadableStream<Uint8Array> {
    return this.#body.stream
  }

  /** Resolves when the watch has begun: all that happens after is told. Or when it never will. */
  get settled(): Promise<void> {
    return this.#settled.promise
  }

  async begun(beginning: WatchBeginning): Promise<void> {
    const { encoding, clock, log } = this.#options
    this.#settled.resolve()
    try {
      this.#body.begin(await encoding.beginning(beginning, clock))
    } catch (cause) {
      log.write("error", `SUBSCRIBE: ${String(cause)}`)
      return this.#body.cut("its first event could not be encoded")
    }
    for (const records of this.#waiting ?? []) this.#body.write(records)
    this.#waiting = undefined
  }

  events(events: readonly v1.Event[]): void {
    if (!this.#body.open) return
    const records = this.#options.encoding.events(events)
    if (this.#waiting === undefined) return this.#body.write(records)
    this.#waiting.push(records)
    this.#waitingBytes += records.length
    const { limitBytes } = this.#options
    if (this.#waitingBytes > limitBytes)
      this.#body.cut(`${limitBytes} bytes of events came before its first event was encoded`)
  }

  end(): void {
    this.#settled.resolve()
    this.#body.end()
  }

  /** Notes that nobody reads any more. Harmless when repeated or after `end`. */
  close(reason: string): void {
    this.#settled.resolve()
    this.#body.close(reason)
  }
}

/** The bytes of events, made once for all who read them. */
export class OperatorEncoding {
  readonly #protobuf: Protobuf | undefined
  readonly #events = new WeakMap<readonly v1.Event[], Uint8Array>()
  readonly #beginnings = new WeakMap<WatchBeginning, Promise<readonly Uint8Array[]>>()

  /** Protobuf, or else JSON. */
  constructor(protobuf?: Protobuf) {
    this.#protobuf = protobuf
  }

  /** Events as records in one piece. The same array gives the same bytes. */
  events(events: readonly v1.Event[]): Uint8Array {
    let records = this.#events.get(events)
    if (records === undefined) {
      records = encodeRecords(events.map((event) => this.#encode(event)))
      this.#events.set(events, records)
    }
    return records
  }

  /** SUBSCRIBED as a record in pieces. The same beginning gives the same bytes. */
  beginning(beginning: WatchBeginning, clock: Clock): Promise<readonly Uint8Array[]> {
    let pieces = this.#beginnings.get(beginning)
    if (pieces === undefined) {
      pieces = this.#encodeBeginning(beginning, clock)
      this.#beginnings.set(beginning, pieces)
    }
    return pieces
  }

  #encode(event: v1.Event): string | Uint8Array {
    // As in GET_AGENTS, the resources of agents are in the form for people.
    const form = event.kind === "agentAdded" ? "endpoint" : "new"
    return this.#protobuf === undefined
      ? JSON.stringify(encodeMessage(EVENT, event, form))
      : this.#protobuf.encode(EVENT, event, form)
  }

  async #encodeBeginning(
    { state, heartbeatMs }: WatchBeginning,
    clock: Clock,
  ): Promise<readonly Uint8Array[]> {
    const event = new LazyObject({
      type: "SUBSCRIBED",
      subscribed: new LazyObject({
        get_state: stateOf(state),
        heartbeat_interval_seconds: heartbeatMs / 1000,
      }),
    })
    const content =
      this.#protobuf === undefined
        ? await jsonBytes(jsonPieces(event), clock)
        : await serialize(this.#protobuf, { message: EVENT, value: event, clock })
    const record = new Chunks()
    record.push(new TextEncoder().encode(`${content.length}\n`))
    record.append(content)
    return record.take()
  }
}

const asJson = new OperatorEncoding()

let asProtobuf: Promise<OperatorEncoding> | undefined

const protobufEncoding = (): Promise<OperatorEncoding> =>
  (asProtobuf ??= loadProtobuf().then((protobuf) => new OperatorEncoding(protobuf)))
