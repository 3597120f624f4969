import type { OperationState, scheduler } from "#lib/mesos/index.ts"
import type { Context } from "#lib/master/core/context.ts"
import type { FrameworkRecord } from "#lib/master/core/records.ts"
import { tell } from "./progress.ts"

/**
 * RECONCILE_OPERATIONS: tells the latest state of the named operations, or of all that have an id
 * when none is named. These statuses have no uuid: nobody acknowledges them.
 */
export function reconcileOperations(
  ctx: Context,
  framework: FrameworkRecord,
  { operations = [] }: scheduler.CallReconcileOperations,
): void {
  ctx.count("messages_reconcile_operations")
  if (operations.length === 0)
    for (const operation of ctx.operations.namedBy(framework.id)) {
      const { uuid: _, ...status } = operation.latestStatus
      tell(ctx, operation, status)
    }
  for (const named of operations) reconcileOne(ctx, framework, named)
}

function reconcileOne(
  ctx: Context,
  framework: FrameworkRecord,
  { operationId, agentId }: scheduler.CallReconcileOperationsOperation,
): void {
  const known = ctx.operations.named(framework.id, operationId)
  if (known !== undefined) {
    const { uuid: _, ...status } = known.latestStatus
    return tell(ctx, known, status)
  }
  const [state, message] = absentState(ctx, agentId)
  ctx.event(framework, {
    kind: "updateOperationStatus",
    status: {
      operationId,
      state,
      message: `Reconciliation: ${message}`,
      ...(agentId === undefined ? {} : { agentId }),
    },
  })
}

function absentState(
  ctx: Context,
  agentId: scheduler.CallReconcileOperationsOperation["agentId"],
): readonly [OperationState, string] {
  const awaited = agentId === undefined ? ctx.recovered.size > 0 : ctx.recovered.has(agentId)
  if (awaited) return ["OPERATION_RECOVERING", "The agent is not back since the master started"]
  if (agentId === undefined) return ["OPERATION_UNKNOWN", "Operation is unknown"]
  if (ctx.unreachable.has(agentId)) return ["OPERATION_UNREACHABLE", "Agent is unreachable"]
  if (ctx.gone.has(agentId)) return ["OPERATION_GONE_BY_OPERATOR", "Agent is gone"]
  return ctx.agents.has(agentId)
    ? ["OPERATION_UNKNOWN", "Operation is unknown to the agent"]
    : ["OPERATION_UNKNOWN", "Operation and agent are unknown"]
}
