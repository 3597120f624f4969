import type { AgentToMaster, FrameworkId, MasterToAgent, scheduler } from "#lib/mesos/index.ts"
import type { BaseEffect, Wake } from "#lib/runtime/index.ts"

/** Names one open agent link; never reused within the life of a master. */
export type LinkId = string & { readonly brand: "LinkId" }

/** Names one scheduler subscription: the value of Mesos-Stream-Id. */
export type StreamId = string & { readonly brand: "StreamId" }

/** Names one request that waits for a `reply` effect. */
export type RequestId = number & { readonly brand: "RequestId" }

/** What the master reacts to. */
export type MasterInput =
  | Wake
  | { readonly kind: "linkOpened"; readonly link: LinkId; readonly address: string }
  | { readonly kind: "linkMessage"; readonly link: LinkId; readonly message: AgentToMaster }
  | { readonly kind: "linkClosed"; readonly link: LinkId }
  | {
      readonly kind: "subscribe"
      readonly stream: StreamId
      readonly frameworkId?: FrameworkId | undefined
      readonly subscribe: scheduler.CallSubscribe
      /** The authenticated principal, when there is one. */
      readonly principal?: string | undefined
    }
  /** A call other than SUBSCRIBE; the sender waits for the reply (its HTTP status). */
  | {
      readonly kind: "call"
      readonly request: RequestId
      readonly stream?: StreamId | undefined
      readonly frameworkId: FrameworkId
      readonly call: Exclude<scheduler.Call, { readonly kind: "subscribe" }>
    }
  | { readonly kind: "streamClosed"; readonly stream: StreamId }
  /** An operator's command; grows in the next issue (operator API). */
  | { readonly kind: "teardown"; readonly request: RequestId; readonly frameworkId: FrameworkId }

/** The outcome of a call: an HTTP status of the Mesos API, with the reason when it is a refusal. */
export type MasterReply = { readonly status: number; readonly message?: string | undefined }

/** What the master asks its driver to do, beyond the base effects. */
export type MasterEffect =
  | BaseEffect
  | { readonly kind: "send"; readonly link: LinkId; readonly message: MasterToAgent }
  | { readonly kind: "closeLink"; readonly link: LinkId; readonly reason: string }
  | { readonly kind: "event"; readonly stream: StreamId; readonly event: scheduler.Event }
  | { readonly kind: "closeStream"; readonly stream: StreamId }
  | { readonly kind: "reply"; readonly request: RequestId; readonly reply: MasterReply }
