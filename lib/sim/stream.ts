import type {
  MasterDriver,
  SchedulerConnection,
  SchedulerHandler,
  StreamId,
} from "#lib/master/index.ts"
import type { scheduler } from "#lib/mesos/index.ts"
import { describeEvent } from "./describe.ts"
import type { Life } from "./life.ts"
import { between, note, randomMs, strikes, type World } from "./world.ts"

/** The master as schedulers see it: the driver of its present life, if it has one. */
export type MasterAt = () => { readonly driver: MasterDriver; readonly life: Life } | undefined

type Call = Parameters<SchedulerConnection["call"]>[0]
type Reply = Awaited<ReturnType<SchedulerConnection["call"]>>

/** How long a scheduler waits for the answer to a call that is lost. */
const ANSWER_LIMIT_MS = 10_000

/** Most time until the end that was not told notices that a stream broke. */
const NOTICE_MAX_MS = 60_000

/** Where a remote scheduler's stream stands. */
type Stream = {
  readonly id: StreamId
  readonly driver: MasterDriver
  readonly life: Life
  lastArrival: number
}

/**
 * A scheduler's connection to the master over HTTP: one stream of events that may break, in order as
 * long as it lives, and one connection for calls, also in order, which may be lost, or be done and their
 * answer lost.
 */
export class RemoteScheduler implements SchedulerConnection {
  readonly #world: World
  readonly #life: Life
  readonly #master: MasterAt
  readonly #handler: SchedulerHandler
  #stream: Stream | undefined
  #lastCallAt = 0
  /** Grows with each subscription: what an earlier one still brings is ignored. */
  #generation = 0

  constructor(world: World, parts: { life: Life; master: MasterAt; handler: SchedulerHandler }) {
    this.#world = world
    this.#life = parts.life
    this.#master = parts.master
    this.#handler = parts.handler
  }

  subscribe(call: Extract<scheduler.Call, { readonly kind: "subscribe" }>): void {
    this.close()
    const generation = this.#generation
    note(this.#world, this.#life.name, "subscribes")
    const text = JSON.stringify(call)
    this.#life.after(this.#latency(), () => {
      if (generation === this.#generation)
        this.#open(generation, JSON.parse(text) as Parameters<RemoteScheduler["subscribe"]>[0])
    })
  }

  call(call: Call): Promise<Reply> {
    const world = this.#world
    const { frameworkId } = call
    if (frameworkId === undefined) return Promise.resolve({ status: 400 })
    const stream = this.#stream
    if (strikes(world, world.swarm.lostCall, "stream.lostCall")) return this.#noAnswer()
    const replyLost = strikes(world, world.swarm.lostCall, "stream.lostReply")
    const text = JSON.stringify(call)
    this.#lastCallAt = Math.max(world.schedule.now + this.#latency(), this.#lastCallAt)
    return new Promise((resolve) => {
      world.schedule.at(this.#lastCallAt, () => {
        const master = this.#master()
        note(world, "master", `<- ${this.#life.name}: ${call.kind}`)
        if (master === undefined) return resolve(this.#noAnswer())
        const sent = JSON.parse(text) as Call
        void master.driver
          .call({ frameworkId, stream: stream?.id, call: sent })
          .then((reply) =>
            resolve(
              replyLost || master.life.over
                ? this.#noAnswer()
                : this.#life.later(this.#latency(), () => reply),
            ),
          )
      })
    })
  }

  close(): void {
    this.#generation++
    const stream = this.#stream
    this.#stream = undefined
    if (stream !== undefined) this.#tellMaster(stream, this.#latency())
  }

  #open(generation: number, call: Parameters<RemoteScheduler["subscribe"]>[0]): void {
    const world = this.#world
    const master = this.#master()
    const { kind: _, frameworkId, ...subscribe } = call
    const sink = {
      events: (events: readonly scheduler.Event[]) => this.#arrive(generation, events),
      end: () => this.#ended(generation, this.#latency()),
    }
    const id = master?.driver.subscribe({ frameworkId, subscribe }, sink)
    if (master === undefined || id === undefined) return this.#ended(generation, this.#latency())
    this.#stream = { id, ...master, lastArrival: 0 }
    if (world.swarm.streamBreakMs > 0)
      this.#life.after(randomMs(world.chance, world.swarm.streamBreakMs), () => {
        if (world.faulty && generation === this.#generation) this.#breaks(generation)
      })
  }

  #arrive(generation: number, events: readonly scheduler.Event[]): void {
    const stream = this.#stream
    if (generation !== this.#generation || stream === undefined) return
    const { schedule } = this.#world
    const at = Math.max(schedule.now + this.#latency(), stream.lastArrival)
    stream.lastArrival = at
    const text = JSON.stringify(events)
    this.#life.after(at - schedule.now, () => {
      for (const event of JSON.parse(text) as readonly scheduler.Event[]) {
        if (generation !== this.#generation || this.#life.over) return
        note(this.#world, this.#life.name, `<- ${describeEvent(event)}`)
        this.#handler.event(event)
      }
    })
  }

  /** The master's process died: its sockets closed. */
  masterDied(): void {
    if (this.#stream !== undefined) this.#ended(this.#generation, this.#latency())
  }

  #breaks(generation: number): void {
    const world = this.#world
    const stream = this.#stream
    if (stream === undefined) return
    world.marks.hit("stream.broken")
    note(world, this.#life.name, "its stream breaks")
    this.#tellMaster(stream, between(world.chance, 0, NOTICE_MAX_MS))
    this.#stream = undefined
    this.#ended(generation, between(world.chance, 0, NOTICE_MAX_MS))
  }

  #ended(generation: number, ms: number): void {
    this.#life.after(ms, () => {
      if (generation !== this.#generation) return
      this.#generation++
      this.#stream = undefined
      this.#handler.disconnected()
    })
  }

  #tellMaster({ driver, life, id }: Stream, ms: number): void {
    this.#world.schedule.after(ms, () => {
      if (!life.over) driver.closeStream(id)
    })
  }

  #noAnswer(): Promise<Reply> {
    return this.#life.later(ANSWER_LIMIT_MS, () => ({ status: 503, message: "no answer" }))
  }

  #latency(): number {
    const { chance, swarm } = this.#world
    return between(chance, swarm.latencyMinMs, swarm.latencyMaxMs)
  }
}
