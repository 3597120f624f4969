import type { AgentId } from "#lib/mesos/index.ts"
import { announceFailure, endTasksOf, forgetAgent, storeAgent, storedOf } from "./agents.ts"
import type { Context } from "./context.ts"
import { forgetStoredOf } from "./operations/stored.ts"
import type { StoredAgent } from "./registry.ts"
import { sendMasterStatus } from "./statuses.ts"
import { recordStatus } from "./tasks.ts"
import type { MasterReply } from "./types.ts"

/** What an agent that was declared gone is told, now or when it comes back. */
export const GONE = "Agent has been marked gone"

/**
 * MARK_AGENT_GONE: the operator vouches that the agent will never come back, so frameworks may start
 * its tasks elsewhere. Repeats are harmless. There is no 503 "in transition" as in Mesos: the decision
 * is made and stored in one step.
 */
export function markAgentGone(ctx: Context, agentId: AgentId): MasterReply {
  if (ctx.gone.has(agentId)) return { status: 200 }
  const agent = ctx.agents.get(agentId)
  const known =
    agent === undefined
      ? (ctx.recovered.get(agentId) ?? ctx.unreachable.get(agentId))
      : storedOf(agent)
  if (known === undefined)
    return { status: 404, message: `Agent '${agentId}' is not known to this master` }
  markGone(ctx, known)
  return { status: 200 }
}

/** Enters a known agent among the gone ones, and tells frameworks what became of its tasks. */
export function markGone(ctx: Context, known: StoredAgent): void {
  const { unreachableAt: _, ...rest } = known
  const stored: StoredAgent = { ...rest, goneAt: ctx.now }
  storeAgent(ctx, stored)
  ctx.gone.set(stored.id, stored)
  ctx.log("warn", "agent marked gone", { agent: stored.id, hostname: stored.info.hostname })
  ctx.count("slave_removals")
  ctx.count("slave_removals/reason_unregistered")
  const agent = ctx.agents.get(stored.id)
  if (agent !== undefined) {
    endTasksOf(ctx, agent, { kind: "gone", message: `Agent ${stored.info.hostname} is gone` })
    ctx.send(agent, { kind: "shutdown", message: GONE })
    return forgetAgent(ctx, agent, GONE)
  }
  forgetStoredOf(ctx, stored.id)
  ctx.recoveredKills.delete(stored.id)
  ctx.removals.waiting.delete(stored.id)
  // Of a recovered agent the master knows no tasks: frameworks hear only that it is lost.
  if (ctx.recovered.delete(stored.id)) announceFailure(ctx, stored.id)
  if (ctx.unreachable.delete(stored.id)) endUnreachableTasks(ctx, stored)
}

/** Tasks that were out of reach are over. Who was told that they are lost hears nothing new. */
function endUnreachableTasks(ctx: Context, { id, info }: StoredAgent): void {
  for (const framework of ctx.frameworks.values())
    for (const task of framework.unreachableTasks.values()) {
      if (task.agentId !== id) continue
      framework.unreachableTasks.delete(task.taskId)
      if (framework.partitionAware) {
        task.change({ state: "TASK_GONE_BY_OPERATOR" })
        const status = sendMasterStatus(ctx, framework, {
          taskId: task.taskId,
          state: task.state,
          reason: "REASON_AGENT_REMOVED_BY_OPERATOR",
          message: `Agent ${info.hostname} is gone`,
          agentId: id,
          executorId: task.executorId,
        })
        recordStatus(ctx, task, status)
      }
      framework.completedTasks.push(task)
      framework.tasksRevision++
    }
}
