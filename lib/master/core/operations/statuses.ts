import type { FrameworkId, OperationUpdateMessage, scheduler } from "#lib/mesos/index.ts"
import { disconnectAgent } from "#lib/master/core/agents.ts"
import type { Context } from "#lib/master/core/context.ts"
import { isRemoved } from "#lib/master/core/framework-store.ts"
import type { AgentRecord, FrameworkRecord } from "#lib/master/core/records.ts"
import { advance, leave, tell } from "./progress.ts"

/**
 * An agent tells the outcome of an operation. The framework hears and acknowledges it if it gave the
 * operation an id; otherwise the master does.
 */
export function onOperationUpdate(
  ctx: Context,
  agent: AgentRecord,
  { frameworkId, operationUuid, status: received }: OperationUpdateMessage,
): void {
  ctx.count("messages_operation_status_update")
  const operation = ctx.operations.get(operationUuid)
  const status = { ...received, agentId: agent.id }
  const framework = frameworkId === undefined ? undefined : ctx.frameworks.get(frameworkId)
  const isHeard =
    frameworkId !== undefined && status.operationId !== undefined && mayHear(ctx, frameworkId)
  if (operation === undefined || operation.agentId !== agent.id) {
    // A copy that crossed its acknowledgement, or the end of the framework.
    ctx.count("invalid_operation_status_updates")
    if (!isHeard) acknowledgeSelf(ctx, agent, status.uuid?.value)
    else if (framework !== undefined)
      ctx.event(framework, { kind: "updateOperationStatus", status })
    return
  }
  ctx.count("valid_operation_status_updates")
  const differs = advance(ctx, agent, operation, status)
  if (isHeard) tell(ctx, operation, status)
  const over = !operation.pending && (!isHeard || status.uuid === undefined)
  if (over) leave(ctx, operation)
  if (!isHeard) acknowledgeSelf(ctx, agent, status.uuid?.value)
  if (differs) askAgain(ctx, agent, status.message)
}

/**
 * Whether a framework hears of its operations, now or once it is back. One that a new master does not
 * know may still subscribe, for as long as agents may take to come back.
 */
const mayHear = (ctx: Context, frameworkId: FrameworkId): boolean =>
  ctx.frameworks.has(frameworkId) ||
  (!isRemoved(ctx, frameworkId) && ctx.now < ctx.startedAt + ctx.timings.agentReregisterMs)

/** Nobody else will: an operator's operation, one without an id, or a framework that is gone. */
export function acknowledgeSelf(ctx: Context, agent: AgentRecord, uuid: string | undefined): void {
  if (uuid !== undefined) ctx.send(agent, { kind: "acknowledgeOperation", uuid })
}

/** The agent must say once more what it has; a new registration sets everything right. */
function askAgain(ctx: Context, agent: AgentRecord, message: string | undefined): void {
  const { link } = agent
  if (link === undefined) return
  const reason = "an operation failed; register again to say what resources there are"
  ctx.log("warn", "operation failed on the agent", { agent: agent.id, reason: message })
  disconnectAgent(ctx, agent)
  ctx.links.delete(link)
  ctx.out.push({ kind: "closeLink", link, reason })
}

/** ACKNOWLEDGE_OPERATION_STATUS: the agent may forget the operation, and after its end the master. */
export function acknowledgeOperation(
  ctx: Context,
  framework: FrameworkRecord,
  { agentId, uuid, operationId }: scheduler.CallAcknowledgeOperationStatus,
): void {
  ctx.count("messages_operation_status_update_acknowledgement")
  const agent = agentId === undefined ? undefined : ctx.agents.get(agentId)
  const operation = ctx.operations.named(framework.id, operationId)
  const ours = operation === undefined || operation.agentId === agentId
  const sent =
    agent !== undefined && ours && ctx.send(agent, { kind: "acknowledgeOperation", uuid })
  if (!sent) {
    ctx.count("invalid_operation_status_update_acknowledgements")
    return
  }
  ctx.count("valid_operation_status_update_acknowledgements")
  if (operation === undefined || operation.pending) return
  if (operation.latestStatus.uuid?.value === uuid) leave(ctx, operation)
}
