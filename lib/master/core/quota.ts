import {
  DEFAULT_ROLE,
  isStrictSubrole,
  nonRevocable,
  quantityOf,
  renderResource,
  roleProblem,
  scalarQuantities,
  toMilli,
  type master,
  type quota as v1,
  type Quantities,
  type Resource,
} from "#lib/mesos/index.ts"
import { err, ok, type Result } from "#lib/std/result.ts"
import { isEmptyQuota, type Amounts, type RoleQuota } from "./allocator/quota-book.ts"
import type { Context } from "./context.ts"
import { rescindOffer } from "./offers.ts"
import type { OfferRecord } from "./records.ts"
import { encodeQuota, quotaKey } from "./registry-settings.ts"
import type { MasterReply } from "./types.ts"

/** The most that a quota may say: 2^40 MiB of memory and disk, 10^12 of anything else. */
const QUOTA_MIB_MAX = 2 ** 40
const QUOTA_MAX = 1e12

const DONE: MasterReply = { status: 200 }

const bad = (message: string): MasterReply => ({ status: 400, message })

/** UPDATE_QUOTA: all of the configurations, or none. */
export function updateQuota(
  ctx: Context,
  { force = false, quotaConfigs = [] }: master.CallUpdateQuota,
): MasterReply {
  const wanted = new Map<string, RoleQuota>()
  for (const config of quotaConfigs) {
    const parsed = parseConfig(ctx, config)
    if (!parsed.ok) return bad(`Invalid QuotaConfig: ${parsed.error}`)
    if (wanted.has(config.role))
      return bad(`Invalid QuotaConfig: role '${config.role}' is repeated`)
    wanted.set(config.role, parsed.value)
  }
  const problem = force ? undefined : (limitProblem(ctx, wanted) ?? capacityProblem(ctx, wanted))
  if (problem !== undefined) return bad(`Invalid QuotaConfig: ${problem}`)
  for (const [role, quota] of wanted) storeQuota(ctx, role, quota)
  rescindForQuota(ctx)
  return DONE
}

/** SET_QUOTA, of old: a guarantee that is the limit too, for a role that has no quota. */
export function setQuota(ctx: Context, { quotaRequest }: master.CallSetQuota): MasterReply {
  const { force = false, role = "", guarantee = [] } = quotaRequest
  const problem = quotaRoleProblem(ctx, role) ?? guaranteeProblem(guarantee)
  if (problem !== undefined) return bad(`Failed to validate set quota request: ${problem}`)
  if (ctx.quotas.has(role))
    return bad(`Failed to validate set quota request: the role '${role}' has a quota already`)
  const amounts = new Map(scalarQuantities(guarantee).map(({ name, milli }) => [name, milli]))
  const quota: RoleQuota = { guarantees: amounts, limits: amounts }
  const overcommit = force ? undefined : capacityProblem(ctx, new Map([[role, quota]]))
  if (overcommit !== undefined)
    return {
      status: 409,
      message: `Heuristic capacity check for set quota request failed: ${overcommit}`,
    }
  storeQuota(ctx, role, quota)
  rescindForQuota(ctx)
  return DONE
}

/** REMOVE_QUOTA, of old; a quota that is not there is removed already. */
export function removeQuota(ctx: Context, { role }: master.CallRemoveQuota): MasterReply {
  storeQuota(ctx, role, { guarantees: new Map(), limits: new Map() })
  return DONE
}

/** Sets, replaces or removes the quota of a role; an empty one removes it. */
function storeQuota(ctx: Context, role: string, quota: RoleQuota): void {
  const before = ctx.quotas.get(role)
  if (isEmptyQuota(quota)) {
    if (before === undefined) return
    ctx.quotas.delete(role)
    ctx.out.push({ kind: "delete", key: quotaKey(role) })
    ctx.allocator.setQuota(role, undefined)
  } else {
    ctx.quotas.set(role, quota)
    ctx.out.push({ kind: "put", key: quotaKey(role), value: encodeQuota(role, quota) })
    ctx.allocator.setQuota(role, quota)
  }
  ctx.log("info", "quota changed", { role })
}

function quotaRoleProblem(ctx: Context, role: string): string | undefined {
  const problem = roleProblem(role)
  if (problem !== undefined) return problem
  if (role === DEFAULT_ROLE) return "the default role '*' can have no quota"
  if (role.includes("/"))
    return `role '${role}' is not a top-level role; only those can have quotas`
  const { roles } = ctx.options
  return roles === undefined || roles.includes(role) ? undefined : `Unknown role '${role}'`
}

function parseConfig(ctx: Context, config: v1.QuotaConfig): Result<RoleQuota, string> {
  const problem = quotaRoleProblem(ctx, config.role)
  if (problem !== undefined) return err(problem)
  const guarantees = parseAmounts(config.guarantees, "guarantees")
  if (!guarantees.ok) return guarantees
  const limits = parseAmounts(config.limits, "limits")
  if (!limits.ok) return limits
  for (const [name, milli] of guarantees.value) {
    const limit = limits.value.get(name)
    if (limit !== undefined && milli > limit)
      return err(
        `the guarantee of ${name}, ${milli / 1000}, is above its limit, ${limit / 1000}, for role '${config.role}'`,
      )
  }
  // Nothing is promised by a guarantee of nothing; a limit of nothing forbids.
  const promised = new Map([...guarantees.value].filter(([, milli]) => milli > 0))
  return ok({ guarantees: promised, limits: limits.value })
}

function parseAmounts(
  values: v1.QuotaConfig["guarantees"],
  member: string,
): Result<Amounts, string> {
  const amounts = new Map<string, number>()
  for (const [name, { value }] of Object.entries(values ?? {})) {
    const max = name === "mem" || name === "disk" ? QUOTA_MIB_MAX : QUOTA_MAX
    if (!(value >= 0 && value <= max))
      return err(`${member}.${name} is ${value}, which is not between 0 and ${max}`)
    amounts.set(name, toMilli(value))
  }
  return ok(amounts)
}

function guaranteeProblem(guarantee: readonly Resource[]): string | undefined {
  if (guarantee.length === 0) return "the guarantee is empty"
  const names = new Set<string>()
  for (const resource of guarantee) {
    if (resource.value.kind !== "scalar" || !(resource.value.milli >= 0))
      return `guarantee ${renderResource(resource)} is not a scalar of at least 0`
    if (resource.reservations.length > 0 || resource.disk !== undefined || resource.revocable)
      return `guarantee ${resource.name} may have no reservation, disk or revocability`
    if (names.has(resource.name)) return `guarantee names ${resource.name} twice`
    names.add(resource.name)
  }
  return undefined
}

/** Why a limit would be below what its role has already. */
function limitProblem(ctx: Context, wanted: ReadonlyMap<string, RoleQuota>): string | undefined {
  for (const [role, { limits }] of wanted) {
    const offered = offeredTo(ctx, role)
    const consumed = ctx.allocator.consumed(role)
    for (const [name, limit] of limits) {
      // Offers can be taken back; what runs and what is reserved cannot.
      const held = (consumed.get(name) ?? 0) - quantityOf(offered, name)
      if (held > limit)
        return `role '${role}' has ${held / 1000} of ${name} already, more than the limit of ${limit / 1000}`
    }
  }
  return undefined
}

/** Why the cluster could not keep all guarantees at once. */
function capacityProblem(ctx: Context, wanted: ReadonlyMap<string, RoleQuota>): string | undefined {
  const promised = new Map<string, number>()
  for (const { guarantees } of new Map([...ctx.quotas, ...wanted]).values())
    for (const [name, milli] of guarantees) promised.set(name, (promised.get(name) ?? 0) + milli)
  const total = new Map<string, number>()
  for (const agent of ctx.agents.values())
    for (const { name, milli } of scalarQuantities(nonRevocable(agent.total)))
      total.set(name, (total.get(name) ?? 0) + milli)
  for (const { guarantees } of wanted.values())
    for (const name of guarantees.keys())
      if ((promised.get(name) ?? 0) > (total.get(name) ?? 0))
        return `the guarantees of ${name} add up to ${(promised.get(name) ?? 0) / 1000}, more than the cluster's ${(total.get(name) ?? 0) / 1000}`
  return undefined
}

const isUnder = (role: string, top: string): boolean => role === top || isStrictSubrole(role, top)

/** What counts against a quota of an offer's resources. */
const countedOf = ({ resources }: OfferRecord): Quantities =>
  scalarQuantities(nonRevocable(resources).filter(({ reservations }) => reservations.length === 0))

function offeredTo(ctx: Context, role: string): Quantities {
  const sums = new Map<string, number>()
  for (const offer of ctx.offers.values())
    if (isUnder(offer.role, role))
      for (const { name, milli } of countedOf(offer)) sums.set(name, (sums.get(name) ?? 0) + milli)
  return [...sums].map(([name, milli]) => ({ name, milli }))
}

/**
 * Takes offers back as far as that helps to keep the quotas: those of roles that are above their
 * limit, and those that hold what guarantees are owed. What runs goes on.
 */
function rescindForQuota(ctx: Context): void {
  for (const [role, { limits }] of ctx.quotas)
    for (const offer of ctx.offers.values())
      if (isUnder(offer.role, role) && exceeds(ctx.allocator.consumed(role), limits))
        rescindOffer(ctx, offer)
  for (const offer of ctx.offers.values())
    if (countedOf(offer).some(({ name }) => ctx.allocator.surplus(name) < 0))
      rescindOffer(ctx, offer)
}

const exceeds = (consumed: Amounts, limits: Amounts): boolean =>
  [...limits].some(([name, limit]) => (consumed.get(name) ?? 0) > limit)
