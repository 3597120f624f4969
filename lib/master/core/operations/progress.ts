import type { AgentId, OperationStatus, ResourceOperation } from "#lib/mesos/index.ts"
import { clip } from "#lib/master/core/clip.ts"
import type { Context } from "#lib/master/core/context.ts"
import type { AgentRecord, FrameworkRecord } from "#lib/master/core/records.ts"
import { isTerminal, type OperationRecord } from "./book.ts"
import { convertTotal } from "./convert.ts"
import { countOutcome } from "./metrics.ts"
import { forgetStored } from "./stored.ts"

/** Enters an operation in the books. */
export function enter(ctx: Context, operation: OperationRecord): void {
  ctx.operations.add(operation)
}

/** Sends a pending operation to its agent; one that is away gets it when it is back. */
export function send(ctx: Context, { agentId, frameworkId, info, uuid }: OperationRecord): void {
  const agent = ctx.agents.get(agentId)
  if (agent === undefined) return
  ctx.send(agent, {
    kind: "applyOperation",
    ...(frameworkId === undefined ? {} : { frameworkId }),
    ...(info.id === undefined ? {} : { operationId: info.id }),
    uuid: uuid.value,
    operation: info,
  })
}

/** Answers an operation that is not tried; the framework hears of it if it gave it an id. */
export function refuse(
  ctx: Context,
  framework: FrameworkRecord,
  operation: ResourceOperation,
  reason: string,
  agentId?: AgentId,
): void {
  const { id } = operation
  const message = clip(reason)
  countOutcome(ctx, operation.kind, "OPERATION_ERROR")
  ctx.log("warn", "operation refused", { framework: framework.id, operation: id, reason: message })
  if (id === undefined) return
  ctx.event(framework, {
    kind: "updateOperationStatus",
    status: {
      operationId: id,
      state: "OPERATION_ERROR",
      message,
      ...(agentId === undefined ? {} : { agentId }),
    },
  })
}

/** Tells the framework a status, if it gave the operation an id and is there to hear it. */
export function tell(ctx: Context, operation: OperationRecord, status: OperationStatus): void {
  const { frameworkId, info, agentId } = operation
  const framework = frameworkId === undefined ? undefined : ctx.frameworks.get(frameworkId)
  if (framework === undefined || info.id === undefined) return
  ctx.event(framework, {
    kind: "updateOperationStatus",
    status: { ...status, operationId: info.id, agentId },
  })
}

/**
 * Takes over what an agent says of an operation. The first outcome settles its resources: a resized
 * volume is offered again, and so is what a failed operation would have consumed.
 * @returns whether the agent's resources are not what the books say, because an operation failed that
 * had its effect in them already.
 */
export function advance(
  ctx: Context,
  agent: AgentRecord,
  operation: OperationRecord,
  status: OperationStatus,
): boolean {
  const wasPending = operation.pending
  operation.latestStatus = status
  if (operation.statuses.at(-1)?.state === status.state) operation.statuses.pop()
  operation.statuses.push(status)
  if (!wasPending || !isTerminal(status.state)) return false
  countOutcome(ctx, operation.info.kind, status.state)
  const finished = status.state === "OPERATION_FINISHED"
  if (!operation.held) return !finished
  if (finished) settle(ctx, agent, operation)
  else release(ctx, operation)
  return false
}

/** Gives an operation that held its resources its effect; the framework's share is free again. */
export function settle(ctx: Context, agent: AgentRecord, operation: OperationRecord): void {
  const { frameworkId, conversion } = operation
  if (!operation.held || frameworkId === undefined) return
  operation.held = false
  ctx.allocator.updateAllocation(frameworkId, agent.id, conversion)
  convertTotal(agent, conversion)
  ctx.allocator.recover(frameworkId, agent.id, conversion.converted)
}

/** Frees what an operation would have consumed. */
export function release(ctx: Context, operation: OperationRecord): void {
  const { frameworkId, agentId, conversion } = operation
  if (!operation.held || frameworkId === undefined) return
  operation.held = false
  ctx.allocator.recover(frameworkId, agentId, conversion.consumed)
}

/** Takes an operation out of the books: nobody waits for it any more. */
export function leave(ctx: Context, operation: OperationRecord): void {
  ctx.operations.remove(operation)
  const agent = ctx.agents.get(operation.agentId)
  if (agent?.drain !== undefined) ctx.drainsToSettle.add(agent)
  forgetStored(ctx, operation.agentId, operation.uuid.value)
}
