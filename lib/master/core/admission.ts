import {
  containsResources,
  exclusive,
  NO_RESOURCES,
  normalizeResources,
  shared,
  sumInUse,
  validateResources,
  type AgentId,
  type RegisterMessage,
  type Resources,
} from "#lib/mesos/index.ts"
import { onLinkClosed, totalOf } from "./agents.ts"
import type { Context, LinkRecord } from "./context.ts"
import { GONE } from "./gone.ts"
import { machineAt } from "./maintenance.ts"
import { isTerminal } from "./task-states.ts"

/** The major version of agents that the master still understands. */
const AGENT_MAJOR_MIN = 1

/** Why an agent may not join. A final refusal ends it and its tasks; after another it may try again. */
export type Refusal = { readonly isFinal: boolean; readonly message: string }

const final = (message: string): Refusal => ({ isFinal: true, message })
const forNow = (message: string): Refusal => ({ isFinal: false, message })

/** Tells the agent; what a link says after a final refusal counts for nothing. */
export function refuse(
  ctx: Context,
  link: LinkRecord,
  { info: { hostname } }: RegisterMessage,
  { isFinal, message }: Refusal,
): void {
  ctx.log("warn", "agent refused", { hostname, reason: message })
  const kind = isFinal ? "shutdown" : "refused"
  ctx.out.push({ kind: "send", link: link.id, message: { kind, message } })
  if (!isFinal) return
  ctx.out.push({ kind: "closeLink", link: link.id, reason: message })
  onLinkClosed(ctx, link)
}

/**
 * Why an agent may not join, or undefined. Only an agent that is registered must stay where it was:
 * frameworks know it by that address; one that comes back later may have moved.
 * Source: apache/mesos: src/master/master.cpp (_registerSlave, _reregisterSlave).
 */
export function refusalOf(
  ctx: Context,
  link: LinkRecord,
  agentId: AgentId | undefined,
  message: RegisterMessage,
): Refusal | undefined {
  const { info, version, address = link.address } = message
  const before = agentId === undefined ? undefined : ctx.agents.get(agentId)
  if (agentId !== undefined && ctx.gone.has(agentId)) return final(GONE)
  if (before !== undefined && before.info.hostname !== info.hostname)
    return final(
      `Agent ${before.id} is known as ${before.info.hostname}, not as ${info.hostname}: start it with its old hostname, or with an empty work directory to make it a new agent`,
    )
  if (before?.address !== undefined && before.address !== address)
    return final(
      `Agent ${before.id} is known at ${before.address}, not at ${address}: start it with its old address, or with an empty work directory to make it a new agent`,
    )
  if (machineAt(ctx, info, address)?.mode === "DOWN")
    return final(`Machine ${info.hostname} (${address}) is down for maintenance`)
  if (Number.parseInt(version, 10) < AGENT_MAJOR_MIN)
    return forNow(
      `Agent version ${version} is older than ${AGENT_MAJOR_MIN}.0.0: upgrade the agent`,
    )
  if (info.domain !== undefined && ctx.options.info.domain === undefined)
    return forNow("The agent has a fault domain and the master has none: set the master's --domain")
  if (ctx.options.requireAgentDomain === true && info.domain === undefined)
    return forNow("The agent has no fault domain, and this cluster requires one: set its --domain")
  const problem = resourceProblem(message)
  return problem === undefined ? undefined : forNow(problem)
}

/** What is wrong with the resources that an agent reports, or undefined. */
function resourceProblem(message: RegisterMessage): string | undefined {
  const { info } = message
  const holders = [info, ...message.tasks, ...message.executors, ...(message.leaving ?? [])]
  const lists = [message.checkpointedResources, ...holders.map(resourcesOf)]
  for (const list of lists) {
    const problem = validateResources(list)
    if (problem !== undefined) return `The agent reports invalid resources: ${problem.message}`
  }
  return excess(message)
}

/** Why the agent cannot run all that it says it runs, or undefined. */
function excess(message: RegisterMessage): string | undefined {
  const live = message.tasks.filter(({ state }) => !isTerminal(state))
  const holders = [...live, ...message.executors, ...(message.leaving ?? [])]
  const used = sumInUse(holders.map((held) => normalizeResources(resourcesOf(held))))
  if (used === undefined)
    return "Two of the agent's tasks use the same port, or the same item of a set"
  const total = totalOf(message)
  return containsResources(total, exclusive(used)) &&
    shared(used).every((volume) => containsResources(total, [volume]))
    ? undefined
    : "The agent's tasks use more than the agent has: give it back the resources it had"
}

const resourcesOf = ({ resources }: { readonly resources?: Resources | undefined }): Resources =>
  resources ?? NO_RESOURCES
