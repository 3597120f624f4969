import type { CheckInfo, CheckStatusInfo, HealthCheck } from "#lib/mesos/index.ts"
import type { ContainerSpec } from "./containers.ts"

/** Something on the network that may answer. */
export type ProbeTarget = {
  /** The network namespace to ask in, as a path; the host is an address then. */
  readonly network?: string | undefined
} & (
  | {
      readonly kind: "http"
      readonly scheme: "http" | "https"
      /** A host name or address; IPv6 without brackets. */
      readonly host: string
      readonly port: number
      /** With a leading slash; may carry a query. */
      readonly path: string
    }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
)

/** How a probe is limited. */
export type ProbeLimits = {
  /** 0 means no limit. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
  /** How much of an HTTP answer's body is wanted, with its type; none by default. */
  readonly bodyBytes?: number | undefined
}

/** What a probe saw. Redirects are not followed: a 3xx answer is an answer. */
export type ProbeOutcome =
  | {
      readonly kind: "http"
      readonly statusCode: number
      /** The type and the beginning of the body, where `bodyBytes` asked for it. */
      readonly contentType?: string | undefined
      readonly body?: string | undefined
    }
  | { readonly kind: "tcp" }
  | { readonly kind: "failed"; readonly message: string; readonly timedOut: boolean }

/** Asks things on the network whether they live; certificates of https are not verified. */
export interface Prober {
  probe(target: ProbeTarget, limits: ProbeLimits): Promise<ProbeOutcome>
}

/** The verdict of one health check, with a text for people. */
export type HealthVerdict = { readonly healthy: boolean; readonly message: string }

/** Runs single health checks and checks of tasks; when and how often is the caller's business. */
export interface TaskProber {
  /** HTTP (200 to 399 is healthy), TCP or COMMAND (exit 0), within the check's own timeout. */
  health(spec: ContainerSpec, check: HealthCheck, signal: AbortSignal): Promise<HealthVerdict>
  /** One check; its sub-message is empty when there was no answer or no time. */
  check(spec: ContainerSpec, check: CheckInfo, signal: AbortSignal): Promise<CheckStatusInfo>
}
