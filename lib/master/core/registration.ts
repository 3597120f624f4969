import {
  allocate,
  NO_RESOURCES,
  normalizeResources,
  type AgentId,
  type FrameworkInfo,
  type MasterToAgent,
  type RegisterMessage,
  type Resources,
  type Task,
} from "#lib/mesos/index.ts"
import { refusalOf, refuse } from "./admission.ts"
import { disconnectAgent, removeAgent, storeAgent, storedOf, totalOf } from "./agents.ts"
import { compactTask } from "./compact.ts"
import type { Context, LinkRecord } from "./context.ts"
import { isRemoved } from "./framework-store.ts"
import { recoverFramework } from "./frameworks.ts"
import { adoptLeaving, endAllLeaving, shutdownLeaving } from "./leaving.ts"
import { placeAgent } from "./maintenance.ts"
import { adoptOperations, releaseOperations } from "./operations/adopt.ts"
import {
  AgentRecord,
  executorKey,
  ExecutorRecord,
  TaskRecord,
  taskKey,
  type FrameworkRecord,
} from "./records.ts"
import { cancelRemoval } from "./removal-limiter.ts"
import type { StoredAgent } from "./registry.ts"
import { sendMasterStatus } from "./statuses.ts"
import { isTerminal } from "./task-states.ts"
import {
  addExecutor,
  addTask,
  chargeTask,
  releaseTask,
  removeExecutor,
  setTaskState,
} from "./tasks.ts"
import { tellAgentAdded } from "./watch.ts"

type Reconcile = Extract<MasterToAgent, { readonly kind: "registered" }>["reconcile"]

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
  if (known === undefined) admit(ctx, link, agentId, message)
  else reregister(ctx, link, known, message)
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
  const { version, capabilities, address = link.address } = message
  const info = { ...message.info, id }
  const stored = ctx.recovered.get(id) ?? ctx.unreachable.get(id)
  const unreachableSince = ctx.unreachable.get(id)?.unreachableAt
  ctx.recovered.delete(id)
  ctx.unreachable.delete(id)
  const { deactivated, drain } = stored ?? {}
  const record = { id, info, version, capabilities, address, deactivated, drain }
  if (stored === undefined || !sameStored(stored, record)) storeAgent(ctx, record)
  const agent = new AgentRecord({
    ...record,
    total: totalOf(message),
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
    ctx.out.push({ kind: "closeLink", link: old, reason: "the agent has opened a newer link" })
  }
  const before = storedOf(agent)
  agent.info = { ...message.info, id: agent.id }
  agent.version = message.version
  agent.capabilities = message.capabilities
  agent.address = message.address ?? link.address
  const record = storedOf(agent)
  if (!sameStored(before, record)) storeAgent(ctx, record)
  agent.reregisteredAt = ctx.now
  const reconcile = dropMissing(ctx, agent, message)
  endAllLeaving(ctx, agent)
  releaseOperations(ctx, agent)
  agent.total = totalOf(message)
  ctx.allocator.updateAgent(agent)
  connect(ctx, link, agent)
  adoptAll(ctx, agent, message, false)
  welcome(ctx, agent, reconcile)
  adoptOperations(ctx, agent, message.operations)
  ctx.log("info", "agent reconnected", { agent: agent.id, hostname: agent.info.hostname })
}

const sameStored = (a: StoredAgent, b: StoredAgent): boolean =>
  JSON.stringify([a.info, a.version, a.capabilities, a.address, a.unreachableAt]) ===
  JSON.stringify([b.info, b.version, b.capabilities, b.address, b.unreachableAt])

function connect(ctx: Context, link: LinkRecord, agent: AgentRecord): void {
  cancelRemoval(ctx, agent.id)
  link.agent = agent
  agent.link = link.id
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
  for (const kill of agent.pendingKills.values()) ctx.send(agent, kill)
  agent.pendingKills.clear()
  for (const { frameworkId, taskId } of agent.strays.values())
    ctx.send(agent, { kind: "killTask", frameworkId, taskId })
  shutdownLeaving(ctx, agent)
  if (agent.drain?.state === "DRAINING") {
    ctx.send(agent, { kind: "drain", config: agent.drain.config })
    ctx.drainsToSettle.add(agent)
  }
  ctx.allocator.setAgentActive(agent.id, agent.active)
}

/**
 * The agent says which tasks and executors it has; what else the master believes to be there, and what
 * has ended there, holds no resources any more. Executors go at once; tasks are named back to the agent, whose answer ends them.
 */
function dropMissing(ctx: Context, agent: AgentRecord, message: RegisterMessage): Reconcile {
  const tasks = new Set(
    message.tasks.map(({ frameworkId, taskId }) => taskKey(frameworkId, taskId)),
  )
  const executors = new Set(
    message.executors.map(({ frameworkId, executorId }) =>
      frameworkId === undefined ? "" : executorKey(frameworkId, executorId),
    ),
  )
  for (const executor of agent.executors)
    if (!executors.has(executorKey(executor.frameworkId, executor.executorId)))
      removeExecutor(ctx, executor)
  for (const [key, stray] of agent.strays)
    if (!tasks.has(key)) {
      agent.strays.delete(key)
      ctx.allocator.recover(stray.frameworkId, agent.id, stray.resources)
    }
  const ended = new Set(
    message.tasks
      .filter(({ state }) => isTerminal(state))
      .map(({ frameworkId, taskId }) => taskKey(frameworkId, taskId)),
  )
  for (const task of agent.tasks)
    if (ended.has(taskKey(task.frameworkId, task.taskId))) releaseTask(ctx, task)
  const missing = [...agent.tasks].filter(
    ({ frameworkId, taskId }) => !tasks.has(taskKey(frameworkId, taskId)),
  )
  for (const task of missing) releaseTask(ctx, task)
  return missing.map(({ frameworkId, taskId }) => ({
    frameworkId,
    taskId,
    partitionAware: ctx.frameworks.get(frameworkId)?.partitionAware,
  }))
}

/** Takes what the agent runs into the books, as far as it is not there. */
function adoptAll(
  ctx: Context,
  agent: AgentRecord,
  message: RegisterMessage,
  wasUnreachable: boolean,
): void {
  for (const info of message.frameworks) adoptFramework(ctx, info)
  adoptLeaving(ctx, agent, message)
  for (const info of message.executors) {
    const framework =
      info.frameworkId === undefined ? undefined : ctx.frameworks.get(info.frameworkId)
    if (framework === undefined) continue
    if (agent.executorsByKey.has(executorKey(framework.id, info.executorId))) continue
    const { role, resources } = allocation(framework, info.resources)
    ctx.allocator.charge(framework.id, agent.id, resources)
    addExecutor(new ExecutorRecord(framework, agent, { info, role, resources }))
  }
  for (const task of message.tasks) {
    const framework = ctx.frameworks.get(task.frameworkId)
    if (framework === undefined) continue
    adoptTask(ctx, agent, framework, task)
    if (wasUnreachable && !isTerminal(task.state))
      sendMasterStatus(ctx, framework, {
        taskId: task.taskId,
        state: task.state,
        reason: "REASON_AGENT_REREGISTERED",
        message: "Unreachable agent re-registered",
        agentId: agent.id,
        executorId: task.executorId,
        healthy: task.statuses?.at(-1)?.healthy,
      })
  }
}

function adoptFramework(ctx: Context, info: FrameworkInfo): void {
  if (info.id === undefined || ctx.frameworks.has(info.id)) return
  if (!isRemoved(ctx, info.id)) recoverFramework(ctx, { ...info, id: info.id })
}

function adoptTask(ctx: Context, agent: AgentRecord, framework: FrameworkRecord, task: Task): void {
  const known = framework.tasks.get(task.taskId)
  if (known?.agent === agent) return adoptKnown(ctx, known, task)
  const { role, resources } = allocation(framework, task.resources)
  if (known !== undefined) return adoptStray(ctx, agent, { ...task, resources })
  // A task that ended and was acknowledged is history; the agent has only not heard of it.
  if (isTerminal(task.state) && isCompleted(framework, agent, task)) return
  if (!isTerminal(task.state)) ctx.allocator.charge(framework.id, agent.id, resources)
  framework.unreachableTasks.delete(task.taskId)
  addTask(
    ctx,
    new TaskRecord(framework, agent, compactTask(ctx.shared, { ...task, resources, role })),
  )
}

/** The agent is right about the state of its task; one that it did not name before counts again. */
function adoptKnown(ctx: Context, known: TaskRecord, task: Task): void {
  if (!isTerminal(task.state) && !isTerminal(known.state) && !known.charged) {
    ctx.allocator.charge(known.frameworkId, known.agentId, known.resources)
    chargeTask(known)
  }
  setTaskState(ctx, known, task.state)
}

/** The same task id is live on another agent: this one must end, and holds its resources until then. */
function adoptStray(ctx: Context, agent: AgentRecord, task: Task & { resources: Resources }): void {
  const { frameworkId, taskId, resources } = task
  const key = taskKey(frameworkId, taskId)
  if (isTerminal(task.state) || agent.strays.has(key)) return
  ctx.log("warn", "killing the second task of one id", { agent: agent.id, task: taskId })
  ctx.allocator.charge(frameworkId, agent.id, resources)
  agent.strays.set(key, { frameworkId, taskId, resources })
}

function isCompleted(framework: FrameworkRecord, agent: AgentRecord, task: Task): boolean {
  for (const completed of framework.completedTasks)
    if (completed.taskId === task.taskId && completed.agentId === agent.id) return true
  return false
}

/** Reported resources with the role they are allocated to, which very old agents do not name. */
function allocation(
  framework: FrameworkRecord,
  reported: Resources | undefined,
): { readonly role: string; readonly resources: Resources } {
  const resources = normalizeResources(reported ?? NO_RESOURCES)
  const role = resources[0]?.allocationRole ?? framework.roles[0] ?? "*"
  return { role, resources: allocate(resources, role) }
}
