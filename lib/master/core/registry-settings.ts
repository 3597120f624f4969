import { err, ok, type Result } from "#lib/std/result.ts"
import type { RoleQuota } from "./allocator/quota-book.ts"
import { STORE_PATHS, type RegistryError } from "./registry.ts"

/** Version of the stored forms here. A reader accepts it and everything older. */
const SCHEMA = 1

/** Where the quota of a role is stored. Roles with quotas have no slashes. */
export const quotaKey = (role: string): string => `${STORE_PATHS.quota}${role}`

/** Where the weight of a role is stored. */
export const weightKey = (role: string): string => `${STORE_PATHS.weights}${role}`

/** The stored form of a quota; amounts in thousandths. */
export const encodeQuota = (role: string, { guarantees, limits }: RoleQuota): unknown => ({
  schema: SCHEMA,
  role,
  guarantees: Object.fromEntries(guarantees),
  limits: Object.fromEntries(limits),
})

/** The stored form of a weight. */
export const encodeWeight = (role: string, weight: number): unknown => ({
  schema: SCHEMA,
  role,
  weight,
})

/** Reads what `encodeQuota` wrote. */
export function parseQuota(
  key: string,
  value: unknown,
): Result<{ readonly role: string; readonly quota: RoleQuota }, RegistryError> {
  const stored = readStored(key, value, "quota")
  if (!stored.ok) return stored
  const { role, guarantees, limits } = stored.value
  const promised = amountsOf(guarantees)
  const most = amountsOf(limits)
  if (promised === undefined || most === undefined || quotaKey(role) !== key)
    return err(unreadable(key, "quota", "its amounts are wrong"))
  return ok({ role, quota: { guarantees: promised, limits: most } })
}

/** Reads what `encodeWeight` wrote. */
export function parseWeight(
  key: string,
  value: unknown,
): Result<{ readonly role: string; readonly weight: number }, RegistryError> {
  const stored = readStored(key, value, "weight")
  if (!stored.ok) return stored
  const { role, weight } = stored.value
  if (typeof weight !== "number" || !(weight > 0) || weightKey(role) !== key)
    return err(unreadable(key, "weight", "it is not a number above 0"))
  return ok({ role, weight })
}

type Stored = { readonly role: string; readonly [member: string]: unknown }

function readStored(key: string, value: unknown, what: string): Result<Stored, RegistryError> {
  const stored = value as (Partial<Stored> & { readonly schema?: unknown }) | null
  if (typeof stored !== "object" || stored === null || typeof stored.role !== "string")
    return err(unreadable(key, what, "it has no role"))
  const { schema } = stored
  if (typeof schema !== "number" || schema > SCHEMA)
    return err(unreadable(key, what, `schema ${String(schema)} is not ${SCHEMA}; upgrade dcos`))
  return ok(stored as Stored)
}

function amountsOf(value: unknown): ReadonlyMap<string, number> | undefined {
  if (typeof value !== "object" || value === null) return undefined
  const entries = Object.entries(value)
  return entries.every((entry): entry is [string, number] => Number.isSafeInteger(entry[1]))
    ? new Map(entries)
    : undefined
}

const unreadable = (key: string, what: string, why: string): RegistryError => ({
  code: "unreadable",
  key,
  message: `The stored ${what} ${key} is unreadable: ${why}. Restore the state from a backup.`,
})
