import type { AgentId, CheckStatusInfo, FrameworkId, TaskId, TaskState } from "#lib/mesos/index.ts"
import type { App, PathId, Timestamp } from "../model/index.ts"

/** Milliseconds since the Unix epoch. Versions are `Timestamp`s instead. */
export type Millis = number

/** A group without its members; apps and groups belong to the group that their path names. */
export type GroupNode = {
  /** Absolute; "/" is the root. */
  readonly id: PathId
  /** Absolute ids of apps or groups that all apps below depend on. */
  readonly dependencies: readonly PathId[]
  readonly enforceRole?: boolean | undefined
}

/**
 * How one change of the root group is undone: what each touched app and group was before it, null
 * where there was none. Stored under /marathon/root/<version>.
 */
export type RootVersion = {
  readonly version: Timestamp
  readonly apps: Readonly<Record<string, App | null>>
  readonly groups: Readonly<Record<string, GroupNode | null>>
}

/** What is wanted of an instance: kept running, or ended and forgotten. */
export type Goal = "Running" | "Decommissioned"

/** Where an instance is in its life. Source: marathon-api reference, section 6.2. */
export type Condition =
  | "Scheduled"
  | "Provisioned"
  | "Staging"
  | "Starting"
  | "Running"
  | "Killing"
  | "Unreachable"
  | "UnreachableInactive"
  | "Error"
  | "Failed"
  | "Finished"
  | "Killed"
  | "Gone"
  | "Dropped"
  | "Unknown"

/** An agent as it was when the instance was placed on it. */
export type Placement = {
  readonly agentId: AgentId
  readonly host: string
  readonly region?: string | undefined
  readonly zone?: string | undefined
  /** Attribute values as constraints see them. */
  readonly attributes: Readonly<Record<string, string>>
}

/** The results of one Marathon-run health check, or (at position 0) of the agent-run one. */
export type HealthResult = {
  readonly alive: boolean
  readonly consecutiveFailures: number
  readonly firstSuccess?: Millis | undefined
  readonly lastSuccess?: Millis | undefined
  readonly lastFailure?: Millis | undefined
  readonly lastFailureCause?: string | undefined
}

/** The last answer of a readiness check; where there was none, status 504 and the reason as body. */
export type ReadinessResponse = {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

/** The task that an instance is or was last: one launch of it. */
export type TaskRecord = {
  readonly id: TaskId
  /** Undefined until the first status. */
  readonly state?: TaskState | undefined
  readonly stagedAt: Millis
  readonly startedAt?: Millis | undefined
  /** In declaration order; mappings without a host port contribute nothing. */
  readonly hostPorts: readonly number[]
  /** One entry per port declaration: the host port, or null where none was asked. */
  readonly portsByIndex: readonly (number | null)[]
  readonly ipAddresses: readonly {
    readonly ipAddress: string
    readonly protocol: "IPv4" | "IPv6"
  }[]
  /** By position in the app's `healthChecks`; null before the first result of that check. */
  readonly health: readonly (HealthResult | null)[]
  /** Whether the readiness check has passed; true where the app has none. */
  readonly ready: boolean
  readonly readiness?: ReadinessResponse | undefined
  readonly checkStatus?: CheckStatusInfo | undefined
  /** When it was decided to end this task; from then on it is killed until it has ended. */
  readonly killRequestedAt?: Millis | undefined
  /** When the agent became unreachable, by the master's word. */
  readonly unreachableAt?: Millis | undefined
}

/** One of the wanted copies of an app. Stored under /marathon/instances/<id>. */
export type Instance = {
  readonly id: string
  readonly appId: PathId
  /** Version of the definition that it runs. */
  readonly version: Timestamp
  readonly role: string
  readonly goal: Goal
  readonly condition: Condition
  /** Since when it is in this condition. */
  readonly since: Millis
  readonly createdAt: Millis
  /** How many tasks it has had. */
  readonly incarnation: number
  /** Absent while it waits for an offer for the first time. */
  readonly placement?: Placement | undefined
  readonly task?: TaskRecord | undefined
}

/** Why the last task of an app ended badly. Stored under /marathon/failures/<app id>. */
export type TaskFailure = {
  readonly appId: PathId
  readonly host: string
  readonly message: string
  readonly state: TaskState
  readonly taskId: string
  readonly timestamp: Millis
  readonly version: Timestamp
  readonly agentId?: AgentId | undefined
}

/** The launch delay of an app. Stored under /marathon/delays/<app id>. */
export type LaunchDelay = {
  /** The configuration it belongs to: `versionInfo.lastConfigChangeAt` of the app. */
  readonly config: Timestamp
  readonly delayMs: number
  /** The delay counts from here. */
  readonly reference: Millis
}

/** What a deployment does to one app. */
export type ActionKind =
  | "StartApplication"
  | "ScaleApplication"
  | "RestartApplication"
  | "StopApplication"

/** One action of a deployment step. */
export type Action = { readonly action: ActionKind; readonly app: PathId }

/** Actions that run side by side; the next step begins when all are done. */
export type Step = { readonly actions: readonly Action[] }

/** A change on its way into the cluster. Stored under /marathon/deployments/<id>. */
export type Deployment = {
  readonly id: string
  /** The version of the root group that it brings about. */
  readonly version: Timestamp
  readonly steps: readonly Step[]
  /** Index of the running step; equal to the number of steps when none is left. */
  readonly step: number
  readonly startedAt: Millis
  /** The undo record of its change, for a rollback. */
  readonly undo: RootVersion
}

/** Marathon's identity at the master. Stored under /marathon/framework. */
export type FrameworkRecord = { readonly frameworkId: FrameworkId }
