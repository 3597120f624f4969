import type { Constraint } from "./constraint.ts"
import type { Check, HealthCheck, ReadinessCheck } from "./health.ts"
import type { Container, PortProtocol } from "./container.ts"
import type { PathId } from "./path-id.ts"
import type { Timestamp } from "./timestamp.ts"

/** The value of one environment variable: a text, or the name of a secret of the app. */
export type EnvValue = string | { readonly secret: string }

/** One URI that the agent fetches into the sandbox before the task starts. */
export type Fetch = {
  readonly uri: string
  readonly extract: boolean
  readonly executable: boolean
  readonly cache: boolean
  readonly destPath?: string | undefined
}

/** One port of an app on the host network. `port` is the service port, and with `requirePorts` the host port. */
export type PortDefinition = {
  readonly port: number
  readonly protocol: PortProtocol
  readonly name?: string | undefined
  readonly labels: Readonly<Record<string, string>>
}

/** One network that an app joins. `name` only, and always, for "container". */
export type Network = {
  readonly mode: "host" | "container/bridge" | "container"
  readonly name?: string | undefined
  readonly labels: Readonly<Record<string, string>>
}

/** An upper bound of a resource above what is reserved for the task; memory in MiB. */
export type ResourceLimits = {
  readonly cpus?: number | "unlimited" | undefined
  readonly mem?: number | "unlimited" | undefined
}

/** What a custom executor takes beside its tasks; mem and disk in MiB. */
export type ExecutorResources = {
  readonly cpus: number
  readonly mem: number
  readonly disk: number
}

/** Bounds of a rolling replacement as shares of `instances`, 0 to 1 each. */
export type UpgradeStrategy = {
  readonly minimumHealthCapacity: number
  readonly maximumOverCapacity: number
}

/** What happens to instances on an agent that cannot be reached; times in seconds. */
export type UnreachableStrategy =
  | "disabled"
  | { readonly inactiveAfterSeconds: number; readonly expungeAfterSeconds: number }

/** Which instances go first when an app is scaled down. */
export type KillSelection = "YOUNGEST_FIRST" | "OLDEST_FIRST"

/** The deprecated member that resident apps carry; without effect. */
export type Residency = {
  readonly relaunchEscalationTimeoutSeconds: number
  readonly taskLostBehavior: "WAIT_FOREVER" | "RELAUNCH_AFTER_TIMEOUT"
}

/**
 * An app as its owner defines it, normalised: every default is explicit, deprecated forms are gone,
 * ids are absolute, and lists that are absent on the wire are empty. Memory and disk in MiB.
 * Source: mesosphere/marathon: docs/docs/rest-api/public/api/v2/types/app.raml.
 */
export type AppSpec = {
  readonly id: PathId
  readonly cmd?: string | undefined
  /** Empty when `cmd` or the container's entry point is used. */
  readonly args: readonly string[]
  readonly user?: string | undefined
  readonly env: Readonly<Record<string, EnvValue>>
  readonly instances: number
  readonly cpus: number
  readonly mem: number
  readonly disk: number
  readonly gpus: number
  readonly resourceLimits?: ResourceLimits | undefined
  readonly executor: string
  readonly executorResources?: ExecutorResources | undefined
  readonly constraints: readonly Constraint[]
  readonly fetch: readonly Fetch[]
  /** Empty unless the app is on the host network. */
  readonly portDefinitions: readonly PortDefinition[]
  readonly requirePorts: boolean
  /** Never empty. */
  readonly networks: readonly Network[]
  readonly container?: Container | undefined
  readonly backoffSeconds: number
  readonly backoffFactor: number
  readonly maxLaunchDelaySeconds: number
  readonly taskKillGracePeriodSeconds?: number | undefined
  readonly healthChecks: readonly HealthCheck[]
  readonly check?: Check | undefined
  /** At most one. */
  readonly readinessChecks: readonly ReadinessCheck[]
  readonly dependencies: readonly PathId[]
  readonly upgradeStrategy: UpgradeStrategy
  readonly labels: Readonly<Record<string, string>>
  readonly acceptedResourceRoles?: readonly string[] | undefined
  readonly role: string
  readonly residency?: Residency | undefined
  readonly secrets: Readonly<Record<string, { readonly source: string }>>
  readonly unreachableStrategy: UnreachableStrategy
  readonly killSelection: KillSelection
  readonly tty?: boolean | undefined
}

/** When an app was last scaled, and when anything else of it was last changed. */
export type VersionInfo = {
  readonly lastScalingAt: Timestamp
  readonly lastConfigChangeAt: Timestamp
}

/** A stored version of an app: the definition with assigned service ports and its version. */
export type App = AppSpec & {
  readonly version: Timestamp
  readonly versionInfo: VersionInfo
}
