import type { AgentId, RegisterMessage } from "#lib/mesos/index.ts"
import { equal } from "#lib/std/equal.ts"
import { refusalOf, refuse } from "./admission.ts"
import { adoptAll, dropMissing, type Reconcile } from "./adoption.ts"
import { disconnectAgent, removeAgent, storeAgent, storedOf, totalOf } from "./agents.ts"
import type { Context, LinkRecord } from "./context.ts"
import { endAllLeaving, shutdownLeaving } from "./leaving.ts"
import { placeAgent } from "./maintenance.ts"
import { adoptOperations, releaseOperations } from "./operations/adopt.ts"
import { AgentRecord } from "./records.ts"
import { cancelRemoval } from "./removal-limiter.ts"
import type { StoredAgent } from "./registry.ts"
import { isTerminal } from "./task-states.ts"
import { tellAgentAdded } from "./watch.ts"

const NEWER_LINK = "the agent has opened a newer link"

/** An agent registers, for the first time or again; repeats are harmless. */
export function register(ctx: Context, link: LinkRecord, message: RegisterMessage): void {
  const agentId = message.agentId ?? link.agent?.id
  ctx.count(agentId === undefined ? "messages_register_slave" : "messages_reregister_slave")
  const refusal = refusalOf(ctx, link, agentId, message)
  if (refusal !== undefined) return refuse(ctx, link, message, refusal)
  // An agent repeats itself on one link until it hears the answer. What it said has been taken in, and
  // what was launched on the link meanwhile it could not name: that is no sign that a task is missing.
  if (link.agent !== undefined && link.agent.id === agentId) return welcome(ctx, link.agent, [])
  if (link.agent !== undefined) disconnectAgent(ctx, link.agent)
  const known = agentId === undefined ? undefined : ctx.agents.get(agentId)
  if (known !== undefined && link.order < known.linkOrder) return closeOutdated(ctx, link)
  if (known === undefined) admit(ctx, link, agentId, message)
  else reregister(ctx, link, known, message)
}

/**
 * An agent opens one link after another, so this is what a life that is over said of itself, and the
 * network kept until now: what was sent to the agent since would seem to be lost.
 */
function closeOutdated(ctx: Context, link: LinkRecord): void {
  ctx.links.delete(link.id)
  ctx.out.push({ kind: "closeLink", link: link.id, reason: NEWER_LINK })
}

/**
 * A new agent where one is registered whose link is broken: that one never comes back, as the new one
 * has its place. Source: apache/mesos: src/master/master.cpp (_registerSlave).
 */
function removePredecessor(ctx: Context, link: LinkRecord, message: RegisterMessage): void {
  const { info, address = link.address } = message
  for (const agent of ctx.disconnected) {
    const isSamePlace =
      agent.address === address &&
      agent.info.hostname === info.hostname &&
      agent.info.port === info.port
    if (!isSamePlace) continue
    const why = "a new agent registered at the same address"
    removeAgent(ctx, agent, { why, metric: "reason_registered" })
  }
}

/** Registers an agent that is not registered now: new, of an earlier master, or unreachable so far. */
function admit(
  ctx: Context,
  link: LinkRecord,
  agentId: AgentId | undefined,
  message: RegisterMessage,
): void {
  if (agentId === undefined) removePredecessor(ctx, link, message)
  const id = agentId ?? ctx.newAgentId()
  const { version, address = link.address } = message
  const capabilities = ctx.shared.part(message.capabilities)
  const info = { ...ctx.shared.agentInfo(message.info), id }
  const stored = ctx.recovered.get(id) ?? ctx.unreachable.get(id)
  const unreachableSince = ctx.unreachable.get(id)?.unreachableAt
  ctx.recovered.delete(id)
  ctx.unreachable.delete(id)
  const { deactivated, drain } = stored ?? {}
  const record = { id, info, version, capabilities, address, deactivated, drain }
  if (stored === undefined || !sameStored(stored, record)) storeAgent(ctx, record)
  const agent = new AgentRecord({
    ...record,
    total: ctx.shared.part(totalOf(message)),
    registeredAt: ctx.now,
  })
  for (const [key, kill] of ctx.recoveredKills.get(id) ?? []) agent.pendingKills.set(key, kill)
  ctx.recoveredKills.delete(id)
  if (agentId === undefined) ctx.count("slave_registrations")
  else ctx.count("slave_reregistrations")
  ctx.agents.set(id, agent)
  ctx.allocator.addAgent(agent, false)
  connect(ctx, link, agent)
  adoptAll(ctx, agent, message, unreachableSince !== undefined)
  tellAgentAdded(ctx, agent)
  welcome(ctx, agent, [])
  adoptOperations(ctx, agent, message.operations)
  ctx.log("info", agentId === undefined ? "agent registered" : "agent is back", {
    agent: id,
    hostname: info.hostname,
    tasks: message.tasks.length,
  })
}

/** An agent that never stopped being registered has a new link, or repeats itself on the old one. */
function reregister(
  ctx: Context,
  link: LinkRecord,
  agent: AgentRecord,
  message: RegisterMessage,
): void {
  ctx.count("slave_reregistrations")
  if (agent.link !== undefined) {
    const old = agent.link
    disconnectAgent(ctx, agent)
    ctx.links.delete(old)
    ctx.out.push({ kind: "closeLink", link: old, reason: NEWER_LINK })
  }
  const before = storedOf(agent)
  agent.change({
    info: { ...ctx.shared.agentInfo(message.info), id: agent.id },
    version: message.version,
    capabilities: ctx.shared.part(message.capabilities),
    address: message.address ?? link.address,
    reregisteredAt: ctx.now,
  })
  const record = storedOf(agent)
  if (!sameStored(before, record)) storeAgent(ctx, record)
  const reconcile = dropMissing(ctx, agent, message)
  endAllLeaving(ctx, agent)
  releaseOperations(ctx, agent)
  agent.change({ total: ctx.shared.part(totalOf(message)) })
  ctx.allocator.updateAgent(agent)
  connect(ctx, link, agent)
  adoptAll(ctx, agent, message, false)
  welcome(ctx, agent, reconcile)
  adoptOperations(ctx, agent, message.operations)
  ctx.log("info", "agent reconnected", { agent: agent.id, hostname: agent.info.hostname })
}

const sameStored = (a: StoredAgent, b: StoredAgent): boolean =>
  equal(
    [a.info, a.version, a.capabilities, a.address, a.unreachableAt],
    [b.info, b.version, b.capabilities, b.address, b.unreachableAt],
  )

function connect(ctx: Context, link: LinkRecord, agent: AgentRecord): void {
  cancelRemoval(ctx, agent.id)
  link.agent = agent
  agent.linkOrder = link.order
  agent.change({ link: link.id })
  ctx.disconnected.delete(agent)
  agent.missedPings = 0
  agent.pongSequence = agent.pingSequence
  ctx.pings.set(agent, ctx.now + ctx.timings.agentPingMs)
  placeAgent(ctx, agent)
}

/** Confirms the registration and delivers what waited for it; only now may offers be made. */
function welcome(ctx: Context, agent: AgentRecord, reconcile: Reconcile): void {
  const { agentPingMs, agentPingsMissed } = ctx.timings
  const pingTimeoutMs = agentPingMs * agentPingsMissed
  ctx.send(agent, { kind: "registered", agentId: agent.id, pingTimeoutMs, reconcile })
  for (const [key, kill] of agent.pendingKills) {
    ctx.send(agent, kill)
    const task = ctx.frameworks.get(kill.frameworkId)?.tasks.get(kill.taskId)
    if (task === undefined || isTerminal(task.state)) agent.pendingKills.delete(key)
  }
  for (const { frameworkId, taskId } of agent.strays.values())
    ctx.send(agent, { kind: "killTask", frameworkId, taskId })
  shutdownLeaving(ctx, agent)
  if (agent.drain?.state === "DRAINING") {
    ctx.send(agent, { kind: "drain", config: agent.drain.config })
    ctx.drainsToSettle.add(agent)
  }
  ctx.allocator.setAgentActive(agent.id, agent.active)
}
