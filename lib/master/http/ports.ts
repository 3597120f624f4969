import type { Clock, FileLocation, Log, LogVerbosity, Sandboxes } from "#lib/ports/index.ts"
import type { MasterReply, OperatorCall, StreamId } from "#lib/master/core/types.ts"
import type { MasterView } from "#lib/master/core/views.ts"
import type { CallRequest, SchedulerSink, SubscribeRequest } from "#lib/master/driver.ts"
import type { WatchId, WatchSink } from "#lib/master/watchers.ts"

/** What the API needs of a running master; MasterDriver is one. */
export interface MasterPort {
  readonly view: MasterView
  /** Metrics of what runs the master, added to the machine's own. */
  processMetrics?(): Readonly<Record<string, number>>
  subscribe(request: SubscribeRequest, sink: SchedulerSink): StreamId | undefined
  closeStream(stream: StreamId): void
  watch(sink: WatchSink): WatchId | undefined
  unwatch(id: WatchId): void
  take(request: CallRequest): MasterReply
  call(request: CallRequest): Promise<MasterReply>
  operate(call: OperatorCall, principal?: string): Promise<MasterReply>
}

/** Who leads, as seen by the master that is asked. */
export type Leadership =
  | { readonly kind: "self" }
  | { readonly kind: "other"; readonly hostname: string; readonly port: number }
  /** Nobody, or this master has not read its registry yet. */
  | { readonly kind: "unknown" }

/** Who sends a request. */
export type Caller =
  | { readonly kind: "anonymous" }
  | { readonly kind: "principal"; readonly principal: string }
  /** Identified by claims that name no principal: may not act as a framework. */
  | { readonly kind: "claims" }
  | { readonly kind: "refused" }

/** What was built, for `/version`. Times are seconds since the epoch. */
export type BuildInfo = {
  readonly version: string
  readonly buildDate: string
  readonly buildTime: number
  readonly buildUser: string
  readonly gitSha?: string | undefined
  readonly gitBranch?: string | undefined
  readonly gitTag?: string | undefined
}

/** Files that `/files` serves: virtual path, such as "/master/log", to the file. */
export type PublishedFiles = {
  readonly files: ReadonlyMap<string, FileLocation>
  readonly reader: Pick<Sandboxes, "stat" | "list" | "read" | "download">
}

/** What the master's HTTP API is given. */
export type MasterHttpOptions = {
  readonly master: MasterPort
  readonly clock: Clock
  readonly log: Log
  /** Absent: what the log says cannot be changed. */
  readonly logVerbosity?: LogVerbosity | undefined
  readonly build: BuildInfo
  /** Settings in effect by flag name, for `/flags` and `/state`. */
  readonly flags: Readonly<Record<string, string>>
  /** Name of the cluster (--cluster). */
  readonly cluster?: string | undefined
  /** Milliseconds since the epoch at which this master began to lead; when it started, if absent. */
  readonly electedAt?: number | undefined
  /** Absent: this master leads always. */
  readonly leadership?: (() => Leadership) | undefined
  /** Absent: everybody is anonymous. */
  readonly authenticate?: ((request: Request) => Caller | Promise<Caller>) | undefined
  readonly published?: PublishedFiles | undefined
  /** Metrics of the machine (`system/…`), added to the master's own. */
  readonly systemMetrics?: (() => Readonly<Record<string, number>>) | undefined
  /** Bytes a reader of events may leave unread before it is cut off; 64 MiB unless given. */
  readonly streamBufferBytes?: number | undefined
}
