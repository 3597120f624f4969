import { ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import type { App, AppSpec, UnreachableStrategy, UpgradeStrategy } from "./app.ts"
import type { AppFields, AppPatch } from "./app-patch.ts"
import type { Container } from "./container.ts"
import { settleHealthChecks } from "./health-ports.ts"
import { settleNetworks, settlePorts } from "./networks.ts"
import { omit, Problems } from "./reader.ts"
import type { Rejection } from "./rejection.ts"
import { isResident, SINGLE_INSTANCE_LABEL } from "./resident.ts"
import { checkRole, defaultRoleOf } from "./role.ts"
import type { ModelRules } from "./rules.ts"
import { checkApp } from "./validate-app.ts"
import { checkResident } from "./validate-resident.ts"

/** What the meaning and validity of an app depend on beyond its own body. */
export type BuildContext = {
  readonly rules: ModelRules
  /** The stored app of that id, if there is one. */
  readonly current?: App | undefined
  /** Whether fields that the body does not name keep the value of `current`. */
  readonly partial: boolean
  /** Whether the top-level group above the app enforces its own role. */
  readonly enforceRole: boolean
  /** Permits what is otherwise refused for a resident app: a change of its role. */
  readonly force: boolean
}

/**
 * Builds a complete app from a patch: merges, fills in defaults, settles networks and ports, checks.
 * Fails with `invalid`, or with `illegal` where the original names no path. The paths of the problems
 * begin with the patch's own.
 * Source: mesosphere/marathon: …/api/v2/AppNormalization.scala, …/validation/AppValidation.scala.
 */
export function buildApp(patch: AppPatch, context: BuildContext): Result<AppSpec, Rejection> {
  const { current, rules } = context
  const problems = new Problems()
  const fields =
    context.partial && current !== undefined
      ? { ...fieldsOf(current), ...patch.fields }
      : patch.fields
  const networks = settleNetworks(fields.networks, rules, problems)
  const ports = settlePorts(fields, networks)
  const spec = withDefaults(patch, fields, {
    ...ports,
    networks,
    role: fields.role ?? defaultRoleOf(patch.id, context),
  })
  checkApp(spec, { path: patch.path, problems, rules })
  checkRole(spec, { ...context, path: patch.path, problems })
  if (current !== undefined)
    checkResident(spec, current, { path: patch.path, problems, force: context.force })
  return problems.none ? ok(spec) : problems.rejected("invalid")
}

// Port declarations of the other kind are empty in a stored app only because it cannot use them;
// taken as written they would mean "no ports" once an update changes the network.
function fieldsOf(current: App): AppFields {
  const fields = omit(current, ["id", "container", "version", "versionInfo"])
  const onHost = current.networks.some((network) => network.mode === "host")
  if (current.container === undefined) return onHost ? fields : omit(fields, ["portDefinitions"])
  return onHost
    ? { ...fields, container: omit(current.container, ["portMappings"]) }
    : { ...omit(fields, ["portDefinitions"]), container: current.container }
}

type Settled = {
  readonly networks: AppSpec["networks"]
  readonly portDefinitions: AppSpec["portDefinitions"]
  readonly container: Container | undefined
  readonly role: string
}

function withDefaults(patch: AppPatch, fields: AppFields, settled: Settled): AppSpec {
  const resident = isResident(settled)
  const external = settled.container?.volumes.some((volume) => volume.kind === "external") ?? false
  const { container, ...rest } = settled
  const onHost = settled.networks.some((network) => network.mode === "host")
  return {
    ...omit(fields, ["container", "residency"]),
    args: fields.args ?? [],
    env: fields.env ?? {},
    instances: fields.instances ?? 1,
    cpus: fields.cpus ?? 1,
    mem: fields.mem ?? 128,
    disk: fields.disk ?? 0,
    gpus: fields.gpus ?? 0,
    executor: fields.executor ?? "",
    constraints: fields.constraints ?? [],
    fetch: fields.fetch ?? [],
    backoffSeconds: fields.backoffSeconds ?? 1,
    backoffFactor: fields.backoffFactor ?? 1.15,
    maxLaunchDelaySeconds: fields.maxLaunchDelaySeconds ?? 300,
    readinessChecks: fields.readinessChecks ?? [],
    dependencies: fields.dependencies ?? [],
    upgradeStrategy: fields.upgradeStrategy ?? defaultUpgrade(resident || external, fields),
    labels: fields.labels ?? {},
    secrets: fields.secrets ?? {},
    unreachableStrategy: fields.unreachableStrategy ?? defaultUnreachable(resident),
    killSelection: fields.killSelection ?? "YOUNGEST_FIRST",
    ...rest,
    requirePorts: onHost && (fields.requirePorts ?? false),
    healthChecks: settleHealthChecks(fields.healthChecks ?? [], settled),
    ...(container === undefined ? {} : { container }),
    ...(resident ? { residency: fields.residency ?? DEFAULT_RESIDENCY } : {}),
    id: patch.id,
  }
}

const DEFAULT_RESIDENCY = {
  relaunchEscalationTimeoutSeconds: 3600,
  taskLostBehavior: "WAIT_FOREVER",
} as const

function defaultUpgrade(holdsData: boolean, fields: AppFields): UpgradeStrategy {
  if (fields.labels?.[SINGLE_INSTANCE_LABEL] === "true")
    return { minimumHealthCapacity: 0, maximumOverCapacity: 0 }
  return holdsData
    ? { minimumHealthCapacity: 0.5, maximumOverCapacity: 0 }
    : { minimumHealthCapacity: 1, maximumOverCapacity: 1 }
}

const defaultUnreachable = (resident: boolean): UnreachableStrategy =>
  resident ? "disabled" : { inactiveAfterSeconds: 0, expungeAfterSeconds: 0 }
