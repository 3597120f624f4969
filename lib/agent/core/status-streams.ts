import type { FrameworkId, TaskId, TaskStatus } from "#lib/mesos/index.ts"
import { keys, put, remove, type StoredStream } from "./checkpoint.ts"
import type { IdSource } from "./id-source.ts"
import type { TimerKey, Timers, Turn } from "./turn.ts"

/** First wait for an acknowledgement. Source: apache/mesos: src/slave/constants.hpp. */
const RETRY_MIN_MS = 10_000

/** Longest wait for an acknowledgement; waits double up to it. */
const RETRY_MAX_MS = 600_000

/**
 * Updates of one task that may wait. A task whose framework stays away would otherwise collect health
 * results without end: beyond this, a newer status replaces the newest waiting one of the same state.
 */
const PENDING_LIMIT = 16

type Stream = {
  readonly frameworkId: FrameworkId
  readonly taskId: TaskId
  pending: readonly TaskStatus[]
  retryMs: number
}

/**
 * Delivers the status updates of each task in order, at least once: an update is stored before it is
 * sent, and sent again until the framework acknowledges it; the next one waits for that. Nothing is
 * sent while the agent is not registered.
 */
export class StatusStreams {
  readonly #streams = new Map<string, Stream>()
  readonly #ids: IdSource
  readonly #timers: Timers
  #sending = false

  constructor(ids: IdSource, timers: Timers, stored: readonly StoredStream[]) {
    this.#ids = ids
    this.#timers = timers
    for (const { frameworkId, taskId, pending } of stored)
      this.#streams.set(`${frameworkId}/${taskId}`, {
        frameworkId,
        taskId,
        pending,
        retryMs: RETRY_MIN_MS,
      })
  }

  /** How many tasks have updates that wait for an acknowledgement. */
  get size(): number {
    return this.#streams.size
  }

  /** Updates of the task that are not acknowledged, oldest first; the first is in flight. */
  pending(frameworkId: FrameworkId, taskId: TaskId): readonly TaskStatus[] {
    return this.#streams.get(`${frameworkId}/${taskId}`)?.pending ?? []
  }

  /** Gives the update a uuid if it has none, stores it, and sends it unless another is in flight. */
  push(turn: Turn, frameworkId: FrameworkId, status: TaskStatus): void {
    const key = `${frameworkId}/${status.taskId}`
    let stream = this.#streams.get(key)
    if (stream === undefined) {
      stream = { frameworkId, taskId: status.taskId, pending: [], retryMs: RETRY_MIN_MS }
      this.#streams.set(key, stream)
    }
    const update = { ...status, uuid: status.uuid ?? this.#ids.bytes() }
    const { pending } = stream
    const replace = pending.length >= PENDING_LIMIT && pending.at(-1)?.state === status.state
    stream.pending = [...(replace ? pending.slice(0, -1) : pending), update]
    this.#store(turn, stream)
    if (stream.pending.length === 1) this.#send(turn, key, stream)
  }

  /**
   * Takes the update in flight off its stream when `uuid` is its own, and sends the next one. Returns
   * it, or undefined when the acknowledgement is late, repeated or foreign.
   */
  acknowledge(
    turn: Turn,
    ack: { readonly frameworkId: FrameworkId; readonly taskId: TaskId; readonly uuid: string },
  ): TaskStatus | undefined {
    const key = `${ack.frameworkId}/${ack.taskId}`
    const stream = this.#streams.get(key)
    const head = stream?.pending[0]
    if (stream === undefined || head?.uuid !== ack.uuid) return undefined
    stream.pending = stream.pending.slice(1)
    stream.retryMs = RETRY_MIN_MS
    if (stream.pending.length === 0) this.#drop(turn, key, stream)
    else {
      this.#store(turn, stream)
      this.#send(turn, key, stream)
    }
    return head
  }

  /** The agent is registered: sends every update in flight, again where it was sent before. */
  resume(turn: Turn): void {
    this.#sending = true
    for (const [key, stream] of this.#streams) {
      stream.retryMs = RETRY_MIN_MS
      this.#send(turn, key, stream)
    }
  }

  /** The agent is not registered any more: nothing is sent until `resume`. */
  pause(): void {
    this.#sending = false
    for (const key of this.#streams.keys()) this.#timers.clear(timerOf(key))
  }

  /** The wait for an acknowledgement is over: sends once more and doubles the next wait. */
  retry(turn: Turn, key: string): void {
    const stream = this.#streams.get(key)
    if (stream === undefined) return
    stream.retryMs = Math.min(stream.retryMs * 2, RETRY_MAX_MS)
    this.#send(turn, key, stream)
  }

  /** The framework is gone: nobody will acknowledge its updates. */
  dropFramework(turn: Turn, frameworkId: FrameworkId): void {
    for (const [key, stream] of this.#streams)
      if (stream.frameworkId === frameworkId) this.#drop(turn, key, stream)
  }

  #send(turn: Turn, key: string, stream: Stream): void {
    const head = stream.pending[0]
    const newest = stream.pending.at(-1)
    if (!this.#sending || head === undefined || newest === undefined) return
    const { frameworkId } = stream
    turn.out.push({
      kind: "send",
      message: { kind: "update", frameworkId, status: head, latestState: newest.state },
    })
    this.#timers.set(timerOf(key), turn.now + stream.retryMs)
  }

  #store(turn: Turn, { frameworkId, taskId, pending }: Stream): void {
    put(turn, "updates", keys.updates(frameworkId, taskId), { frameworkId, taskId, pending })
  }

  #drop(turn: Turn, key: string, { frameworkId, taskId }: Stream): void {
    this.#streams.delete(key)
    this.#timers.clear(timerOf(key))
    remove(turn, keys.updates(frameworkId, taskId))
  }
}

const timerOf = (key: string): TimerKey => `stream ${key}`
