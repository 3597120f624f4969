import type {
  CheckInfo,
  CheckStatusInfo,
  CommandInfo,
  HealthCheck,
  NetworkInfoProtocol,
} from "#lib/mesos/index.ts"
import type {
  CommandOutcome,
  ContainerRuntime,
  ContainerSpec,
  HealthVerdict,
  ProbeOutcome,
  Prober,
  TaskProber,
  Volumes,
} from "#lib/ports/index.ts"
import { describeStatus } from "#lib/io/host/wait-status.ts"
import { errorText } from "#lib/io/host/files.ts"

/** The API's default for `timeout_seconds`. */
const DEFAULT_TIMEOUT_S = 20

/** What the prober of tasks is made from. */
export type ContainerProberOptions = {
  readonly prober: Prober
  /** The runtime that runs a container. */
  readonly runtimeOf: (spec: ContainerSpec) => ContainerRuntime
  /** The secret variables of a container, which its spec does not hold. */
  readonly environmentOf?: Volumes["environment"] | undefined
}

/** Runs health checks and checks where the task is: in its network, or inside its container. */
export class ContainerProber implements TaskProber {
  readonly #prober: Prober
  readonly #runtimeOf: (spec: ContainerSpec) => ContainerRuntime
  readonly #environmentOf: Volumes["environment"] | undefined

  constructor({ prober, runtimeOf, environmentOf }: ContainerProberOptions) {
    this.#prober = prober
    this.#runtimeOf = runtimeOf
    this.#environmentOf = environmentOf
  }

  async health(
    spec: ContainerSpec,
    check: HealthCheck,
    signal: AbortSignal,
  ): Promise<HealthVerdict> {
    const timeoutMs = timeoutOf(check)
    if (check.command !== undefined)
      return commandVerdict(await this.#run(spec, check.command, { timeoutMs, signal }))
    const limits = { timeoutMs, signal }
    if (check.http !== undefined) {
      const { port, path = "/", scheme = "http", protocol } = check.http
      const place = await this.#place(spec, protocol)
      const kind = scheme === "https" ? "https" : "http"
      return httpVerdict(
        await this.#prober.probe({ kind: "http", scheme: kind, ...place, port, path }, limits),
      )
    }
    if (check.tcp !== undefined) {
      const { port, protocol } = check.tcp
      const place = await this.#place(spec, protocol)
      const outcome = await this.#prober.probe({ kind: "tcp", ...place, port }, limits)
      return outcome.kind === "failed"
        ? { healthy: false, message: outcome.message }
        : { healthy: true, message: "" }
    }
    return { healthy: false, message: "the health check has neither command, http nor tcp" }
  }

  async check(
    spec: ContainerSpec,
    check: CheckInfo,
    signal: AbortSignal,
  ): Promise<CheckStatusInfo> {
    const limits = { timeoutMs: timeoutOf(check), signal }
    if (check.command !== undefined) {
      const outcome = await this.#run(spec, check.command.command, limits)
      const command = outcome.kind === "exited" ? { exitCode: shellCode(outcome.status) } : {}
      return { type: "COMMAND", command }
    }
    if (check.http !== undefined) {
      const { port, path = "/" } = check.http
      const place = await this.#place(spec)
      const target = { kind: "http", scheme: "http", ...place, port, path } as const
      const outcome = await this.#prober.probe(target, limits)
      return {
        type: "HTTP",
        http: outcome.kind === "http" ? { statusCode: outcome.statusCode } : {},
      }
    }
    const port = check.tcp?.port ?? 0
    const place = await this.#place(spec)
    const outcome = await this.#prober.probe({ kind: "tcp", ...place, port }, limits)
    const answered = outcome.kind !== "failed" || !outcome.timedOut
    return { type: "TCP", tcp: answered ? { succeeded: outcome.kind !== "failed" } : {} }
  }

  async #run(
    spec: ContainerSpec,
    command: CommandInfo,
    limits: { readonly timeoutMs: number; readonly signal: AbortSignal },
  ): Promise<CommandOutcome> {
    try {
      const secrets = await this.#environmentOf?.(spec.containerId)
      const complete = { ...spec, environment: { ...spec.environment, ...secrets } }
      return await this.#runtimeOf(spec).runIn(complete, { command, ...limits })
    } catch (cause) {
      return { kind: "failed", message: errorText(cause) }
    }
  }

  /**
   * Where the task's ports answer: at its loopback address, in its own network if it has one; from
   * outside where that cannot be entered. Source: apache/mesos: src/checks/checker_process.cpp.
   */
  async #place(
    spec: ContainerSpec,
    protocol: NetworkInfoProtocol = "IPv4",
  ): Promise<{ readonly host: string; readonly network?: string }> {
    const runtime = this.#runtimeOf(spec)
    const network = await runtime.network?.(spec)
    const address = network === undefined ? await runtime.address(spec) : "127.0.0.1"
    const host = address === "127.0.0.1" && protocol === "IPv6" ? "::1" : address
    return network === undefined ? { host } : { host, network }
  }
}

const timeoutOf = (check: HealthCheck | CheckInfo): number =>
  (check.timeoutSeconds ?? DEFAULT_TIMEOUT_S) * 1000

const shellCode = (status: number): number =>
  (status & 0x7f) === 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)

function commandVerdict(outcome: CommandOutcome): HealthVerdict {
  switch (outcome.kind) {
    case "exited": {
      if (outcome.status === 0) return { healthy: true, message: "" }
      const said = outcome.output.trim()
      const detail = said === "" ? "" : `: ${said}`
      return { healthy: false, message: `the command ${describeStatus(outcome.status)}${detail}` }
    }
    case "timedOut":
      return { healthy: false, message: "the command did not end in time" }
    case "failed":
      return { healthy: false, message: `the command could not be run: ${outcome.message}` }
    default:
      return outcome satisfies never
  }
}

function httpVerdict(outcome: ProbeOutcome): HealthVerdict {
  if (outcome.kind === "failed") return { healthy: false, message: outcome.message }
  const code = outcome.kind === "http" ? outcome.statusCode : 0
  const healthy = code >= 200 && code <= 399
  return { healthy, message: healthy ? "" : `HTTP status ${code}` }
}
