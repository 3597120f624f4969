/** An app as Marathon answers it; members the client does not read are kept for JSON output. */
export type App = {
  readonly id: string
  readonly cmd?: string | null
  readonly args?: readonly string[] | null
  readonly cpus?: number
  readonly mem?: number
  readonly disk?: number
  readonly gpus?: number
  readonly instances?: number
  readonly role?: string
  readonly version?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly constraints?: readonly (readonly string[])[]
  readonly acceptedResourceRoles?: readonly string[] | null
  readonly container?: { readonly type?: string; readonly portMappings?: readonly unknown[] } | null
  readonly portDefinitions?: readonly unknown[]
  readonly healthChecks?: readonly unknown[]
  readonly tasksRunning?: number
  readonly tasksHealthy?: number
  readonly tasks?: readonly Task[]
  readonly deployments?: readonly { readonly id: string }[]
  readonly lastTaskFailure?: TaskFailure
}

/** Why a task of an app last ended. */
export type TaskFailure = {
  readonly host?: string
  readonly message?: string
  readonly state?: string
  readonly taskId?: string
  readonly timestamp?: string
}

/** A task of an app. */
export type Task = {
  readonly id: string
  readonly appId: string
  readonly host?: string
  readonly ports?: readonly number[]
  readonly role?: string
  readonly startedAt?: string
  readonly state?: string
  readonly healthCheckResults?: readonly { readonly alive?: boolean }[]
}

/** A deployment under way. */
export type Deployment = {
  readonly id: string
  readonly version?: string
  readonly affectedApps?: readonly string[]
  readonly affectedPods?: readonly string[]
  readonly currentActions?: readonly {
    readonly action: string
    readonly app?: string
    readonly pod?: string
  }[]
  readonly currentStep?: number
  readonly totalSteps?: number
}

/** What a change answers. */
export type DeploymentResult = { readonly deploymentId: string; readonly version: string }

/** A group of apps. */
export type Group = {
  readonly id: string
  readonly apps?: readonly App[]
  readonly groups?: readonly Group[]
  readonly enforceRole?: boolean
}

/** Offers refused for one reason. */
export type RejectReason = {
  readonly reason: string
  readonly declined: number
  readonly processed: number
}

/** An app or pod that waits for offers. */
export type QueueItem = {
  readonly count?: number
  readonly role?: string
  readonly since?: string
  readonly delay?: { readonly timeLeftSeconds?: number; readonly overdue?: boolean }
  readonly app?: App
  readonly pod?: { readonly id: string; readonly role?: string }
  readonly processedOffersSummary?: {
    readonly processedOffersCount?: number
    readonly unusedOffersCount?: number
    readonly lastUnusedOfferAt?: string | null
    readonly lastUsedOfferAt?: string | null
    readonly rejectSummaryLastOffers?: readonly RejectReason[]
    readonly rejectSummaryLaunchAttempt?: readonly RejectReason[]
  }
  readonly lastUnusedOffers?: readonly UnusedOffer[]
}

/** An offer that did not fit, with all reasons. */
export type UnusedOffer = {
  readonly offer: {
    readonly hostname?: string
    readonly agentId?: string
    readonly resources?: readonly {
      readonly name: string
      readonly role?: string
      readonly scalar?: number
      readonly ranges?: readonly { readonly begin: number; readonly end: number }[]
    }[]
  }
  readonly reason: readonly string[]
  readonly timestamp: string
}

/** The id under which a queue item waits. */
export const queueItemId = (item: QueueItem): string => item.app?.id ?? item.pod?.id ?? ""

const ACTIONS: Readonly<Record<string, string>> = {
  ResolveArtifacts: "artifacts",
  ScaleApplication: "scale",
  ScalePod: "scale",
  StartApplication: "start",
  StartPod: "start",
  StopApplication: "stop",
  StopPod: "stop",
  RestartApplication: "restart",
  RestartPod: "restart",
  KillAllOldTasksOf: "kill-tasks",
}

/** What an action of a deployment is called in tables. */
export const actionName = (action: string): string => ACTIONS[action] ?? action
