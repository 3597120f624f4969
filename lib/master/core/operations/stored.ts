import type { AgentId, ResourceOperation } from "#lib/mesos/index.ts"
import type { Context } from "#lib/master/core/context.ts"
import { STORE_PATHS, type RegistryError } from "#lib/master/core/registry.ts"
import { err, ok, type Result } from "#lib/std/result.ts"

/** Version of the stored form. A reader accepts it and everything older. */
const SCHEMA = 1

/**
 * An operator's operation until its agent has confirmed it, stored before the operator hears that it
 * is accepted: a master that dies between hands it to the next.
 */
export type StoredOperation = {
  readonly uuid: string
  readonly agentId: AgentId
  readonly operation: ResourceOperation
  /** Milliseconds since the epoch; operations are tried again in this order. */
  readonly acceptedAt: number
}

/** The uuid in hexadecimal, because base64 has slashes and another order than its bytes. */
const hexOf = (uuid: string): string =>
  Array.from(atob(uuid), (byte) => byte.charCodeAt(0).toString(16).padStart(2, "0")).join("")

const keyOf = (agentId: AgentId, uuid: string): string =>
  `${STORE_PATHS.operations}${agentId}/${hexOf(uuid)}`

/** Stores an operation; whoever hears of it does so after this is durable. */
export function storeOperation(ctx: Context, stored: StoredOperation): void {
  remember(ctx, stored)
  const key = keyOf(stored.agentId, stored.uuid)
  ctx.out.push({ kind: "put", key, value: { schema: SCHEMA, ...stored } })
}

function remember(ctx: Context, stored: StoredOperation): void {
  const ofAgent = ctx.storedOperations.get(stored.agentId) ?? new Map<string, StoredOperation>()
  ctx.storedOperations.set(stored.agentId, ofAgent.set(stored.uuid, stored))
}

/** Forgets an operation, if it was stored. */
export function forgetStored(ctx: Context, agentId: AgentId, uuid: string): void {
  const ofAgent = ctx.storedOperations.get(agentId)
  if (ofAgent === undefined || !ofAgent.delete(uuid)) return
  if (ofAgent.size === 0) ctx.storedOperations.delete(agentId)
  ctx.out.push({ kind: "delete", key: keyOf(agentId, uuid) })
}

/** Forgets the operations of an agent that will not come back. */
export function forgetStoredOf(ctx: Context, agentId: AgentId): void {
  for (const uuid of ctx.storedOperations.get(agentId)?.keys() ?? [])
    forgetStored(ctx, agentId, uuid)
}

/** What waits for an agent, in the order in which it was accepted. */
export const storedFor = (ctx: Context, agentId: AgentId): readonly StoredOperation[] =>
  [...(ctx.storedOperations.get(agentId)?.values() ?? [])].sort(
    (a, b) => a.acceptedAt - b.acceptedAt || (hexOf(a.uuid) < hexOf(b.uuid) ? -1 : 1),
  )

/** Takes over what `storeOperation` wrote, in this version or an older one. */
export function restoreOperation(
  ctx: Context,
  key: string,
  value: unknown,
): Result<void, RegistryError> {
  const refuse = (what: string): Result<void, RegistryError> =>
    err({
      code: "unreadable",
      key,
      message: `The stored operation ${key} is unreadable: ${what}. Restore the state from a backup.`,
    })
  if (typeof value !== "object" || value === null) return refuse("it is not an object")
  const { schema, ...stored } = value as Partial<StoredOperation> & { schema?: unknown }
  if (typeof schema !== "number") return refuse("it has no schema version")
  if (schema > SCHEMA) return refuse(`schema ${schema} is newer than ${SCHEMA}; upgrade dcos`)
  if (typeof stored.uuid !== "string" || typeof stored.agentId !== "string")
    return refuse("it has no ids")
  if (typeof stored.operation?.kind !== "string") return refuse("it has no operation")
  if (typeof stored.acceptedAt !== "number") return refuse("it has no time")
  remember(ctx, stored as StoredOperation)
  return ok(undefined)
}
