import {
  NO_RESOURCES,
  normalizeResources,
  type AgentId,
  type RegisterMessage,
  type TaskState,
  type TaskStatusReason,
} from "#lib/mesos/index.ts"
import type { Context, LinkRecord } from "./context.ts"
import { forgetAnswers, rescindInverseOffersOf } from "./inverse-offers.ts"
import { endAllLeaving } from "./leaving.ts"
import { rescindOffersOf } from "./offers.ts"
import { endOperationsOf } from "./operations/ending.ts"
import { forgetStoredOf } from "./operations/stored.ts"
import type { AgentRecord, FrameworkRecord } from "./records.ts"
import { agentKey, encodeAgent, type StoredAgent } from "./registry.ts"
import { cancelRemoval, runRemovals, scheduleRemoval } from "./removal-limiter.ts"
import { masterStatus, sendMasterStatus } from "./statuses.ts"
import { isTerminal, stateFor } from "./task-states.ts"
import { completeTask, recordStatus, removeExecutor, setTaskState, shelveTask } from "./tasks.ts"
import { tellAgentRemoved, tellEnded } from "./watch.ts"

/** What an agent has, as it last told. */
export const totalOf = ({ info, checkpointedResources }: RegisterMessage) =>
  normalizeResources(
    checkpointedResources.length > 0 ? checkpointedResources : (info.resources ?? NO_RESOURCES),
  )

/** Stores that the agent is admitted; whoever hears of it does so after this is durable. */
export function storeAgent(ctx: Context, agent: StoredAgent): void {
  ctx.out.push({ kind: "put", key: agentKey(agent.id), value: encodeAgent(agent) })
}

/** A registered agent as it is stored. */
export const storedOf = (agent: AgentRecord): StoredAgent => ({
  id: agent.id,
  info: agent.info,
  version: agent.version,
  capabilities: agent.capabilities,
  address: agent.address,
  ...(agent.deactivated ? { deactivated: true } : {}),
  ...(agent.drain === undefined ? {} : { drain: agent.drain }),
})

/** The link of an agent broke: nothing is offered there until it is back; its tasks go on. */
export function disconnectAgent(ctx: Context, agent: AgentRecord): void {
  if (agent.link === undefined) return
  const link = ctx.links.get(agent.link)
  if (link !== undefined) link.agent = undefined
  agent.change({ link: undefined })
  ctx.disconnected.add(agent)
  ctx.allocator.setAgentActive(agent.id, false)
  rescindOffersOf(ctx, agent)
  rescindInverseOffersOf(ctx, agent)
  ctx.log("info", "agent disconnected", { agent: agent.id, hostname: agent.info.hostname })
}

/** A link closed. */
export function onLinkClosed(ctx: Context, link: LinkRecord): void {
  ctx.links.delete(link.id)
  if (link.agent?.link === link.id) disconnectAgent(ctx, link.agent)
}

/**
 * Time to ping an agent. One that left too many pings unanswered is unreachable. A master that was
 * itself stopped for a while counts one missed ping, not all those that would have fallen due.
 */
export function pingAgent(ctx: Context, agent: AgentRecord): void {
  if (agent.pongSequence < agent.pingSequence || !agent.connected) agent.missedPings++
  if (agent.missedPings >= ctx.timings.agentPingsMissed) {
    scheduleRemoval(ctx, agent.id)
    runRemovals(ctx, (id) => giveUpAgent(ctx, id))
    if (ctx.agents.get(agent.id) !== agent) return
  }
  agent.pingSequence++
  ctx.send(agent, { kind: "ping", sequence: agent.pingSequence })
  ctx.pings.set(agent, ctx.now + ctx.timings.agentPingMs)
}

/** The agent answered a ping. */
export function onPong(ctx: Context, agent: AgentRecord, sequence: number): void {
  if (sequence > agent.pingSequence) return
  agent.pongSequence = Math.max(agent.pongSequence, sequence)
  agent.missedPings = 0
  cancelRemoval(ctx, agent.id)
}

/** The turn of an agent has come to become unreachable: a registered one, or one that did not come back. */
export function giveUpAgent(ctx: Context, id: AgentId): void {
  const agent = ctx.agents.get(id)
  if (agent !== undefined) return markUnreachable(ctx, agent)
  const stored = ctx.recovered.get(id)
  if (stored !== undefined) loseRecovered(ctx, stored)
}

/** Gives an agent up for now: its tasks may run on, and count again if it comes back. */
function markUnreachable(ctx: Context, agent: AgentRecord): void {
  ctx.log("warn", "agent is unreachable", { agent: agent.id, hostname: agent.info.hostname })
  ctx.count("slave_removals")
  ctx.count("slave_removals/reason_unhealthy")
  rememberUnreachable(ctx, { ...storedOf(agent), unreachableAt: ctx.now })
  endTasksOf(ctx, agent, {
    kind: "unreachable",
    message: `Agent ${agent.info.hostname} became unreachable`,
  })
  forgetAgent(ctx, agent, "the agent was unreachable; register again")
}

/** Stores an agent as unreachable. */
export function rememberUnreachable(ctx: Context, stored: StoredAgent): void {
  storeAgent(ctx, stored)
  ctx.unreachable.set(stored.id, stored)
}

/** The agent says that it ends for good. */
export function unregisterAgent(ctx: Context, agent: AgentRecord): void {
  ctx.count("messages_unregister_slave")
  removeAgent(ctx, agent, { why: "the agent unregistered", metric: "reason_unregistered" })
}

/** Why an agent is taken out of the books, for people and for the metric of its removal. */
type RemovalReason = {
  readonly why: string
  readonly metric: "reason_unregistered" | "reason_registered"
}

/** Takes an agent out of the books for good; if it comes back it is a new one. */
export function removeAgent(
  ctx: Context,
  agent: AgentRecord,
  { why, metric }: RemovalReason,
): void {
  ctx.log("info", "agent removed", { agent: agent.id, hostname: agent.info.hostname, reason: why })
  ctx.count("slave_removals")
  ctx.count(`slave_removals/${metric}`)
  ctx.out.push({ kind: "delete", key: agentKey(agent.id) })
  endTasksOf(ctx, agent, {
    kind: "removed",
    message: `Agent ${agent.info.hostname} has been removed`,
  })
  forgetAgent(ctx, agent, why)
  tellAgentRemoved(ctx, agent)
}

/** How an agent leaves the registered ones, and what frameworks are told of it. */
type Ending = { readonly kind: "unreachable" | "removed" | "gone"; readonly message: string }

/** The state that a framework is told for a task whose agent ended so. */
function endStateFor(framework: FrameworkRecord, kind: Ending["kind"]): TaskState {
  switch (kind) {
    case "unreachable":
      return stateFor(framework, "TASK_UNREACHABLE")
    case "gone":
      return stateFor(framework, "TASK_GONE_BY_OPERATOR")
    case "removed":
      return "TASK_LOST"
    default:
      return kind satisfies never
  }
}

/** Tells frameworks that their tasks are lost with the agent, and takes them out of the live ones. */
export function endTasksOf(ctx: Context, agent: AgentRecord, { kind, message }: Ending): void {
  const operations = kind === "unreachable" ? "OPERATION_UNREACHABLE" : "OPERATION_GONE_BY_OPERATOR"
  endOperationsOf(ctx, agent, operations, message)
  for (const task of agent.tasks) {
    const { framework, taskId, executorId } = task
    const unreachable = kind === "unreachable"
    const state = endStateFor(framework, kind)
    const reason: TaskStatusReason =
      state === "TASK_GONE_BY_OPERATOR"
        ? "REASON_AGENT_REMOVED_BY_OPERATOR"
        : "REASON_AGENT_REMOVED"
    const unreachableAt = unreachable ? ctx.now : undefined
    const facts = { taskId, state, reason, message, agentId: agent.id, executorId, unreachableAt }
    if (isTerminal(task.state)) {
      // Its framework may not have heard how it ended, and hears nothing else.
      tellEnded(ctx, task, masterStatus(ctx, facts))
      completeTask(ctx, task)
      continue
    }
    const status = sendMasterStatus(ctx, framework, facts)
    setTaskState(ctx, task, state)
    recordStatus(ctx, task, status)
    if (unreachable) shelveTask(ctx, task)
    else completeTask(ctx, task)
  }
}

/** Takes an agent out of the registered ones and tells every framework. */
export function forgetAgent(ctx: Context, agent: AgentRecord, reason: string): void {
  rescindOffersOf(ctx, agent)
  rescindInverseOffersOf(ctx, agent)
  forgetAnswers(ctx, agent)
  ctx.maintenance.agents.delete(agent)
  for (const executor of agent.executors) removeExecutor(ctx, executor)
  for (const stray of agent.strays.values())
    ctx.allocator.recover(stray.frameworkId, agent.id, stray.resources)
  agent.strays.clear()
  endAllLeaving(ctx, agent)
  agent.pendingKills.clear()
  ctx.allocator.removeAgent(agent.id)
  ctx.pings.clear(agent)
  ctx.drainsToSettle.delete(agent)
  ctx.removals.waiting.delete(agent.id)
  ctx.agents.delete(agent.id)
  ctx.disconnected.delete(agent)
  if (agent.link !== undefined) {
    ctx.out.push({ kind: "closeLink", link: agent.link, reason })
    ctx.links.delete(agent.link)
    agent.change({ link: undefined })
  }
  announceFailure(ctx, agent.id)
}

/** Tells every framework that an agent is lost. */
export function announceFailure(ctx: Context, agentId: AgentId): void {
  for (const framework of ctx.frameworks.values())
    ctx.event(framework, { kind: "failure", agentId })
}

/** The time that agents of an earlier master had to come back is over. */
export function endRecovery(ctx: Context): void {
  ctx.recoveryEndsAt = undefined
  const limit = ctx.options.recoveryRemovalLimit ?? 1
  const { size } = ctx.recovered
  if (size > limit * ctx.recoveredCount) {
    const message = `${size} of ${ctx.recoveredCount} agents did not come back, which is more than the limit of ${limit * 100} % (--recovery_agent_removal_limit): look for what they have in common, or raise the limit`
    return void ctx.out.push({ kind: "giveUp", message })
  }
  for (const id of ctx.recovered.keys()) scheduleRemoval(ctx, id)
  runRemovals(ctx, (id) => giveUpAgent(ctx, id))
}

function loseRecovered(ctx: Context, stored: StoredAgent): void {
  const { id, info } = stored
  ctx.log("warn", "agent did not come back", { agent: id, hostname: info.hostname })
  ctx.count("recovery_slave_removals")
  ctx.count("slave_removals")
  ctx.count("slave_removals/reason_unhealthy")
  ctx.recovered.delete(id)
  ctx.recoveredKills.delete(id)
  rememberUnreachable(ctx, { ...stored, unreachableAt: ctx.now })
  announceFailure(ctx, id)
}

/** Forgets unreachable and gone agents that are too old or too many, oldest first. */
export function sweepRegistry(ctx: Context): void {
  ctx.sweepAt = ctx.now + ctx.timings.registrySweepMs
  sweep(ctx, ctx.unreachable)
  sweep(ctx, ctx.gone)
}

function sweep(ctx: Context, agents: Map<AgentId, StoredAgent>): void {
  const oldest = ctx.now - ctx.timings.unreachableAgentMs
  for (const { id, goneAt, unreachableAt } of agents.values()) {
    const tooMany = agents.size > ctx.limits.unreachableAgents
    if (!tooMany && (goneAt ?? unreachableAt ?? 0) > oldest) return
    agents.delete(id)
    forgetStoredOf(ctx, id)
    ctx.out.push({ kind: "delete", key: agentKey(id) })
  }
}
