import {
  addResources,
  applyOperation,
  containsResources,
  equalResources,
  exclusive,
  operationProblem,
  operationProblemText,
  renderResources,
  shared,
  subtractResources,
  unallocate,
  type AppliedOperation,
  type OperationProblem,
  type ResourceOperation,
  type Resources,
} from "#lib/mesos/index.ts"
import type { Context } from "#lib/master/core/context.ts"
import { rescindOffer } from "#lib/master/core/offers.ts"
import type { AgentRecord } from "#lib/master/core/records.ts"
import type { MasterReply, OperatorCall } from "#lib/master/core/types.ts"
import { OperationRecord } from "./book.ts"
import { rescindHolders } from "./in-accept.ts"
import { enter, send } from "./progress.ts"
import { agentProblem, principalProblem } from "./rules.ts"
import { storeOperation } from "./stored.ts"

/** Source: apache/mesos: src/master/http.cpp (_operation): rescinded offers come with a default filter. */
const REFUSED_FOR_MS = 5_000

/** The operator's calls that reserve resources and make volumes. */
export type ResourceCall = Extract<
  OperatorCall,
  {
    readonly kind:
      | "reserveResources"
      | "unreserveResources"
      | "createVolumes"
      | "destroyVolumes"
      | "growVolume"
      | "shrinkVolume"
  }
>

/**
 * Applies an operator's operation to an agent: 202 once it is stored, 400 when it is invalid, 409 when
 * what it needs is not there or is used by tasks. Offers that stand in its way are rescinded.
 */
export function operateOnResources(
  ctx: Context,
  call: ResourceCall,
  principal: string | undefined,
): MasterReply {
  const { agentId } = call
  const agent = agentId === undefined ? undefined : ctx.agents.get(agentId)
  if (agent === undefined)
    return { status: 400, message: `No agent found with specified ID '${String(agentId)}'` }
  const operation = operationOf(call)
  const problem =
    allocatedProblem(call) ??
    operationProblem(operation) ??
    agentProblem(ctx, agent, operation) ??
    principalProblem(principal, operation)
  if (problem !== undefined) return { status: 400, message: operationProblemText(problem) }
  const applied = applyOperation(agent.total, operation)
  if (!applied.ok) return { status: 409, message: operationProblemText(applied.error) }
  const { consumed } = applied.value
  if (!makeFree(ctx, agent, exclusive(consumed)))
    return {
      status: 409,
      message: `Not all of it is free on agent ${agent.id}: its tasks use ${renderResources(unallocate(agent.used))}`,
    }
  rescindHolders(ctx, agent, shared(consumed))
  perform(ctx, agent, operation, applied.value)
  return { status: 202 }
}

/** What operators reserve is nobody's yet. Source: apache/mesos: src/master/validation.cpp (reserve). */
function allocatedProblem(call: ResourceCall): OperationProblem | undefined {
  if (call.kind !== "reserveResources") return undefined
  const index = (call.resources ?? []).findIndex(({ allocationRole }) => allocationRole)
  return index < 0
    ? undefined
    : {
        field: `reserve_resources.resources[${index}].allocation_info`,
        message: "Operators reserve only what is not allocated",
      }
}

function operationOf(call: ResourceCall): ResourceOperation {
  switch (call.kind) {
    case "reserveResources": {
      const { source, resources = [] } = call
      return {
        kind: "reserve",
        resources: unallocate(resources),
        ...(source === undefined ? {} : { source: unallocate(source) }),
      }
    }
    case "unreserveResources":
      return { kind: "unreserve", resources: unallocate(call.resources ?? []) }
    case "createVolumes":
      return { kind: "create", volumes: unallocate(call.volumes ?? []) }
    case "destroyVolumes":
      return { kind: "destroy", volumes: unallocate(call.volumes ?? []) }
    case "growVolume":
      return { kind: "growVolume", volume: call.volume, addition: call.addition }
    case "shrinkVolume":
      return { kind: "shrinkVolume", volume: call.volume, subtract: call.subtract }
    default:
      return call satisfies never
  }
}

/** Rescinds offers of the agent, newest last, until all of it is free; none when that cannot help. */
function makeFree(ctx: Context, agent: AgentRecord, needed: Resources): boolean {
  const reachable = addResources(ctx.allocator.free(agent.id), unallocate(exclusive(agent.offered)))
  if (!containsResources(reachable, needed)) return false
  for (const offer of agent.offers) {
    const missing = subtractResources(needed, ctx.allocator.free(agent.id))
    if (missing.length === 0) break
    const offered = unallocate(offer.resources)
    if (equalResources(subtractResources(missing, offered), missing)) continue
    rescindOffer(ctx, offer, { refusedForMs: REFUSED_FOR_MS })
  }
  return containsResources(ctx.allocator.free(agent.id), needed)
}

function perform(
  ctx: Context,
  agent: AgentRecord,
  info: ResourceOperation,
  { resources, consumed, converted }: AppliedOperation,
): void {
  agent.change({ total: resources })
  ctx.allocator.updateAgent(agent)
  const uuid = ctx.newOperationUuid()
  const operation = new OperationRecord({
    uuid,
    frameworkId: undefined,
    agentId: agent.id,
    info,
    conversion: { consumed, converted },
    held: false,
  })
  enter(ctx, operation)
  storeOperation(ctx, { uuid, agentId: agent.id, operation: info, acceptedAt: ctx.now })
  send(ctx, operation)
}
