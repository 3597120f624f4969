import type { scheduler } from "#lib/mesos/index.ts"
import type { BaseEffect, Wake } from "#lib/runtime/index.ts"

/** Names one request that waits for a `reply` effect. */
export type RequestId = number & { readonly brand: "RequestId" }

/** What the driver tells about one health check that Marathon itself runs (HTTP, HTTPS, TCP). */
export type ProbeResult = {
  readonly instanceId: string
  /** Position of the check in the app's list. */
  readonly index: number
  readonly healthy: boolean
  /** Why it failed, for people. */
  readonly cause?: string | undefined
}

/** What one probe does: a GET that must answer 200-399, or a TCP connect. */
export type Probe = {
  readonly instanceId: string
  readonly index: number
  readonly protocol: "http" | "https" | "tcp"
  readonly host: string
  readonly port: number
  readonly path: string
  readonly timeoutMs: number
}

/** What Marathon asks its driver to do, beyond the base effects. Its inputs are defined beside it. */
export type MarathonEffect =
  | BaseEffect
  /** Open the scheduler stream; the call's framework id is set once one is stored. */
  | {
      readonly kind: "subscribe"
      readonly call: Extract<scheduler.Call, { readonly kind: "subscribe" }>
    }
  | {
      readonly kind: "call"
      readonly call: Exclude<scheduler.Call, { readonly kind: "subscribe" }>
    }
  | { readonly kind: "reply"; readonly request: RequestId; readonly reply: unknown }
  | { readonly kind: "probe"; readonly probe: Probe }
  /** An event for the subscribers of /v2/events. */
  | {
      readonly kind: "publish"
      readonly event: { readonly eventType: string; readonly timestamp: string }
    }

/** What every machine that is a framework hears from its transport to the master. */
export type SchedulerInput =
  | Wake
  | { readonly kind: "event"; readonly event: scheduler.Event }
  /** The scheduler stream broke or could not be opened; the driver reconnects with backoff. */
  | { readonly kind: "disconnected" }
  | { readonly kind: "probed"; readonly result: ProbeResult }
