import type { scheduler } from "#lib/mesos/index.ts"
import type { ProbeOutcome, ProbeTarget } from "#lib/ports/index.ts"
import type { BaseEffect, Wake } from "#lib/runtime/index.ts"
import type { Command, Reply } from "./command.ts"
import type { MarathonEvent } from "./events.ts"

/** Names one request that waits for a `reply` effect. */
export type RequestId = number & { readonly brand: "RequestId" }

/** One question to a task: a health or a readiness check that Marathon itself runs. */
export type Probe = {
  /** Opaque to the driver; comes back in the result. */
  readonly id: string
  readonly target: ProbeTarget
  readonly timeoutMs: number
  /** How much of the answer's body is wanted; 0 for none. */
  readonly bodyBytes: number
}

/** What came of a probe. The driver answers each one, at the latest when its time is out. */
export type ProbeResult = { readonly id: string; readonly outcome: ProbeOutcome }

/** What Marathon hears from its transport to the master. */
export type SchedulerInput =
  | Wake
  | { readonly kind: "event"; readonly event: scheduler.Event }
  /** The scheduler stream broke or could not be opened; the machine will ask for it again. */
  | { readonly kind: "disconnected" }

/** A call of an open stream. */
export type OtherCall = Exclude<scheduler.Call, { readonly kind: "subscribe" }>

/** What Marathon's machine takes. */
export type MarathonInput =
  | SchedulerInput
  /** Once, first: this process is the leader now and has recovered the state. */
  | { readonly kind: "start" }
  | { readonly kind: "probed"; readonly result: ProbeResult }
  /** The master refused a call or never answered: what it was to bring about may not have happened. */
  | { readonly kind: "callRefused"; readonly call: OtherCall }
  | { readonly kind: "command"; readonly request: RequestId; readonly command: Command }

/** What Marathon asks its driver to do, beyond the base effects. */
export type MarathonEffect =
  | BaseEffect
  /**
   * Open the scheduler stream, closing one that is open; the call's framework id is set once one is
   * stored.
   */
  | {
      readonly kind: "subscribe"
      readonly call: Extract<scheduler.Call, { readonly kind: "subscribe" }>
    }
  /** Send a call on the open stream; dropped when there is none (reconciliation makes up for it). */
  | { readonly kind: "call"; readonly call: OtherCall }
  | { readonly kind: "reply"; readonly request: RequestId; readonly reply: Reply }
  | { readonly kind: "probe"; readonly probe: Probe }
  /** An event for the subscribers of /v2/events. */
  | { readonly kind: "publish"; readonly event: MarathonEvent }
