import type { AgentId, DrainConfig, master } from "#lib/mesos/index.ts"
import { storeAgent, storedOf } from "./agents.ts"
import type { Context } from "./context.ts"
import { markGone } from "./gone.ts"
import { machineAt } from "./maintenance.ts"
import { rescindOffersOf } from "./offers.ts"
import type { AgentRecord } from "./records.ts"
import type { StoredAgent } from "./registry.ts"
import type { MasterReply } from "./types.ts"

const DONE: MasterReply = { status: 200 }
const UNKNOWN_AGENT: MasterReply = { status: 400, message: "Unknown agent" }

type Standing = Pick<StoredAgent, "deactivated" | "drain">

/**
 * DRAIN_AGENT: nothing is offered there any more and the agent kills what it runs. A repeat overwrites
 * the settings and begins anew. Source: apache/mesos: src/master/http.cpp (_drainAgent).
 */
export function drainAgent(ctx: Context, call: master.CallDrainAgent): MasterReply {
  const { agentId, maxGracePeriod, markGone: goneAfter = false } = call
  const known = knownAgent(ctx, agentId)
  if (known === undefined) return UNKNOWN_AGENT
  if (!known.capabilities.includes("AGENT_DRAINING"))
    return { status: 400, message: "Agent is not capable of being drained" }
  if (machineAt(ctx, known.info, known.address) !== undefined)
    return { status: 400, message: "Agent is part of a maintenance schedule" }
  const { seconds = 0, nanos = 0 } = maxGracePeriod ?? {}
  if (seconds < 0 || nanos < 0)
    return { status: 400, message: "'max_grace_period' must not be negative" }
  const config: DrainConfig = {
    ...(maxGracePeriod === undefined
      ? {}
      : { maxGracePeriod: { nanoseconds: seconds * 1e9 + nanos } }),
    markGone: goneAfter,
  }
  setStanding(ctx, known, {
    deactivated: true,
    drain: { state: "DRAINING", config, since: ctx.now },
  })
  ctx.log("info", "agent is draining", { agent: agentId, hostname: known.info.hostname })
  const agent = ctx.agents.get(agentId)
  if (agent === undefined) return DONE
  ctx.send(agent, { kind: "drain", config })
  ctx.drainsToSettle.add(agent)
  return DONE
}

/** DEACTIVATE_AGENT: nothing is offered there any more; what runs goes on. */
export function deactivateAgent(ctx: Context, agentId: AgentId): MasterReply {
  const known = knownAgent(ctx, agentId)
  if (known === undefined) return UNKNOWN_AGENT
  if (known.deactivated === true) return DONE
  setStanding(ctx, known, { deactivated: true, drain: undefined })
  ctx.log("info", "agent deactivated", { agent: agentId, hostname: known.info.hostname })
  return DONE
}

/** REACTIVATE_AGENT: the agent is offered again; also ends a drain that has finished. */
export function reactivateAgent(ctx: Context, agentId: AgentId): MasterReply {
  const known = knownAgent(ctx, agentId)
  if (known?.deactivated !== true)
    return { status: 400, message: "Agent is not in the DEACTIVATED state" }
  if (known.drain?.state === "DRAINING")
    return { status: 400, message: "Agent is still in the DRAINING state" }
  setStanding(ctx, known, { deactivated: false, drain: undefined })
  ctx.log("info", "agent reactivated", { agent: agentId, hostname: known.info.hostname })
  return ctx.agents.has(agentId)
    ? DONE
    : { status: 409, message: "Agent is not registered now; it is active once it comes back" }
}

/** Agents on which something ended in this step are drained once nothing is left there. */
export function settleDrains(ctx: Context): void {
  if (ctx.drainsToSettle.size === 0) return
  const agents = [...ctx.drainsToSettle]
  ctx.drainsToSettle.clear()
  for (const agent of agents) settle(ctx, agent)
}

function settle(ctx: Context, agent: AgentRecord): void {
  const { drain, id } = agent
  if (drain?.state !== "DRAINING" || ctx.agents.get(id) !== agent) return
  const busy =
    agent.tasks.size > 0 ||
    agent.strays.size > 0 ||
    agent.leaving.size > 0 ||
    ctx.operations.ofAgent(id).size > 0
  if (busy) return
  ctx.log("info", "agent is drained", { agent: id, hostname: agent.info.hostname })
  agent.change({ drain: { ...drain, state: "DRAINED" } })
  if (drain.config.markGone === true) return markGone(ctx, storedOf(agent))
  storeAgent(ctx, storedOf(agent))
}

/** An agent that is registered, expected back or unreachable. */
function knownAgent(ctx: Context, agentId: AgentId): StoredAgent | undefined {
  const agent = ctx.agents.get(agentId)
  if (agent !== undefined) return storedOf(agent)
  return ctx.recovered.get(agentId) ?? ctx.unreachable.get(agentId)
}

/** Stores what an operator decided about an agent, and lets the books follow. */
function setStanding(ctx: Context, known: StoredAgent, { deactivated, drain }: Standing): void {
  const next: StoredAgent = { ...known, deactivated, drain }
  storeAgent(ctx, next)
  if (ctx.recovered.has(known.id)) ctx.recovered.set(known.id, next)
  if (ctx.unreachable.has(known.id)) ctx.unreachable.set(known.id, next)
  const agent = ctx.agents.get(known.id)
  if (agent === undefined) return
  agent.change({ deactivated: deactivated ?? false, drain })
  ctx.allocator.setAgentActive(agent.id, agent.active)
  if (!agent.active) rescindOffersOf(ctx, agent)
}
