import type {
  ExecutorResources,
  Fetch,
  KillSelection,
  PortDefinition,
  Residency,
  UpgradeStrategy,
} from "./app.ts"
import { constraintInput } from "./constraint.ts"
import type { ConstraintInput } from "./constraint.ts"
import type { PortProtocol } from "./container.ts"
import { containerInput, portName, portNumber, portProtocol } from "./container-input.ts"
import type { ContainerInput } from "./container-input.ts"
import type { EnvValue, Network, ResourceLimits, UnreachableStrategy } from "./app.ts"
import type { Check, HealthCheck, ReadinessCheck } from "./health.ts"
import { checkInput, healthCheckInput, readinessCheckInput } from "./health-input.ts"
import {
  fallback,
  flag,
  integer,
  list,
  map,
  matching,
  number,
  object,
  optional,
  required,
  text,
  word,
} from "./reader.ts"
import type { Read } from "./reader.ts"

type IpAddressInput = {
  readonly groups: readonly string[]
  readonly labels: Readonly<Record<string, string>>
  readonly networkName?: string | undefined
  readonly discovery?: DiscoveryInput | undefined
}

type DiscoveryInput = {
  readonly ports: readonly { number: number; name: string; protocol: PortProtocol }[]
}

/** An app as written, deprecated members included; absent members stay absent. */
export type AppInput = {
  readonly id?: string | undefined
  readonly cmd?: string | undefined
  readonly args?: readonly string[] | undefined
  readonly user?: string | undefined
  readonly env?: Readonly<Record<string, EnvValue>> | undefined
  readonly instances?: number | undefined
  readonly cpus?: number | undefined
  readonly mem?: number | undefined
  readonly disk?: number | undefined
  readonly gpus?: number | undefined
  readonly resourceLimits?: ResourceLimits | undefined
  readonly executor?: string | undefined
  readonly executorResources?: ExecutorResources | undefined
  readonly constraints?: readonly ConstraintInput[] | undefined
  readonly fetch?: readonly Fetch[] | undefined
  readonly uris?: readonly string[] | undefined
  readonly portDefinitions?: readonly PortDefinition[] | undefined
  readonly ports?: readonly number[] | undefined
  readonly requirePorts?: boolean | undefined
  readonly networks?: readonly Network[] | undefined
  readonly ipAddress?: IpAddressInput | undefined
  readonly container?: ContainerInput | undefined
  readonly backoffSeconds?: number | undefined
  readonly backoffFactor?: number | undefined
  readonly maxLaunchDelaySeconds?: number | undefined
  readonly taskKillGracePeriodSeconds?: number | undefined
  readonly healthChecks?: readonly HealthCheck[] | undefined
  readonly check?: Check | undefined
  readonly readinessChecks?: readonly ReadinessCheck[] | undefined
  readonly dependencies?: readonly string[] | undefined
  readonly upgradeStrategy?: UpgradeStrategy | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
  readonly acceptedResourceRoles?: readonly string[] | undefined
  readonly role?: string | undefined
  readonly residency?: Residency | undefined
  readonly secrets?: Readonly<Record<string, { readonly source: string }>> | undefined
  readonly unreachableStrategy?: UnreachableStrategy | undefined
  readonly killSelection?: KillSelection | undefined
  readonly tty?: boolean | undefined
  readonly version?: string | undefined
}

const envValue: Read<EnvValue> = (value, path, problems) =>
  typeof value === "object"
    ? object<{ secret: string }>({ secret: required(text({ minLength: 1 })) })(
        value,
        path,
        problems,
      )
    : text()(value, path, problems)

const resourceLimit =
  (min: number): Read<number | "unlimited"> =>
  (value, path, problems) => {
    if (value === "unlimited") return value
    if (typeof value === "number") return number({ min })(value, path, problems)
    const shown = typeof value === "string" ? value : JSON.stringify(value)
    problems.add(
      path,
      `'${shown}' is an invalid resource limit. It must be 'unlimited' or a number`,
    )
    return undefined
  }

const unreachableStrategy: Read<UnreachableStrategy> = (value, path, problems) =>
  typeof value === "string"
    ? word("disabled")(value, path, problems)
    : object<Exclude<UnreachableStrategy, "disabled">>({
        inactiveAfterSeconds: fallback(integer({ min: 0 }), 0),
        expungeAfterSeconds: fallback(integer({ min: 0 }), 0),
      })(value, path, problems)

const fetch = object<Fetch>({
  uri: required(text({ minLength: 1, maxLength: 1024 })),
  extract: fallback(flag, true),
  executable: fallback(flag, false),
  cache: fallback(flag, false),
  destPath: optional(text()),
})

const portDefinition = object<PortDefinition>({
  port: fallback(portNumber, 0),
  protocol: fallback(portProtocol, "tcp"),
  name: optional(portName),
  labels: fallback(map(text()), {}),
})

const network = object<Network>({
  mode: fallback(word("container", "container/bridge", "host"), "container"),
  name: optional(text({ minLength: 1 })),
  labels: fallback(map(text()), {}),
})

const ipAddress = object<IpAddressInput>({
  groups: fallback(list(text()), []),
  labels: fallback(map(text()), {}),
  networkName: optional(text({ minLength: 1 })),
  discovery: optional(
    object<DiscoveryInput>({
      ports: fallback(
        list(
          object<DiscoveryInput["ports"][number]>({
            number: required(portNumber),
            name: required(portName),
            protocol: fallback(portProtocol, "tcp"),
          }),
        ),
        [],
      ),
    }),
  ),
})

/** Reads an app object; only types are checked. */
export const appInput = object<AppInput>({
  id: optional(text({ minLength: 1 })),
  cmd: optional(text({ minLength: 1 })),
  args: optional(list(text())),
  user: optional(text()),
  env: optional(map(envValue)),
  instances: optional(integer({ min: 0 })),
  cpus: optional(number({ min: 0.001 })),
  mem: optional(number({ min: 0 })),
  disk: optional(number({ min: 0 })),
  gpus: optional(integer({ min: 0 })),
  resourceLimits: optional(
    object<ResourceLimits>({ cpus: optional(resourceLimit(0)), mem: optional(resourceLimit(0)) }),
  ),
  executor: optional(matching(/^((\/\/cmd)|(\/?[^/]+(\/[^/]+)*)|)$/)),
  executorResources: optional(
    object<ExecutorResources>({
      cpus: fallback(number({ min: 0 }), 0),
      mem: fallback(number({ min: 0 }), 0),
      disk: fallback(number({ min: 0 }), 0),
    }),
  ),
  constraints: optional(list(constraintInput)),
  fetch: optional(list(fetch)),
  uris: optional(list(text({ minLength: 1, maxLength: 1024 }))),
  portDefinitions: optional(list(portDefinition)),
  ports: optional(list(portNumber)),
  requirePorts: optional(flag),
  networks: optional(list(network)),
  ipAddress: optional(ipAddress),
  container: optional(containerInput),
  backoffSeconds: optional(integer({ min: 0 })),
  backoffFactor: optional(number({ min: 1 })),
  maxLaunchDelaySeconds: optional(integer({ min: 0 })),
  taskKillGracePeriodSeconds: optional(integer({ min: 0 })),
  healthChecks: optional(list(healthCheckInput)),
  check: optional(checkInput),
  readinessChecks: optional(list(readinessCheckInput)),
  dependencies: optional(list(text({ minLength: 1 }))),
  upgradeStrategy: optional(
    object<UpgradeStrategy>({
      minimumHealthCapacity: required(number()),
      maximumOverCapacity: required(number()),
    }),
  ),
  labels: optional(map(text())),
  acceptedResourceRoles: optional(list(text())),
  role: optional(text()),
  residency: optional(
    object<Residency>({
      relaunchEscalationTimeoutSeconds: fallback(integer({ min: 0 }), 3600),
      taskLostBehavior: fallback(word("WAIT_FOREVER", "RELAUNCH_AFTER_TIMEOUT"), "WAIT_FOREVER"),
    }),
  ),
  secrets: optional(map(object<{ source: string }>({ source: required(text({ minLength: 1 })) }))),
  unreachableStrategy: optional(unreachableStrategy),
  killSelection: optional(word("YOUNGEST_FIRST", "OLDEST_FIRST")),
  tty: optional(flag),
  version: optional(text()),
})
