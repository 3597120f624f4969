import {
  applyConversion,
  conversionOf,
  CONSUMED_FIELDS,
  isSpeculative,
  operationProblemText,
  persistentVolumes,
  shared,
  subtractResources,
  type Conversion,
  type OperationProblem,
  type ResourceOperation,
  type Resources,
} from "#lib/mesos/index.ts"
import { must } from "#lib/std/assert.ts"
import { err, ok, type Result } from "#lib/std/result.ts"
import type { Context } from "#lib/master/core/context.ts"
import { rescindOffer } from "#lib/master/core/offers.ts"
import { inRole, type Pool } from "#lib/master/core/pool.ts"
import type { AgentRecord } from "#lib/master/core/records.ts"
import { OperationRecord } from "./book.ts"
import { convertTotal } from "./convert.ts"
import { enter, refuse, send } from "./progress.ts"
import { frameworkOperationProblem } from "./rules.ts"

/**
 * One operation of an ACCEPT. What reservations and volumes it makes, the operations after it may use
 * at once; the results of resizing come back when the agent has confirmed them. An operation that is
 * invalid, or that the offers do not hold enough for, is skipped.
 */
export function operate(ctx: Context, pool: Pool, received: ResourceOperation): void {
  const { framework, agent } = pool
  const operation = withRole(received, pool.role)
  const conversion = conversionIn(ctx, pool, operation)
  if (!conversion.ok)
    return refuse(ctx, framework, operation, operationProblemText(conversion.error), agent.id)
  const { consumed, converted, remaining } = conversion.value
  const held = !isSpeculative(operation)
  if (held) pool.remaining = subtractResources(pool.remaining, consumed)
  else {
    rescindHolders(ctx, agent, shared(consumed))
    pool.remaining = remaining
    ctx.allocator.updateAllocation(framework.id, agent.id, { consumed, converted })
    convertTotal(agent, { consumed, converted })
  }
  const record = new OperationRecord({
    uuid: ctx.newOperationUuid(),
    frameworkId: framework.id,
    agentId: agent.id,
    info: operation,
    conversion: { consumed, converted },
    held,
  })
  enter(ctx, record)
  send(ctx, record)
}

type PooledConversion = Conversion & { readonly remaining: Resources }

function conversionIn(
  ctx: Context,
  pool: Pool,
  operation: ResourceOperation,
): Result<PooledConversion, OperationProblem> {
  const problem = frameworkOperationProblem(ctx, pool, operation)
  if (problem !== undefined) return err(problem)
  const conversion = conversionOf(operation)
  if (!conversion.ok) return conversion
  const remaining = applyConversion(
    pool.remaining,
    conversion.value,
    CONSUMED_FIELDS[operation.kind],
  )
  return remaining.ok ? ok({ ...conversion.value, remaining: remaining.value }) : remaining
}

/** The operation with the offer's role wherever the framework left it out. */
function withRole(operation: ResourceOperation, role: string): ResourceOperation {
  const one = <T>(list: readonly T[]): T => must(list[0], "a resource is lost")
  switch (operation.kind) {
    case "reserve":
    case "unreserve":
      return { ...operation, resources: inRole(operation.resources, role) }
    case "create":
    case "destroy":
      return { ...operation, volumes: inRole(operation.volumes, role) }
    case "growVolume":
      return {
        ...operation,
        volume: one(inRole([operation.volume], role)),
        addition: one(inRole([operation.addition], role)),
      }
    case "shrinkVolume":
      return { ...operation, volume: one(inRole([operation.volume], role)) }
    case "createDisk":
    case "destroyDisk":
      return { ...operation, source: one(inRole([operation.source], role)) }
    default:
      return operation satisfies never
  }
}

/** A shared volume that ends may be in other offers too, which then offer what is no more. */
export function rescindHolders(ctx: Context, agent: AgentRecord, volumes: Resources): void {
  const ids = new Set(volumes.map(({ disk }) => disk?.persistence?.id))
  if (ids.size === 0) return
  for (const offer of agent.offers)
    if (persistentVolumes(shared(offer.resources)).some((v) => ids.has(v.disk?.persistence?.id)))
      rescindOffer(ctx, offer)
}
