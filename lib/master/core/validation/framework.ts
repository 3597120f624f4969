import { idProblem, roleProblem, type FrameworkInfo, type scheduler } from "#lib/mesos/index.ts"
import { offerConstraintsProblem } from "#lib/master/core/allocator/offer-constraints.ts"

/** The largest failover timeout, in seconds: what fits a 64-bit count of nanoseconds. */
const FAILOVER_TIMEOUT_MAX_S = 9_223_372_036

/** Roles of one framework: each is a client that the allocator looks at for every agent. */
const ROLES_MAX = 1_000

/** What a framework says of itself when it subscribes or updates. */
export type FrameworkDescription = {
  readonly info: FrameworkInfo
  readonly suppressedRoles?: readonly string[] | undefined
  readonly offerConstraints?: scheduler.OfferConstraints | undefined
}

/** What this master allows. */
export type FrameworkRules = {
  readonly roles?: readonly string[] | undefined
  readonly rootSubmissions?: boolean | undefined
}

/**
 * Why a framework is refused, or undefined.
 * Source: apache/mesos: src/master/validation.cpp (framework), src/master/master.cpp (subscribe).
 */
export function frameworkProblem(
  { info, suppressedRoles = [], offerConstraints }: FrameworkDescription,
  rules: FrameworkRules,
): string | undefined {
  const roles = info.capabilities?.some(({ type }) => type === "MULTI_ROLE")
    ? (info.roles ?? [])
    : [info.role ?? "*"]
  return (
    idFieldProblem(info) ??
    rolesProblem(info, roles, rules) ??
    filtersProblem(info) ??
    timeoutProblem(info) ??
    rootProblem(info, rules) ??
    suppressedProblem(suppressedRoles, roles) ??
    offerConstraintsProblem(offerConstraints, roles)
  )
}

function idFieldProblem({ id }: FrameworkInfo): string | undefined {
  const problem = id === undefined ? undefined : idProblem(id)
  return problem && `'framework_info.id' is invalid: ${problem}`
}

function rolesProblem(
  info: FrameworkInfo,
  roles: readonly string[],
  rules: FrameworkRules,
): string | undefined {
  const multiRole = info.capabilities?.some(({ type }) => type === "MULTI_ROLE") ?? false
  if (multiRole && info.role !== undefined)
    return "'FrameworkInfo.role' must not be set when the framework is MULTI_ROLE capable"
  if (!multiRole && info.roles !== undefined && info.roles.length > 0)
    return "'FrameworkInfo.roles' must not be set when the framework is not MULTI_ROLE capable"
  if (roles.length > ROLES_MAX)
    return `'FrameworkInfo.roles' has ${roles.length} roles; at most ${ROLES_MAX} are allowed`
  const seen = new Set<string>()
  for (const role of roles) {
    if (seen.has(role)) return `'FrameworkInfo.roles' contains role '${role}' twice`
    seen.add(role)
    const problem = roleProblem(role)
    if (problem !== undefined) return `Framework role is invalid: ${problem}`
    if (rules.roles !== undefined && role !== "*" && !rules.roles.includes(role))
      return `Role '${role}' is not present in the master's --roles`
  }
  return undefined
}

/** Source: apache/mesos: src/common/validation.cpp (validateOfferFilters). */
function filtersProblem({ offerFilters = {} }: FrameworkInfo): string | undefined {
  for (const [role, { minAllocatableResources }] of Object.entries(offerFilters))
    for (const { quantities = {} } of minAllocatableResources?.quantities ?? []) {
      const field = `'FrameworkInfo.offer_filters' of role '${role}'`
      const amounts = Object.entries(quantities)
      if (amounts.length === 0)
        return `${field}: Resource quantities must contain at least one quantity`
      for (const [name, { value }] of amounts)
        if (!(value >= 0 && Number.isFinite(value)))
          return `${field}: Invalid resource quantity for '${name}': ${value}`
    }
  return undefined
}

function timeoutProblem({ failoverTimeout = 0 }: FrameworkInfo): string | undefined {
  return failoverTimeout >= 0 && failoverTimeout <= FAILOVER_TIMEOUT_MAX_S
    ? undefined
    : `The framework failover_timeout (${failoverTimeout}) is invalid: it must be 0 to ${FAILOVER_TIMEOUT_MAX_S} seconds`
}

function rootProblem({ user }: FrameworkInfo, rules: FrameworkRules): string | undefined {
  return rules.rootSubmissions === false && user === "root"
    ? "User 'root' is not allowed to run frameworks without --root_submissions set"
    : undefined
}

function suppressedProblem(
  suppressedRoles: readonly string[],
  roles: readonly string[],
): string | undefined {
  const known = new Set(roles)
  for (const role of suppressedRoles)
    if (!known.has(role)) return `Suppressed role '${role}' is not contained in the list of roles`
  return undefined
}

/** Why UPDATE_FRAMEWORK may not make these changes, or undefined. */
export function changeProblem(before: FrameworkInfo, after: FrameworkInfo): string | undefined {
  const fixed = [
    ["principal", before.principal, after.principal],
    ["user", before.user, after.user],
    ["checkpoint", before.checkpoint ?? false, after.checkpoint ?? false],
  ] as const
  for (const [field, old, next] of fixed)
    if (old !== next) return `Updating 'FrameworkInfo.${field}' is unsupported`
  return undefined
}
