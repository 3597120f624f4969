import type { FrameworkId, Offer } from "#lib/mesos/index.ts"
import type { App, PathId } from "../model/index.ts"
import type { RootView } from "./command.ts"
import type { Deployment, Instance, Millis, ReadinessResponse, TaskFailure } from "./records.ts"

/** Why an offer was not used for an app, in the order of the funnel. */
export type RejectReason =
  | "UnfulfilledRole"
  | "UnfulfilledConstraint"
  | "NoCorrespondingReservationFound"
  | "AgentMaintenance"
  | "InsufficientCpus"
  | "InsufficientMemory"
  | "InsufficientDisk"
  | "InsufficientGpus"
  | "InsufficientPorts"
  | "DeclinedScarceResources"

/** One line of a reject funnel: `processed` offers came so far, `declined` got no further. */
export type RejectCount = {
  readonly reason: RejectReason
  readonly declined: number
  readonly processed: number
}

/** An offer that an app could not use, and all reasons. */
export type UnusedOffer = {
  readonly offer: Offer
  readonly reasons: readonly RejectReason[]
  readonly timestamp: Millis
}

/** An app with instances that wait for an offer. */
export type QueueItem = {
  readonly app: App
  readonly role: string
  readonly count: number
  readonly since: Millis
  /** When the next launch is allowed; at or before now means at once. */
  readonly launchAllowedAt: Millis
  readonly processedOffersCount: number
  readonly unusedOffersCount: number
  readonly lastUnusedOfferAt?: Millis | undefined
  readonly lastUsedOfferAt?: Millis | undefined
  /** All ten reasons in funnel order, over the last offer of each agent. */
  readonly rejectSummaryLastOffers: readonly RejectCount[]
  /** The same over all offers since the app began to wait. */
  readonly rejectSummaryLaunchAttempt: readonly RejectCount[]
  readonly lastUnusedOffers: readonly UnusedOffer[]
}

/** The readiness of one instance under deployment. */
export type ReadinessView = {
  readonly name: string
  readonly taskId: string
  readonly ready: boolean
  /** Only when the check keeps it. */
  readonly lastResponse?: ReadinessResponse | undefined
}

/** Whether an instance is healthy; undefined when that is not known (yet) or not asked. */
export type InstanceHealth = boolean | undefined

/** What the API may read, at any time between two steps. Nothing in it may be changed. */
export interface MarathonView extends RootView {
  readonly frameworkId: FrameworkId | undefined
  /** Whether the scheduler stream is open. */
  readonly connected: boolean
  /** Version of the software of the master and so on are the driver's; this is the master's address. */
  readonly masterAddress: string | undefined
  /** Instances of an app, oldest first; those that wait for an offer included. */
  instances(appId: PathId): readonly Instance[]
  instance(id: string): Instance | undefined
  /** The instance that a task id belongs to, if that task is its present one. */
  instanceOfTask(taskId: string): Instance | undefined
  /** All results alive: true; any dead: false; otherwise undefined. */
  health(instance: Instance): InstanceHealth
  lastTaskFailure(appId: PathId): TaskFailure | undefined
  /** Running deployments, oldest first. */
  deployments(): readonly Deployment[]
  deployment(id: string): Deployment | undefined
  /** Ids of the running deployments that change the app. */
  deploymentsOf(appId: PathId): readonly string[]
  readiness(appId: PathId): readonly ReadinessView[]
  /** Apps with waiting instances, in ascending order of id. */
  queue(now: Millis): readonly QueueItem[]
}
