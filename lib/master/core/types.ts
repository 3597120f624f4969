import type {
  AgentToMaster,
  FrameworkId,
  MasterInfo,
  MasterToAgent,
  master,
  scheduler,
} from "#lib/mesos/index.ts"
import type { BaseEffect, Wake } from "#lib/runtime/index.ts"
import type { RemovalRate } from "./removal-limiter.ts"
import type { AllocationPolicy } from "./allocator/allocator.ts"

/** Names one open agent link; never reused within the life of a master. */
export type LinkId = string & { readonly brand: "LinkId" }

/** Names one scheduler subscription: the value of Mesos-Stream-Id. */
export type StreamId = string & { readonly brand: "StreamId" }

/** Names one request that waits for a `reply` effect. */
export type RequestId = number & { readonly brand: "RequestId" }

/** A scheduler call other than SUBSCRIBE. */
export type OtherCall = Exclude<scheduler.Call, { readonly kind: "subscribe" }>

/** A scheduler opens, or takes over, a framework's stream of events. */
export type SubscribeInput = {
  readonly kind: "subscribe"
  readonly stream: StreamId
  readonly frameworkId?: FrameworkId | undefined
  readonly subscribe: scheduler.CallSubscribe
  /** The authenticated principal, when there is one. */
  readonly principal?: string | undefined
}

/** Who a call claims to come from. */
export type CallSender = {
  readonly frameworkId: FrameworkId
  /** The stream the sender claims to hold; absent is refused. */
  readonly stream?: StreamId | undefined
  /** The authenticated principal, when there is one. */
  readonly principal?: string | undefined
}

/** A call other than SUBSCRIBE; the sender waits for the reply (its HTTP status). */
export type CallInput = {
  readonly kind: "call"
  readonly request: RequestId
  readonly call: OtherCall
} & CallSender

/** The calls of the operator API that change something; all others are answered from the view. */
export const OPERATOR_CALLS = [
  "updateWeights",
  "updateQuota",
  "setQuota",
  "removeQuota",
  "reserveResources",
  "unreserveResources",
  "createVolumes",
  "destroyVolumes",
  "growVolume",
  "shrinkVolume",
  "updateMaintenanceSchedule",
  "startMaintenance",
  "stopMaintenance",
  "drainAgent",
  "deactivateAgent",
  "reactivateAgent",
  "markAgentGone",
  "teardown",
] as const satisfies readonly master.Call["kind"][]

/** A call of the operator API that changes something. */
export type OperatorCall = Extract<master.Call, { readonly kind: (typeof OPERATOR_CALLS)[number] }>

/** An operator's command; the sender waits for the reply. */
export type OperateInput = {
  readonly kind: "operate"
  readonly request: RequestId
  readonly call: OperatorCall
  /** The authenticated principal, when there is one. */
  readonly principal?: string | undefined
}

/** What the master reacts to. */
export type MasterInput =
  | Wake
  /** An agent connected; `address` is the IP address it came from. */
  | { readonly kind: "linkOpened"; readonly link: LinkId; readonly address: string }
  | { readonly kind: "linkMessage"; readonly link: LinkId; readonly message: AgentToMaster }
  | { readonly kind: "linkClosed"; readonly link: LinkId }
  | SubscribeInput
  | CallInput
  | { readonly kind: "streamClosed"; readonly stream: StreamId }
  /** The hosts whose agents may be offered; undefined means all (--whitelist). */
  | { readonly kind: "whitelist"; readonly hostnames: ReadonlySet<string> | undefined }
  | OperateInput
  /** How many there are now who want to hear of everything that changes. */
  | { readonly kind: "watch"; readonly watchers: number }

/** The outcome of a call: an HTTP status of the Mesos API, with the reason when it is a refusal. */
export type MasterReply = { readonly status: number; readonly message?: string | undefined }

/** What the master asks its driver to do, beyond the base effects. */
export type MasterEffect =
  | BaseEffect
  | { readonly kind: "send"; readonly link: LinkId; readonly message: MasterToAgent }
  | { readonly kind: "closeLink"; readonly link: LinkId; readonly reason: string }
  | { readonly kind: "event"; readonly stream: StreamId; readonly event: scheduler.Event }
  | { readonly kind: "closeStream"; readonly stream: StreamId }
  /** For all who watch; made only while somebody does. */
  | { readonly kind: "operatorEvent"; readonly event: master.Event }
  /** The process must stop: only an operator can decide how to go on. */
  | { readonly kind: "giveUp"; readonly message: string }
  | { readonly kind: "reply"; readonly request: RequestId; readonly reply: MasterReply }

/** Durations in milliseconds. The defaults are those of Mesos, so that frameworks see what they know. */
export type MasterTimings = {
  /** Between two pings of an agent (--agent_ping_timeout). */
  readonly agentPingMs: number
  /** Pings in a row an agent may miss before it is unreachable (--max_agent_ping_timeouts). */
  readonly agentPingsMissed: number
  /** How long agents may take to come back after the master started (--agent_reregister_timeout). */
  readonly agentReregisterMs: number
  /** Between two HEARTBEAT events on a scheduler stream. */
  readonly heartbeatMs: number
  /** Least time between a refusal that used nothing and the next offer of the same resources. */
  readonly refusalPauseMs: number
  /** Age at which an outstanding offer is taken back; undefined is never (--offer_timeout). */
  readonly offerMs: number | undefined
  /** How long offers may wait for that many agents (--allocator_recovery_timeout). */
  readonly allocatorRecoveryMs: number
  /** Between two sweeps of stored unreachable agents (--registry_gc_interval). */
  readonly registrySweepMs: number
  /** Age at which an unreachable agent is forgotten (--registry_max_agent_age). */
  readonly unreachableAgentMs: number
}

/** Bounds of what the master remembers. The oldest entry goes when one is reached. */
export type MasterLimits = {
  readonly completedFrameworks: number
  /** Ids of removed frameworks that are stored, so that no agent brings one back. */
  readonly removedFrameworks: number
  /** Per framework. */
  readonly completedTasks: number
  /** Per framework. */
  readonly unreachableTasks: number
  /** Stored unreachable agents (--registry_max_agent_count). */
  readonly unreachableAgents: number
}

/** What a master is told when it starts. */
export type MasterOptions = {
  /** How the master presents itself; `id` prefixes every id it gives out and is new in each life. */
  readonly info: MasterInfo
  /** Seed of the generator behind every shuffle. */
  readonly seed: number
  readonly timings?: Partial<MasterTimings> | undefined
  readonly limits?: Partial<MasterLimits> | undefined
  /** How resources are shared; the defaults are those of Mesos. */
  readonly allocation?: AllocationPolicy | undefined
  /** Weight of a role path; 1 where it is not listed. */
  readonly weights?: Readonly<Record<string, number>> | undefined
  /** The only roles that frameworks may use; undefined allows all (--roles). */
  readonly roles?: readonly string[] | undefined
  /** Share of the agents known before a restart that must be back before quotas let offers be made. */
  readonly recoveryFactor?: number | undefined
  /** How fast agents may become unreachable; undefined is at once (--agent_removal_rate_limit). */
  readonly removalRate?: RemovalRate | undefined
  /**
   * Share of the agents of an earlier master, from 0 to 1, of which no more may be lost because they
   * did not come back: else the master stops (--recovery_agent_removal_limit, 1).
   */
  readonly recoveryRemovalLimit?: number | undefined
  /** Whether agents without a fault domain are refused (--require_agent_domain, false). */
  readonly requireAgentDomain?: boolean | undefined
  /** Whether frameworks may run as user root (--root_submissions, true). */
  readonly rootSubmissions?: boolean | undefined
}

/** Source: apache/mesos: src/master/constants.hpp and flags.cpp. */
export const DEFAULT_TIMINGS: MasterTimings = {
  agentPingMs: 15_000,
  agentPingsMissed: 5,
  agentReregisterMs: 600_000,
  heartbeatMs: 15_000,
  refusalPauseMs: 1_000,
  offerMs: undefined,
  allocatorRecoveryMs: 600_000,
  registrySweepMs: 900_000,
  unreachableAgentMs: 14 * 24 * 3_600_000,
}

/** Source: apache/mesos: src/master/constants.hpp and flags.cpp. */
export const DEFAULT_LIMITS: MasterLimits = {
  completedFrameworks: 50,
  removedFrameworks: 1_000,
  completedTasks: 1_000,
  unreachableTasks: 1_000,
  unreachableAgents: 102_400,
}
