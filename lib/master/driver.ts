import type { FrameworkId, MasterToAgent, scheduler } from "#lib/mesos/index.ts"
import type { Cancel, Clock, Log, Store } from "#lib/ports/index.ts"
import { Loop } from "#lib/runtime/index.ts"
import { Deadlines } from "#lib/std/deadlines.ts"
import { ok, type Result } from "#lib/std/result.ts"
import { parseAgentMessage } from "./agent-message.ts"
import { Master } from "./core/master.ts"
import { MASTER_STORE_PREFIXES, type RegistryError } from "./core/registry.ts"
import type {
  CallSender,
  LinkId,
  MasterEffect,
  MasterInput,
  MasterOptions,
  MasterReply,
  OperatorCall,
  OtherCall,
  RequestId,
  StreamId,
} from "./core/types.ts"
import { DEFAULT_TIMINGS } from "./core/types.ts"
import type { MasterView } from "./core/views.ts"
import {
  InMemoryScheduler,
  type SchedulerConnection,
  type SchedulerHandler,
} from "./in-memory-scheduler.ts"
import { MeasuredMaster, type Fetched } from "./measured-master.ts"
import { Watchers, type WatchId, type WatchSink } from "./watchers.ts"

/** How long a caller waits for the outcome of a call before it is told 503. */
const CALL_DEADLINE_MS = 30_000

/** Source: apache/mesos: src/master/constants.hpp (--max_operator_event_stream_subscribers). */
const DEFAULT_WATCHES_MAX = 1000

const OVERLOADED: MasterReply = { status: 503, message: "The master is overloaded or stopping" }

/** The open links to agents. Neither member throws; what is sent to a closed link vanishes. */
export interface AgentLinks {
  /** Sends the messages, in order, as one frame. */
  send(link: LinkId, messages: readonly MasterToAgent[]): void
  /** Closes the link; `linkClosed` may or may not be reported afterwards. */
  close(link: LinkId, reason: string): void
}

/** Where one scheduler stream ends: an HTTP response, or the in-memory transport. */
export interface SchedulerSink {
  /** All events of one batch, in order. Must not call back into the driver synchronously. */
  events(events: readonly scheduler.Event[]): void
  /** The master ended the stream, after the last events. */
  end(): void
}

/** A SUBSCRIBE as its transport received it. */
export type SubscribeRequest = {
  readonly frameworkId?: FrameworkId | undefined
  readonly subscribe: scheduler.CallSubscribe
  readonly principal?: string | undefined
}

/** Any other call as its transport received it. */
export type CallRequest = CallSender & { readonly call: OtherCall }

/** The world a master acts on. */
export type MasterDriverOptions = {
  readonly master: MasterOptions
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
  readonly links: AgentLinks
  /** A new UUID each time: stream ids must not be guessable. */
  readonly newId: () => string
  /** Watches at the same time; one more ends the oldest. DEFAULT_WATCHES_MAX unless given. */
  readonly watchesMax?: number | undefined
  /** Time that the store has for a write before the master gives up, in milliseconds; see Loop. */
  readonly commitLimitMs?: number | undefined
  /** The process must stop: see Loop. */
  readonly onFatal: (cause: unknown) => void
}

type Stream = { readonly sink: SchedulerSink; events: scheduler.Event[] }

/** Runs a master machine: feeds it what its ports report and performs what it asks for. */
export class MasterDriver {
  readonly #options: MasterDriverOptions
  readonly #master: Master
  readonly #measured: MeasuredMaster
  readonly #loop: Loop<MasterInput, MasterEffect>
  readonly #outbox = new Map<LinkId, MasterToAgent[]>()
  readonly #streams = new Map<StreamId, Stream>()
  readonly #talkative = new Set<Stream>()
  readonly #requests = new Map<RequestId, (reply: MasterReply) => void>()
  readonly #deadlines = new Deadlines<RequestId>()
  readonly #watchers: Watchers
  #alarm: Cancel | undefined
  #lastRequest = 0
  #stopped = false

  /** Recovers the master from its store. Refused, with the key, when a stored value is unreadable. */
  static async start(options: MasterDriverOptions): Promise<Result<MasterDriver, RegistryError>> {
    const began = options.clock.now()
    const entries: (readonly [string, unknown])[] = []
    for (const prefix of MASTER_STORE_PREFIXES) entries.push(...(await options.store.scan(prefix)))
    const now = options.clock.now()
    const master = Master.recover(options.master, entries, now)
    if (!master.ok) return master
    return ok(new MasterDriver(options, master.value, { entries, ms: now - began }))
  }

  private constructor(options: MasterDriverOptions, master: Master, fetched: Fetched) {
    this.#options = options
    this.#master = master
    this.#measured = new MeasuredMaster(master, options.clock, fetched)
    this.#loop = new Loop<MasterInput, MasterEffect>({
      name: "master",
      machine: this.#measured,
      store: options.store,
      clock: options.clock,
      log: options.log,
      perform: (effect) => this.#perform(effect),
      flush: () => this.#flush(),
      commitLimitMs: options.commitLimitMs,
      onCommitted: (ms) => this.#measured.committed(ms),
      onFatal: (cause) => {
        this.#refuseAll("The master has failed")
        options.onFatal(cause)
      },
    })
    this.#watchers = new Watchers({
      view: master.view,
      clock: options.clock,
      log: options.log,
      limit: options.watchesMax ?? DEFAULT_WATCHES_MAX,
      heartbeatMs: options.master.timings?.heartbeatMs ?? DEFAULT_TIMINGS.heartbeatMs,
      announce: (watchers) => this.#loop.post({ kind: "watch", watchers }),
    })
    this.#loop.post({ kind: "wake" })
  }

  /** What the master knows, for its HTTP API. */
  get view(): MasterView {
    return this.#master.view
  }

  /**
   * Metrics of what runs the master: its queue, which all inputs share, so that those of Mesos that
   * tell messages from requests have nothing of their own; how long runs and commits take; who watches.
   */
  processMetrics(): Readonly<Record<string, number>> {
    return {
      "master/event_queue_messages": 0,
      "master/event_queue_dispatches": this.#loop.waiting,
      "master/event_queue_http_requests": this.#requests.size,
      "master/operator_event_stream_subscribers": this.#watchers.size,
      ...this.#measured.metrics(),
    }
  }

  /** Recounts every book; a mismatch fails an assertion. Costs a pass over everything: for tests. */
  checkInvariants(): void {
    this.#master.checkInvariants()
  }

  /** An agent connected from the IP address `address`. */
  linkOpened(link: LinkId, address: string): void {
    this.#loop.post({ kind: "linkOpened", link, address })
  }

  /**
   * The messages of one frame, as they were read from JSON. False when the master is overloaded or
   * stops: close the link. The driver itself closes the link of a peer that speaks nonsense.
   */
  linkMessages(link: LinkId, messages: readonly unknown[]): boolean {
    for (const received of messages) {
      const message = parseAgentMessage(received)
      if (!message.ok) {
        this.#options.log.write("warn", "closing a link", { link, reason: message.error })
        this.#options.links.close(link, message.error)
        this.#loop.post({ kind: "linkClosed", link })
        return true
      }
      if (!this.#loop.post({ kind: "linkMessage", link, message: message.value })) return false
    }
    return true
  }

  /** The link is gone; nothing more comes from it. */
  linkClosed(link: LinkId): void {
    this.#loop.post({ kind: "linkClosed", link })
  }

  /** Opens a scheduler stream; undefined when the master is overloaded or stops. */
  subscribe(request: SubscribeRequest, sink: SchedulerSink): StreamId | undefined {
    const stream = this.#options.newId() as StreamId
    if (!this.#loop.post({ kind: "subscribe", stream, ...request })) return undefined
    this.#streams.set(stream, { sink, events: [] })
    return stream
  }

  /** The scheduler closed its stream, or was too slow for it. Its sink hears nothing more. */
  closeStream(stream: StreamId): void {
    if (this.#streams.delete(stream)) this.#loop.post({ kind: "streamClosed", stream })
  }

  /** Watches all that changes, from the next batch on; undefined when overloaded or stopping. */
  watch(sink: WatchSink): WatchId | undefined {
    return this.#watchers.open(sink)
  }

  /** Nobody wants to hear more of a watch. Harmless when repeated, or after its end. */
  unwatch(id: WatchId): void {
    this.#watchers.close(id)
  }

  /**
   * Takes in a call whose outcome its sender hears as events, and answers at once: it is refused, or
   * queued behind all that came before it. What the master then makes of it changes no answer.
   */
  take(request: CallRequest): MasterReply {
    const refusal = this.view.callRefusal(request)
    if (refusal !== undefined) return refusal
    const id = ++this.#lastRequest as RequestId
    return this.#loop.post({ kind: "call", request: id, ...request }) ? { status: 202 } : OVERLOADED
  }

  /** Makes a call; resolves with its HTTP status, 503 when the master cannot take or finish it. */
  call(request: CallRequest): Promise<MasterReply> {
    return this.#request((id) => ({ kind: "call", request: id, ...request }))
  }

  /** Makes an operator's call; resolves as `call` does. */
  operate(call: OperatorCall, principal?: string): Promise<MasterReply> {
    return this.#request((request) => ({ kind: "operate", request, call, principal }))
  }

  /** Limits what is offered to the agents of these hosts; undefined ends the limit (--whitelist). */
  setWhitelist(hostnames: ReadonlySet<string> | undefined): void {
    this.#loop.post({ kind: "whitelist", hostnames })
  }

  /** A scheduler in this process: behaves as one over HTTP, without sockets and encoding. */
  connectScheduler(handler: SchedulerHandler): SchedulerConnection {
    return new InMemoryScheduler(this, this.#options.clock, handler)
  }

  /** Takes no more inputs; resolves when the batch under way is performed and all streams ended. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#loop.stop()
    this.#alarm?.()
    this.#refuseAll("The master is stopping")
    for (const { sink } of this.#streams.values()) sink.end()
    this.#streams.clear()
    this.#watchers.stop()
  }

  #request(input: (id: RequestId) => MasterInput): Promise<MasterReply> {
    const id = ++this.#lastRequest as RequestId
    return new Promise((resolve) => {
      if (!this.#loop.post(input(id))) return resolve(OVERLOADED)
      this.#requests.set(id, resolve)
      this.#deadlines.set(id, this.#options.clock.now() + CALL_DEADLINE_MS)
      if (this.#alarm === undefined) this.#watchDeadlines()
    })
  }

  #watchDeadlines(): void {
    const next = this.#deadlines.next()
    if (next === undefined || this.#stopped) return
    this.#alarm = this.#options.clock.wakeAt(next, () => {
      this.#alarm = undefined
      const now = this.#options.clock.now()
      for (let id = this.#deadlines.takeDue(now); id !== undefined;) {
        this.#resolve(id, { status: 503, message: "The master did not answer in time" })
        id = this.#deadlines.takeDue(now)
      }
      this.#watchDeadlines()
    })
  }

  #resolve(id: RequestId, reply: MasterReply): void {
    const resolve = this.#requests.get(id)
    this.#requests.delete(id)
    this.#deadlines.clear(id)
    resolve?.(reply)
  }

  #refuseAll(message: string): void {
    for (const id of this.#requests.keys()) this.#resolve(id, { status: 503, message })
  }

  #perform(effect: MasterEffect): void {
    switch (effect.kind) {
      case "send": {
        const waiting = this.#outbox.get(effect.link)
        if (waiting === undefined) this.#outbox.set(effect.link, [effect.message])
        else waiting.push(effect.message)
        return
      }
      case "closeLink": {
        const waiting = this.#outbox.get(effect.link)
        this.#outbox.delete(effect.link)
        if (waiting !== undefined) this.#options.links.send(effect.link, waiting)
        return this.#options.links.close(effect.link, effect.reason)
      }
      case "event": {
        const stream = this.#streams.get(effect.stream)
        if (stream === undefined) return
        stream.events.push(effect.event)
        this.#talkative.add(stream)
        return
      }
      case "closeStream": {
        const stream = this.#streams.get(effect.stream)
        if (stream === undefined) return
        this.#streams.delete(effect.stream)
        this.#deliver(stream)
        return stream.sink.end()
      }
      case "operatorEvent":
        return this.#watchers.push(effect.event)
      case "giveUp":
        return this.#options.onFatal(new Error(effect.message))
      case "reply":
        return this.#resolve(effect.request, effect.reply)
      case "put":
      case "delete":
      case "wakeAt":
      case "log":
        return // performed by the loop
      default:
        return effect satisfies never
    }
  }

  #flush(): void {
    for (const [link, messages] of this.#outbox) this.#options.links.send(link, messages)
    this.#outbox.clear()
    for (const stream of this.#talkative) this.#deliver(stream)
    this.#talkative.clear()
    this.#watchers.flush()
  }

  #deliver(stream: Stream): void {
    if (stream.events.length === 0) return
    const events = stream.events
    stream.events = []
    stream.sink.events(events)
  }
}
