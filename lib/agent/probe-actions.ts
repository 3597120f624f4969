import type { CheckStatusInfo } from "#lib/mesos/index.ts"
import type {
  Clock,
  ContainerId,
  ContainerSpec,
  HealthVerdict,
  TaskProber,
} from "#lib/ports/index.ts"
import { emptyCheckStatus } from "./core/statuses.ts"
import type { AgentInput, ProbeRequest } from "./core/types.ts"
import { Limiter } from "./limiter.ts"

/** Probes under way at one time. */
const PROBES_AT_ONCE = 256

/** Beyond its own timeout, how long a probe may take to say so. */
const TIMEOUT_MARGIN_MS = 5_000

/** How long a probe without a timeout may take. */
const LONGEST_PROBE_MS = 3_600_000

/** What probing needs. */
export type ProbePorts = {
  readonly prober: TaskProber
  readonly clock: Clock
  readonly post: (input: AgentInput) => void
}

/** One probe that the core asked for. */
export type Probe = {
  readonly spec: ContainerSpec
  readonly sequence: number
  readonly request: ProbeRequest
}

/** Runs single health checks and checks; every one ends in an input, in time, or is aborted. */
export class ProbeActions {
  readonly #ports: ProbePorts
  readonly #limiter = new Limiter(PROBES_AT_ONCE)
  readonly #running = new Map<ContainerId, Set<AbortController>>()

  constructor(ports: ProbePorts) {
    this.#ports = ports
  }

  start({ spec, sequence, request }: Probe): void {
    const { containerId } = spec
    const controller = new AbortController()
    const siblings = this.#running.get(containerId) ?? new Set()
    this.#running.set(containerId, siblings.add(controller))
    const { signal } = controller
    const done =
      request.kind === "health"
        ? this.#health(spec, request.check, signal).then(({ healthy, message }) =>
            this.#report(signal, { kind: "healthResult", containerId, sequence, healthy, message }),
          )
        : this.#check(spec, request.check, signal).then((status) =>
            this.#report(signal, { kind: "checkResult", containerId, sequence, status }),
          )
    void done.finally(() => {
      siblings.delete(controller)
      if (siblings.size === 0 && this.#running.get(containerId) === siblings)
        this.#running.delete(containerId)
    })
  }

  /** Aborts the probes of a container; they report nothing. */
  stop(containerId: ContainerId): void {
    for (const controller of this.#running.get(containerId) ?? []) controller.abort()
    this.#running.delete(containerId)
  }

  /** Aborts all probes. */
  stopAll(): void {
    for (const containerId of this.#running.keys()) this.stop(containerId)
  }

  #report(signal: AbortSignal, input: AgentInput): void {
    if (!signal.aborted) this.#ports.post(input)
  }

  async #health(
    spec: ContainerSpec,
    check: Extract<ProbeRequest, { kind: "health" }>["check"],
    signal: AbortSignal,
  ): Promise<HealthVerdict> {
    try {
      return await this.#within(check.timeoutSeconds, signal, (limited) =>
        this.#ports.prober.health(spec, check, limited),
      )
    } catch (cause) {
      return { healthy: false, message: `The health check could not run: ${String(cause)}` }
    }
  }

  async #check(
    spec: ContainerSpec,
    check: Extract<ProbeRequest, { kind: "check" }>["check"],
    signal: AbortSignal,
  ): Promise<CheckStatusInfo> {
    try {
      return await this.#within(check.timeoutSeconds, signal, (limited) =>
        this.#ports.prober.check(spec, check, limited),
      )
    } catch {
      return emptyCheckStatus(check) ?? {}
    }
  }

  /** Runs a probe in its turn; rejects when it is aborted or takes too long. */
  #within<T>(
    timeoutSeconds: number | undefined,
    signal: AbortSignal,
    probe: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const timeoutMs = (timeoutSeconds ?? 20) * 1000
    const limitMs = timeoutMs === 0 ? LONGEST_PROBE_MS : timeoutMs + TIMEOUT_MARGIN_MS
    return this.#limiter.run(async () => {
      const { clock } = this.#ports
      const limited = new AbortController()
      const cancel = clock.wakeAt(clock.now() + limitMs, () =>
        limited.abort(new Error("it did not end in time")),
      )
      const ended = AbortSignal.any([signal, limited.signal])
      try {
        return await Promise.race([probe(ended), aborted(ended)])
      } finally {
        cancel()
      }
    })
  }
}

/** Rejects with its reason when the signal aborts; never settles when it does not. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const fail = (): void =>
      reject(signal.reason instanceof Error ? signal.reason : new Error("aborted"))
    if (signal.aborted) fail()
    else signal.addEventListener("abort", fail, { once: true })
  })
}
