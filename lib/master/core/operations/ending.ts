import type { FrameworkId } from "#lib/mesos/index.ts"
import type { Context } from "#lib/master/core/context.ts"
import type { AgentRecord } from "#lib/master/core/records.ts"
import { isTerminal } from "./book.ts"
import { countOutcome } from "./metrics.ts"
import { leave, release, settle, tell } from "./progress.ts"
import { forgetStoredOf } from "./stored.ts"

/**
 * The agent is out of reach, or gone for good. Frameworks hear so once, for each operation that has no
 * outcome yet; an operator's waits for an agent that may come back.
 */
export function endOperationsOf(
  ctx: Context,
  agent: AgentRecord,
  state: "OPERATION_UNREACHABLE" | "OPERATION_GONE_BY_OPERATOR",
  message: string,
): void {
  for (const operation of ctx.operations.ofAgent(agent.id)) {
    release(ctx, operation)
    if (operation.pending) {
      if (isTerminal(state)) countOutcome(ctx, operation.info.kind, state)
      tell(ctx, operation, { state, message })
    }
    ctx.operations.remove(operation)
  }
  if (isTerminal(state)) forgetStoredOf(ctx, agent.id)
}

/**
 * The framework ends. Its operations that ended are acknowledged in its place; those under way go on,
 * and what they make will be free.
 */
export function abandonOperations(ctx: Context, frameworkId: FrameworkId): void {
  for (const operation of ctx.operations.ofFramework(frameworkId)) {
    const agent = ctx.agents.get(operation.agentId)
    if (agent === undefined) continue
    settle(ctx, agent, operation)
    if (operation.pending) continue
    const uuid = operation.latestStatus.uuid?.value
    if (uuid !== undefined) ctx.send(agent, { kind: "acknowledgeOperation", uuid })
    leave(ctx, operation)
  }
}
