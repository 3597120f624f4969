import {
  applyOperation,
  containsResources,
  conversionOf,
  exclusive,
  type Operation,
  type ResourceOperation,
} from "#lib/mesos/index.ts"
import type { Context } from "#lib/master/core/context.ts"
import type { AgentRecord } from "#lib/master/core/records.ts"
import { isTerminal, OperationRecord } from "./book.ts"
import { countOutcome } from "./metrics.ts"
import { enter, leave, release, send, tell } from "./progress.ts"
import { forgetStored, storedFor } from "./stored.ts"

/**
 * Before an agent's own account of its resources replaces the books': what operations under way hold
 * is free again. Whether they had their effect is in the agent's account.
 */
export function releaseOperations(ctx: Context, agent: AgentRecord): void {
  for (const operation of ctx.operations.ofAgent(agent.id)) release(ctx, operation)
}

/**
 * Compares the operations that an agent reports with those in the books. What was sent and did not
 * arrive is dropped if a framework asked for it, which hears so, and sent again if an operator did.
 */
export function adoptOperations(
  ctx: Context,
  agent: AgentRecord,
  reported: readonly Operation[] = [],
): void {
  const byUuid = new Map(reported.map((each) => [each.uuid.value, each]))
  for (const { uuid, operation } of storedFor(ctx, agent.id))
    if (ctx.operations.get(uuid) === undefined && !byUuid.has(uuid))
      enterReported(ctx, agent, { uuid: { value: uuid }, info: operation })
  for (const operation of ctx.operations.ofAgent(agent.id)) {
    const told = byUuid.get(operation.uuid.value)
    if (told !== undefined) adopt(ctx, agent, operation, told)
    else if (operation.pending) retry(ctx, agent, operation)
    // Acknowledged, and the agent knew so before the master heard that it does.
    else leave(ctx, operation)
  }
  for (const told of reported) {
    if (ctx.operations.get(told.uuid.value) !== undefined) continue
    const operation = enterReported(ctx, agent, told)
    if (operation !== undefined) adopt(ctx, agent, operation, told)
  }
}

/** Enters an operation that another master sent; undefined if it is none of ours. */
function enterReported(
  ctx: Context,
  agent: AgentRecord,
  { uuid, info, frameworkId }: Pick<Operation, "uuid" | "info" | "frameworkId">,
): OperationRecord | undefined {
  const conversion = isResourceOperation(info) ? conversionOf(info) : undefined
  if (!isResourceOperation(info) || !conversion?.ok) {
    ctx.log("warn", "an operation makes no sense", { agent: agent.id, operation: uuid.value })
    forgetStored(ctx, agent.id, uuid.value)
    return undefined
  }
  const operation = new OperationRecord({
    uuid: uuid.value,
    frameworkId,
    agentId: agent.id,
    info,
    conversion: conversion.value,
    held: false,
  })
  enter(ctx, operation)
  return operation
}

const isResourceOperation = (info: Operation["info"]): info is ResourceOperation =>
  info.kind !== "launch" && info.kind !== "launchGroup"

/** The agent has the operation: finished ones are in its account, others will be. */
function adopt(
  ctx: Context,
  agent: AgentRecord,
  operation: OperationRecord,
  { latestStatus }: Operation,
): void {
  if (operation.pending && isTerminal(latestStatus.state))
    countOutcome(ctx, operation.info.kind, latestStatus.state)
  operation.latestStatus = { ...latestStatus, agentId: agent.id }
  if (operation.statuses.at(-1)?.state !== latestStatus.state)
    operation.statuses.push(operation.latestStatus)
  if (operation.pending) expectEffect(ctx, agent, operation)
}

/** Puts the effect of a pending operation into the books, if what it consumes is there and free. */
function expectEffect(ctx: Context, agent: AgentRecord, operation: OperationRecord): boolean {
  const applied = applyOperation(agent.total, operation.info)
  if (!applied.ok) return false
  if (!containsResources(ctx.allocator.free(agent.id), exclusive(applied.value.consumed)))
    return false
  agent.change({ total: applied.value.resources })
  ctx.allocator.updateAgent(agent)
  return true
}

/** The agent does not have the operation: it was lost on its way. */
function retry(ctx: Context, agent: AgentRecord, operation: OperationRecord): void {
  const { frameworkId, info, uuid } = operation
  const fields = { agent: agent.id, operation: info.id ?? uuid.value, type: info.kind }
  if (frameworkId === undefined && expectEffect(ctx, agent, operation)) {
    ctx.log("info", "operation sent again", fields)
    return send(ctx, operation)
  }
  ctx.log("warn", "operation dropped: it was lost on its way to the agent", fields)
  countOutcome(ctx, info.kind, "OPERATION_DROPPED")
  const message = "The operation was lost on its way to the agent"
  tell(ctx, operation, { state: "OPERATION_DROPPED", message })
  leave(ctx, operation)
}
