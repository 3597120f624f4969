import type { TaskStatus, TaskStatusReason, master } from "#lib/mesos/index.ts"
import { agentMessage, frameworkMessage, taskMessage } from "./api-messages.ts"
import type { Context } from "./context.ts"
import type { AgentRecord, FrameworkRecord, TaskRecord } from "./records.ts"

/*
 * What those hear who watch the cluster (SUBSCRIBE of the operator API). Nothing is built while nobody
 * watches. Drains, deactivations, quotas, weights, offers and operations are no events, nor are agents
 * that become unreachable or gone; their tasks tell of it.
 * Source: apache/mesos: src/master/master.cpp (Subscribers::send and its callers).
 */

/** A task is in the books: launched, or reported by its agent. */
export function tellTaskAdded(ctx: Context, task: TaskRecord): void {
  if (ctx.watchers > 0) tell(ctx, { kind: "taskAdded", task: taskMessage(task) })
}

/** A task has a status. Repeats of a state say nothing new, unless they are results of checks. */
export function tellTaskUpdated(
  ctx: Context,
  task: TaskRecord,
  { status, repeated }: { readonly status: TaskStatus; readonly repeated: boolean },
): void {
  if (ctx.watchers === 0 || (repeated && !isCheckResult(status.reason))) return
  const { frameworkId, state } = task
  tell(ctx, { kind: "taskUpdated", frameworkId, status, state })
}

/**
 * A task that has ended leaves the live ones with its agent or framework, and its last statuses may
 * not have come: those who watch hear how it ended, by a status of the master that nobody else gets.
 */
export function tellEnded(ctx: Context, task: TaskRecord, status: TaskStatus): void {
  tellTaskUpdated(ctx, task, { status, repeated: false })
}

const isCheckResult = (reason: TaskStatusReason | undefined): boolean =>
  reason === "REASON_TASK_CHECK_STATUS_UPDATED" ||
  reason === "REASON_TASK_HEALTH_CHECK_STATUS_UPDATED"

/** An agent is registered that was not: new, of an earlier master, or unreachable so far. */
export function tellAgentAdded(ctx: Context, agent: AgentRecord): void {
  if (ctx.watchers > 0) tell(ctx, { kind: "agentAdded", agent: agentMessage(agent) })
}

/** An agent left for good, by itself or for maintenance. */
export function tellAgentRemoved(ctx: Context, agent: AgentRecord): void {
  if (ctx.watchers > 0) tell(ctx, { kind: "agentRemoved", agentId: agent.id })
}

/** A framework is new to the master. */
export function tellFrameworkAdded(ctx: Context, framework: FrameworkRecord): void {
  if (ctx.watchers > 0)
    tell(ctx, { kind: "frameworkAdded", framework: frameworkMessage(framework) })
}

/** A framework subscribed again, or says something else of itself. */
export function tellFrameworkUpdated(ctx: Context, framework: FrameworkRecord): void {
  if (ctx.watchers > 0)
    tell(ctx, { kind: "frameworkUpdated", framework: frameworkMessage(framework) })
}

/** A framework and all its tasks have ended. */
export function tellFrameworkRemoved(ctx: Context, { info }: FrameworkRecord): void {
  if (ctx.watchers > 0) tell(ctx, { kind: "frameworkRemoved", frameworkInfo: info })
}

function tell(ctx: Context, event: master.Event): void {
  ctx.out.push({ kind: "operatorEvent", event })
}
