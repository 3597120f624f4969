import type { executor } from "#lib/mesos/index.ts"
import type { ContainerId } from "#lib/ports/index.ts"
import type { AgentInput, ExecutorConnection } from "./core/types.ts"

/** Where the events of one subscription go. Neither member throws. */
export interface ExecutorSink {
  event(event: executor.Event): void
  /** Nothing follows. */
  end(): void
}

/** What an executor sends once it is subscribed. */
export type ExecutorCall = Extract<executor.Call, { readonly kind: "update" | "message" }>

/** The open streams of executors' events: what the agent tells an executor goes through one of these. */
export class ExecutorStreams {
  readonly #post: (input: AgentInput) => boolean
  readonly #sinks = new Map<ExecutorConnection, ExecutorSink>()
  #last = 0

  constructor(post: (input: AgentInput) => boolean) {
    this.#post = post
  }

  /**
   * An executor, named by its container, subscribes. Returns what `close` is told when its reader goes
   * away; undefined when the agent is overloaded or stops.
   */
  open(
    containerId: ContainerId,
    { unacknowledgedTasks, unacknowledgedUpdates }: executor.CallSubscribe,
    sink: ExecutorSink,
  ): ExecutorConnection | undefined {
    const connection = ++this.#last as ExecutorConnection
    this.#sinks.set(connection, sink)
    const posted = this.#post({
      kind: "executorSubscribed",
      containerId,
      connection,
      tasks: (unacknowledgedTasks ?? []).map(({ taskId }) => taskId),
      updates: (unacknowledgedUpdates ?? []).map(({ status }) => status),
    })
    if (posted) return connection
    this.#sinks.delete(connection)
    return undefined
  }

  /** The reader of a subscription is gone. Harmless when repeated. */
  close(containerId: ContainerId, connection: ExecutorConnection): void {
    if (this.#sinks.delete(connection))
      this.#post({ kind: "executorDisconnected", containerId, connection })
  }

  /** An executor tells of a task, or has a message. False when the agent is overloaded or stops. */
  call(containerId: ContainerId, call: ExecutorCall): boolean {
    return this.#post(
      call.kind === "update"
        ? { kind: "executorUpdate", containerId, status: call.status }
        : { kind: "executorMessage", containerId, data: call.data },
    )
  }

  /** Tells an executor; lost where its stream is closed. */
  send(connection: ExecutorConnection, event: executor.Event): void {
    this.#sinks.get(connection)?.event(event)
  }

  /** Ends a subscription after what it was sent. */
  end(connection: ExecutorConnection): void {
    const sink = this.#sinks.get(connection)
    this.#sinks.delete(connection)
    sink?.end()
  }

  endAll(): void {
    for (const connection of this.#sinks.keys()) this.end(connection)
  }
}
