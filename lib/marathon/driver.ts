import type { scheduler } from "#lib/mesos/index.ts"
import type { Clock, Log, Prober, ProbeOutcome, Store } from "#lib/ports/index.ts"
import { Loop } from "#lib/runtime/index.ts"
import { err } from "#lib/std/result.ts"
import { Ring } from "#lib/std/ring.ts"
import type { Command, Reply } from "./core/command.ts"
import type { MarathonEvent } from "./core/events.ts"
import { PREFIX } from "./core/keys.ts"
import { Marathon } from "./core/marathon.ts"
import type { MarathonOptions } from "./core/options.ts"
import type { MarathonEffect, MarathonInput, Probe, RequestId } from "./core/types.ts"
import type { MarathonView } from "./core/view.ts"
import { EventBus } from "./event-bus.ts"
import type { EventSubscription } from "./event-bus.ts"

/** Probes under way at once. Source: --max_concurrent_marathon_health_checks. */
const PROBES_LIMIT = 256

/** Probes that may wait for their turn; one that finds no room is asked again after its time-out. */
const WAITING_PROBES_LIMIT = 1 << 16

/** How long to wait for room in the input queue before the loss of the stream is told again. */
const LOST_RETRY_MS = 100

/** What Marathon hears from its connection to the master; each call in a turn of its own. */
export interface SchedulerHandler {
  event(event: scheduler.Event): void
  /** The stream ended or could not be opened. */
  disconnected(): void
}

/** Marathon's side of a transport to the master, in memory or over HTTP. */
export interface SchedulerConnection {
  /** Opens a stream; one still open is dropped first, without `disconnected`. */
  subscribe(call: Extract<scheduler.Call, { readonly kind: "subscribe" }>): void
  /** Sends a call; resolves with the HTTP status it got. Never rejects. */
  call(
    call: Exclude<scheduler.Call, { readonly kind: "subscribe" }>,
  ): Promise<{ readonly status: number; readonly message?: string | undefined }>
  close(): void
}

/** The world that Marathon acts on. */
export type MarathonDriverOptions = {
  readonly marathon: MarathonOptions
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
  readonly prober: Prober
  readonly connect: (handler: SchedulerHandler) => SchedulerConnection
  /** The process must stop: see Loop. */
  readonly onFatal: (cause: unknown) => void
}

/** Runs Marathon's machine: feeds it what its ports report and performs what it asks for. */
export class MarathonDriver {
  readonly #options: MarathonDriverOptions
  readonly #machine: Marathon
  readonly #loop: Loop<MarathonInput, MarathonEffect>
  readonly #connection: SchedulerConnection
  readonly #requests = new Map<RequestId, (reply: Reply) => void>()
  readonly #events = new EventBus()
  readonly #waitingProbes = new Ring<Probe>(WAITING_PROBES_LIMIT)
  readonly #abort = new AbortController()
  #probes = 0
  #lastRequest = 0

  /** Recovers Marathon from its store and subscribes. Rejects when the store cannot be read. */
  static async start(options: MarathonDriverOptions): Promise<MarathonDriver> {
    return new MarathonDriver(options, await options.store.scan(PREFIX))
  }

  private constructor(options: MarathonDriverOptions, entries: Awaited<ReturnType<Store["scan"]>>) {
    this.#options = options
    this.#machine = new Marathon(entries, options.marathon, options.clock.now())
    this.#loop = new Loop<MarathonInput, MarathonEffect>({
      name: "marathon",
      machine: this.#machine,
      store: options.store,
      clock: options.clock,
      log: options.log,
      perform: (effect) => this.#perform(effect),
      onFatal: (cause) => {
        this.#refuseAll("Marathon has failed")
        options.onFatal(cause)
      },
    })
    this.#connection = options.connect({
      event: (event) => this.#post({ kind: "event", event }),
      disconnected: () => this.#post({ kind: "disconnected" }),
    })
    this.#loop.post({ kind: "start" })
  }

  /** What Marathon knows, for its API. */
  get view(): MarathonView {
    return this.#machine.view
  }

  /** How Marathon was set up. */
  get settings(): MarathonOptions {
    return this.#options.marathon
  }

  /** Carries out a command; resolves once its outcome is durable. Never rejects. */
  request(command: Command): Promise<Reply> {
    return new Promise((resolve) => {
      const request = ++this.#lastRequest as RequestId
      this.#requests.set(request, resolve)
      if (this.#loop.post({ kind: "command", request, command })) return
      this.#requests.delete(request)
      resolve(err({ code: "unavailable", message: "Marathon is stopping or overloaded" }))
    })
  }

  /** Events from now on, of the named types or of all. */
  subscribe(types?: ReadonlySet<string>): EventSubscription {
    return this.#events.subscribe(types)
  }

  /** Tells the subscribers of something that only the API knows, such as `api_post_event`. */
  publish(event: MarathonEvent): void {
    this.#events.publish(event)
  }

  /** Leaves the master (tasks run on, and the next start finds them) and answers all who wait. */
  async stop(): Promise<void> {
    await this.#loop.stop()
    this.#abort.abort()
    this.#connection.close()
    this.#events.stop()
    this.#refuseAll("Marathon is stopping")
  }

  #refuseAll(message: string): void {
    for (const resolve of this.#requests.values()) resolve(err({ code: "unavailable", message }))
    this.#requests.clear()
  }

  // A full queue means the process cannot keep up: a stream begun anew brings what was lost.
  #post(input: MarathonInput): void {
    if (this.#loop.post(input) || this.#abort.signal.aborted) return
    this.#options.log.write("error", "marathon drops an input: its queue is full")
    this.#connection.close()
    this.#tellLost()
  }

  #tellLost(): void {
    const { clock } = this.#options
    clock.wakeAt(clock.now() + LOST_RETRY_MS, () => {
      if (!this.#loop.post({ kind: "disconnected" }) && !this.#abort.signal.aborted)
        this.#tellLost()
    })
  }

  #perform(effect: MarathonEffect): void {
    switch (effect.kind) {
      case "subscribe":
        return this.#connection.subscribe(effect.call)
      case "call":
        return this.#send(effect.call)
      case "reply": {
        const resolve = this.#requests.get(effect.request)
        this.#requests.delete(effect.request)
        return resolve?.(effect.reply)
      }
      case "probe":
        return this.#probe(effect.probe)
      case "publish":
        return this.#events.publish(effect.event)
      case "put":
      case "delete":
      case "wakeAt":
      case "log":
        return // The loop performs these itself.
      default:
        return effect satisfies never
    }
  }

  #send(call: Parameters<SchedulerConnection["call"]>[0]): void {
    void this.#connection.call(call).then(({ status, message }) => {
      if (status < 400) return
      const fields = { call: call.kind, status, answer: message }
      this.#options.log.write("warn", "the master refuses a call of marathon", fields)
      this.#post({ kind: "callRefused", call })
    })
  }

  #probe(probe: Probe): void {
    if (this.#probes >= PROBES_LIMIT) {
      this.#waitingProbes.push(probe)
      return
    }
    this.#probes++
    const { signal } = this.#abort
    void this.#options.prober
      .probe(probe.target, { timeoutMs: probe.timeoutMs, bodyBytes: probe.bodyBytes, signal })
      .catch((cause: unknown): ProbeOutcome => ({
        kind: "failed",
        message: String(cause),
        timedOut: false,
      }))
      .then((outcome) => {
        this.#probes--
        this.#post({ kind: "probed", result: { id: probe.id, outcome } })
        const next = this.#waitingProbes.shift()
        if (next !== undefined && !signal.aborted) this.#probe(next)
      })
  }
}
