import type { FrameworkId, FrameworkInfo } from "#lib/mesos/index.ts"
import { err, ok, type Result } from "#lib/std/result.ts"
import type { Context } from "./context.ts"
import type { FrameworkRecord } from "./records.ts"
import { STORE_PATHS, type RegistryError } from "./registry.ts"

/** Version of the stored form. A reader accepts it and everything older. */
const SCHEMA = 1

/** A framework, as it is stored under "/frameworks/<id>": live, or only that it was removed. */
export type StoredFramework =
  | {
      readonly kind: "live"
      readonly info: FrameworkInfo & { readonly id: FrameworkId }
      /** Milliseconds since the epoch. */
      readonly registeredAt: number
    }
  | { readonly kind: "removed"; readonly id: FrameworkId; readonly removedAt: number }

/** Where a framework is stored. */
export const frameworkKey = (id: FrameworkId): string => `${STORE_PATHS.frameworks}${id}`

/**
 * Stores what a framework says of itself, if that changed: one without running tasks then keeps its
 * failover timeout when the master restarts. Mesos knows frameworks from agents and schedulers only.
 */
export function storeFramework(ctx: Context, framework: FrameworkRecord): void {
  const { id, registeredAt } = framework
  const info = JSON.stringify(framework.info)
  if (ctx.storedFrameworks.get(id) === info) return
  ctx.storedFrameworks.set(id, info)
  const value = { schema: SCHEMA, info: framework.info, registeredAt }
  ctx.out.push({ kind: "put", key: frameworkKey(id), value })
}

/** Stores that a framework was removed, so that no agent brings it back after a restart. */
export function storeRemoval(ctx: Context, id: FrameworkId): void {
  ctx.storedFrameworks.delete(id)
  ctx.removedFrameworks.set(id, ctx.now)
  const value = { schema: SCHEMA, id, removedAt: ctx.now }
  ctx.out.push({ kind: "put", key: frameworkKey(id), value })
  for (const oldest of ctx.removedFrameworks.keys()) {
    if (ctx.removedFrameworks.size <= ctx.limits.removedFrameworks) return
    ctx.removedFrameworks.delete(oldest)
    ctx.out.push({ kind: "delete", key: frameworkKey(oldest) })
  }
}

/** Whether the framework was removed, by this master or an earlier one, as far as is remembered. */
export const isRemoved = (ctx: Context, id: FrameworkId): boolean =>
  ctx.completedFrameworks.has(id) || ctx.removedFrameworks.has(id)

/** Reads what was stored, in this version or an older one. */
export function parseFramework(
  key: string,
  value: unknown,
): Result<StoredFramework, RegistryError> {
  const refuse = (what: string): Result<StoredFramework, RegistryError> =>
    err({
      code: "unreadable",
      key,
      message: `The stored framework ${key} is unreadable: ${what}. Restore the state from a backup.`,
    })
  if (typeof value !== "object" || value === null) return refuse("it is not an object")
  const { schema, info, registeredAt, id, removedAt } = value as {
    readonly schema?: unknown
    readonly info?: FrameworkInfo
    readonly registeredAt?: unknown
    readonly id?: FrameworkId
    readonly removedAt?: unknown
  }
  if (typeof schema !== "number") return refuse("it has no schema version")
  if (schema > SCHEMA) return refuse(`schema ${schema} is newer than ${SCHEMA}; upgrade dcos`)
  const named = info?.id ?? id
  if (typeof named !== "string" || frameworkKey(named) !== key) return refuse("its id is wrong")
  if (typeof removedAt === "number") return ok({ kind: "removed", id: named, removedAt })
  if (typeof info?.name !== "string") return refuse("it has no name")
  if (typeof registeredAt !== "number") return refuse("it does not say since when it is there")
  return ok({ kind: "live", info: { ...info, id: named }, registeredAt })
}
