import {
  addResources,
  allocate,
  containsResources,
  exclusive,
  NO_RESOURCES,
  normalizeResources,
  shared,
  unallocate,
  validateResources,
  type AgentId,
  type FrameworkInfo,
  type MasterToAgent,
  type RegisterMessage,
  type Resources,
  type Task,
} from "#lib/mesos/index.ts"
import { disconnectAgent, onLinkClosed, storeAgent, storedOf, totalOf } from "./agents.ts"
import { compactTask } from "./compact.ts"
import type { Context, LinkRecord } from "./context.ts"
import { isRemoved } from "./framework-store.ts"
import { recoverFramework } from "./frameworks.ts"
import { GONE } from "./gone.ts"
import { adoptLeaving, endAllLeaving, shutdownLeaving } from "./leaving.ts"
import { machineAt, placeAgent } from "./maintenance.ts"
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

/** The major version of agents that the master still understands. */
const AGENT_MAJOR_MIN = 1

type Reconcile = Extract<MasterToAgent, { readonly kind: "registered" }>["reconcile"]

/** An agent registers, for the first time or again; repeats are harmless. */
export function register(ctx: Context, link: LinkRecord, message: RegisterMessage): void {
  const agentId = message.agentId ?? link.agent?.id
  ctx.count(agentId === undefined ? "messages_register_slave" : "messages_reregister_slave")
  const problem = refusal(ctx, link, agentId, message)
  if (problem !== undefined) {
    ctx.log("warn", "agent refused", { hostname: message.info.hostname, reason: problem })
    ctx.out.push({ kind: "send", link: link.id, message: { kind: "shutdown", message: problem } })
    ctx.out.push({ kind: "closeLink", link: link.id, reason: problem })
    return onLinkClosed(ctx, link)
  }
  // An agent repeats itself on one link until it hears the answer. What it said has been taken in, and
  // what was launched on the link meanwhile it could not name: that is no sign that a task is missing.
  if (link.agent !== undefined && link.agent.id === agentId) return welcome(ctx, link.agent, [])
  if (link.agent !== undefined) disconnectAgent(ctx, link.agent)
  const known = agentId === undefined ? undefined : ctx.agents.get(agentId)
  if (known === undefined) admit(ctx, link, agentId, message)
  else reregister(ctx, link, known, message)
}

/** Why an agent may not join, or undefined. */
function refusal(
  ctx: Context,
  link: LinkRecord,
  agentId: AgentId | undefined,
  message: RegisterMessage,
): string | undefined {
  const { info, version, address = link.address } = message
  if (Number.parseInt(version, 10) < AGENT_MAJOR_MIN)
    return `Agent version ${version} is older than ${AGENT_MAJOR_MIN}.0.0: upgrade the agent`
  if (agentId !== undefined) {
    if (ctx.gone.has(agentId)) return GONE
    const before =
      ctx.agents.get(agentId) ?? ctx.recovered.get(agentId) ?? ctx.unreachable.get(agentId)
    if (before !== undefined && before.info.hostname !== info.hostname)
      return `Agent ${agentId} is known as ${before.info.hostname}, not as ${info.hostname}: start it with its old hostname, or with an empty work directory to make it a new agent`
    if (before?.address !== undefined && before.address !== address)
      return `Agent ${agentId} is known at ${before.address}, not at ${address}: start it with its old address, or with an empty work directory to make it a new agent`
  }
  if (ctx.options.requireAgentDomain === true && info.domain === undefined)
    return "The agent has no fault domain, and this cluster requires one: set its --domain"
  if (machineAt(ctx, info, address)?.mode === "DOWN")
    return `Machine ${info.hostname} (${address}) is down for maintenance`
  const holders = [info, ...message.tasks, ...message.executors, ...(message.leaving ?? [])]
  const lists = [message.checkpointedResources, ...holders.map(resourcesOf)]
  for (const list of lists) {
    const problem = validateResources(list)
    if (problem !== undefined) return `The agent reports invalid resources: ${problem.message}`
  }
  let used = NO_RESOURCES
  for (const task of message.tasks)
    if (!isTerminal(task.state)) used = addResources(used, bare(task.resources))
  for (const held of [...message.executors, ...(message.leaving ?? [])])
    used = addResources(used, bare(held.resources))
  const total = totalOf(message)
  const fits =
    containsResources(total, exclusive(used)) &&
    shared(used).every((volume) => containsResources(total, [volume]))
  return fits
    ? undefined
    : "The agent's tasks use more than the agent has: give it back the resources it had"
}

const resourcesOf = ({ resources }: { readonly resources?: Resources | undefined }): Resources =>
  resources ?? NO_RESOURCES

const bare = (resources: Resources | undefined): Resources =>
  unallocate(normalizeResources(resources ?? NO_RESOURCES))

/** Registers an agent that is not registered now: new, of an earlier master, or unreachable so far. */
function admit(
  ctx: Context,
  link: LinkRecord,
  agentId: AgentId | undefined,
  message: RegisterMessage,
): void {
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
