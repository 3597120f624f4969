/** How Marathon behaves; every member has a default. Times in milliseconds unless named otherwise. */
export type MarathonOptions = {
  readonly frameworkName: string
  /** The account that tasks run under where the app names none. */
  readonly user: string
  readonly hostname: string
  readonly principal?: string | undefined
  readonly webuiUrl?: string | undefined
  /** The role of apps in the root group, and the one that is always subscribed. */
  readonly mesosRole: string
  readonly failoverTimeoutSeconds: number
  /** Seeds ids and port choice; must differ from one start to the next. */
  readonly seed: number
  /** Service ports are assigned from [min, max). */
  readonly localPortMin: number
  readonly localPortMax: number
  readonly maxRunningDeployments: number
  /** Versions kept of each app and of the root group. */
  readonly maxVersions: number
  readonly maxInstancesPerOffer: number
  /** Launches allowed until tasks run or the tokens are refilled. */
  readonly launchTokens: number
  readonly launchTokenRefreshMs: number
  readonly declineOfferMs: number
  readonly minReviveIntervalMs: number
  /** A launch that the master or the agent did not confirm within this time is given up. */
  readonly taskLaunchConfirmTimeoutMs: number
  /** A task that is not running within this time is given up; long image pulls need more. */
  readonly taskLaunchTimeoutMs: number
  readonly reconciliationInitialDelayMs: number
  readonly reconciliationIntervalMs: number
  readonly scaleIntervalMs: number
  readonly killRetryMs: number
  readonly maxKillsInFlight: number
  readonly envVarsPrefix?: string | undefined
  /** Which resources an app takes that does not say: its role's and unreserved ones, or one of them. */
  readonly acceptedResourceRolesDefault: "any" | "unreserved" | "reserved"
  readonly mesosBridgeName: string
  /** Whether apps without GPUs stay off agents with GPUs. */
  readonly gpuScheduling: "restricted" | "unrestricted"
  /** How long before a maintenance window offers of its agent are refused already. */
  readonly drainingMs: number
}

/** The defaults of Marathon's flags. Source: mesosphere/marathon: docs/docs/command-line-flags.md. */
export const DEFAULT_OPTIONS: MarathonOptions = {
  frameworkName: "marathon",
  user: "root",
  hostname: "localhost",
  mesosRole: "*",
  failoverTimeoutSeconds: 604_800,
  seed: 1,
  localPortMin: 10_000,
  localPortMax: 20_000,
  maxRunningDeployments: 100,
  maxVersions: 50,
  maxInstancesPerOffer: 5,
  launchTokens: 100,
  launchTokenRefreshMs: 30_000,
  declineOfferMs: 120_000,
  // Marathon waits 5000 ms here; our master answers a revive in microseconds, and users wait for it.
  minReviveIntervalMs: 250,
  taskLaunchConfirmTimeoutMs: 300_000,
  taskLaunchTimeoutMs: 300_000,
  reconciliationInitialDelayMs: 15_000,
  reconciliationIntervalMs: 600_000,
  scaleIntervalMs: 300_000,
  killRetryMs: 30_000,
  maxKillsInFlight: 100,
  acceptedResourceRolesDefault: "any",
  mesosBridgeName: "mesos-bridge",
  gpuScheduling: "restricted",
  drainingMs: 0,
}
