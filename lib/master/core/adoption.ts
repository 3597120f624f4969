import {
  allocate,
  NO_RESOURCES,
  normalizeResources,
  sumResources,
  type ExecutorInfo,
  type FrameworkId,
  type FrameworkInfo,
  type MasterToAgent,
  type RegisterMessage,
  type Resources,
  type Task,
} from "#lib/mesos/index.ts"
import type { Context } from "./context.ts"
import { isRemoved } from "./framework-store.ts"
import { recoverFramework } from "./frameworks.ts"
import { adoptLeaving } from "./leaving.ts"
import {
  executorKey,
  ExecutorRecord,
  taskKey,
  TaskRecord,
  type AgentRecord,
  type FrameworkRecord,
} from "./records.ts"
import { sendMasterStatus, statusFacts } from "./statuses.ts"
import { isTerminal } from "./task-states.ts"
import {
  addExecutor,
  addTask,
  chargeTask,
  releaseTask,
  removeExecutor,
  setTaskState,
} from "./tasks.ts"

/** What the master asks of an agent about tasks that it did not name. */
export type Reconcile = Extract<MasterToAgent, { readonly kind: "registered" }>["reconcile"]

/**
 * The agent says which tasks and executors it has; what else the master believes to be there, and what
 * has ended there, holds no resources any more. Executors go at once, with an exit status that nobody
 * knows; tasks are named back to the agent, whose answer ends them.
 */
export function dropMissing(ctx: Context, agent: AgentRecord, message: RegisterMessage): Reconcile {
  const tasks = new Set(
    message.tasks.map(({ frameworkId, taskId }) => taskKey(frameworkId, taskId)),
  )
  const executors = new Set(
    message.executors.map(({ frameworkId, executorId }) =>
      frameworkId === undefined ? "" : executorKey(frameworkId, executorId),
    ),
  )
  for (const executor of agent.executors) {
    const { framework, executorId } = executor
    if (executors.has(executorKey(framework.id, executorId))) continue
    removeExecutor(ctx, executor)
    ctx.event(framework, { kind: "failure", agentId: agent.id, executorId, status: -1 })
  }
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

/** What is taken into the books but not yet allocated: the allocator is told once per framework. */
class Charges {
  readonly #ctx: Context
  readonly #agent: AgentRecord
  readonly #owed = new Map<FrameworkId, Resources[]>()

  constructor(ctx: Context, agent: AgentRecord) {
    this.#ctx = ctx
    this.#agent = agent
  }

  add(frameworkId: FrameworkId, resources: Resources): void {
    const owed = this.#owed.get(frameworkId)
    if (owed === undefined) this.#owed.set(frameworkId, [resources])
    else owed.push(resources)
  }

  settle(): void {
    for (const [frameworkId, parts] of this.#owed)
      this.#ctx.allocator.charge(frameworkId, this.#agent.id, sumResources(parts))
    this.#owed.clear()
  }
}

/** Takes what the agent runs into the books, as far as it is not there. */
export function adoptAll(
  ctx: Context,
  agent: AgentRecord,
  message: RegisterMessage,
  wasUnreachable: boolean,
): void {
  for (const info of message.frameworks) adoptFramework(ctx, info)
  adoptLeaving(ctx, agent, message)
  const charges = new Charges(ctx, agent)
  for (const info of message.executors) adoptExecutor(ctx, agent, info, charges)
  for (const task of message.tasks) {
    const framework = ctx.frameworks.get(task.frameworkId)
    if (framework === undefined) continue
    adoptTask(ctx, { framework, agent, task, charges })
    if (wasUnreachable && !isTerminal(task.state))
      sendMasterStatus(ctx, framework, {
        taskId: task.taskId,
        state: task.state,
        reason: "REASON_AGENT_REREGISTERED",
        message: "Unreachable agent re-registered",
        agentId: agent.id,
        executorId: task.executorId,
        ...statusFacts(task),
      })
  }
  charges.settle()
}

function adoptFramework(ctx: Context, info: FrameworkInfo): void {
  if (info.id === undefined || ctx.frameworks.has(info.id)) return
  if (!isRemoved(ctx, info.id)) recoverFramework(ctx, { ...info, id: info.id })
}

function adoptExecutor(
  ctx: Context,
  agent: AgentRecord,
  info: ExecutorInfo,
  charges: Charges,
): void {
  const framework =
    info.frameworkId === undefined ? undefined : ctx.frameworks.get(info.frameworkId)
  if (framework === undefined) return
  if (agent.executorsByKey.has(executorKey(framework.id, info.executorId))) return
  const { role, resources } = allocation(framework, info.resources)
  charges.add(framework.id, resources)
  addExecutor(new ExecutorRecord(framework, agent, { info, role, resources }))
}

/** A task that an agent reports. */
type Reported = {
  readonly framework: FrameworkRecord
  readonly agent: AgentRecord
  readonly task: Task
  readonly charges: Charges
}

function adoptTask(ctx: Context, reported: Reported): void {
  const { framework, agent, task, charges } = reported
  const known = framework.tasks.get(task.taskId)
  if (known?.agent === agent) return adoptKnown(ctx, known, reported)
  const { role, resources } = allocation(framework, task.resources)
  if (known !== undefined) return adoptStray(ctx, reported, resources)
  // A task that ended and was acknowledged is history; the agent has only not heard of it.
  if (isTerminal(task.state) && isCompleted(framework, agent, task)) return
  if (!isTerminal(task.state)) charges.add(framework.id, resources)
  framework.unreachableTasks.delete(task.taskId)
  const kept = ctx.shared.task(task, { role, resources, agent })
  addTask(ctx, new TaskRecord(framework, agent, kept))
}

/** The agent is right about the state of its task; one that it did not name before counts again. */
function adoptKnown(ctx: Context, known: TaskRecord, { task, charges }: Reported): void {
  // Ending it frees what it holds, which must be allocated then.
  charges.settle()
  if (!isTerminal(task.state) && !isTerminal(known.state) && !known.charged) {
    charges.add(known.frameworkId, known.resources)
    chargeTask(known)
  }
  setTaskState(ctx, known, task.state)
}

/** The same task id is live on another agent: this one must end, and holds its resources until then. */
function adoptStray(
  ctx: Context,
  { agent, task: { frameworkId, taskId, state }, charges }: Reported,
  resources: Resources,
): void {
  const key = taskKey(frameworkId, taskId)
  if (isTerminal(state) || agent.strays.has(key)) return
  ctx.log("warn", "killing the second task of one id", { agent: agent.id, task: taskId })
  charges.add(frameworkId, resources)
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
