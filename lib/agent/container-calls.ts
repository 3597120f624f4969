import type { Clock, ContainerId, ContainerRuntime, ContainerSpec } from "#lib/ports/index.ts"
import { err, ok, type Result } from "#lib/std/result.ts"
import type { CallNumber, ContainerAnswer, ContainerCall } from "./core/nested/calls.ts"
import type { AgentInput } from "./core/types.ts"
import { StreamHub } from "./stream-hub.ts"

/** Calls under way at one time; what comes beyond is refused. */
const CALLS_MAX = 4_096

/** What serving calls about containers needs. */
export type ContainerCallPorts = {
  readonly runtimes: readonly ContainerRuntime[]
  readonly clock: Clock
  readonly post: (input: AgentInput) => boolean
}

/** Brings what API clients ask of containers to the agent, and its answers and streams to them. */
export class ContainerCalls {
  readonly #ports: ContainerCallPorts
  readonly #waiting = new Map<CallNumber, (answer: ContainerAnswer) => void>()
  readonly #hubs = new Map<ContainerId, Promise<Result<StreamHub, string>>>()
  #next: CallNumber = 1

  constructor(ports: ContainerCallPorts) {
    this.#ports = ports
  }

  /** Asks the agent; undefined when the client goes away before there is an answer. */
  async ask(request: ContainerCall, signal: AbortSignal): Promise<ContainerAnswer | undefined> {
    if (this.#waiting.size >= CALLS_MAX)
      return overloaded(`More than ${CALLS_MAX} calls to this agent are under way`)
    const call = this.#next++
    const answered = Promise.withResolvers<ContainerAnswer | undefined>()
    this.#waiting.set(call, answered.resolve)
    if (!this.#ports.post({ kind: "containerCall", call, request })) {
      this.#waiting.delete(call)
      return overloaded("The agent is overloaded, or stops")
    }
    const gone = (): void => {
      if (!this.#waiting.delete(call)) return
      this.endSession(call)
      answered.resolve(undefined)
    }
    signal.addEventListener("abort", gone, { once: true })
    if (signal.aborted) gone()
    const answer = await answered.promise
    signal.removeEventListener("abort", gone)
    return answer
  }

  /** The agent's answer to a call. */
  answer(call: CallNumber, answer: ContainerAnswer): void {
    const resolve = this.#waiting.get(call)
    this.#waiting.delete(call)
    resolve?.(answer)
  }

  /** The client of a call is gone or, of a session, has heard everything. */
  endSession(call: CallNumber): void {
    this.#ports.post({ kind: "callGone", call })
  }

  /**
   * A client goes and says so: a session that it launched goes on, and what that writes is read by
   * nobody, so that it is not held up.
   */
  async leave(spec: ContainerSpec): Promise<void> {
    const { containerId } = spec
    await this.ask({ kind: "leave", containerId }, new AbortController().signal)
    const hub = await this.attach(spec)
    if (spec.debug && hub.ok) hub.value.discard()
  }

  /** The streams of a container, shared by all who attach to it; the error says why there are none. */
  attach(spec: ContainerSpec): Promise<Result<StreamHub, string>> {
    const { containerId } = spec
    const known = this.#hubs.get(containerId)
    if (known !== undefined) return known
    const attaching = this.#attach(spec).catch((cause: unknown) => err(String(cause)))
    this.#hubs.set(containerId, attaching)
    void attaching.then((attached) => {
      if (!attached.ok) this.#hubs.delete(containerId)
    })
    return attaching
  }

  async #attach(spec: ContainerSpec): Promise<Result<StreamHub, string>> {
    const { clock, runtimes } = this.#ports
    const runtime = runtimes.find(({ name }) => name === spec.runtime)
    if (runtime === undefined) return err(`this agent runs no ${spec.runtime} containers`)
    const streams = await runtime.attach(spec)
    if (!streams.ok) return streams
    return ok(new StreamHub(streams.value, clock, () => this.#hubs.delete(spec.containerId)))
  }
}

const overloaded = (message: string): ContainerAnswer => ({
  kind: "refused",
  status: 500,
  message,
})
