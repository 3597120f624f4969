import {
  containsResources,
  fromMilli,
  idProblem,
  NO_RESOURCES,
  normalizeResources,
  scalarOf,
  toMilli,
  validateResources,
  type AgentId,
  type AgentInfoCapabilityType,
  type ExecutorInfo,
  type Resources,
  type TaskId,
  type TaskInfo,
} from "#lib/mesos/index.ts"
import { equal } from "#lib/std/equal.ts"
import { checkProblem, healthCheckProblem } from "./check.ts"
import { commandProblem, containerProblem } from "./command.ts"
import { togetherProblem } from "./together.ts"
import { groupExecutorProblem, launchExecutorProblem, type ExecutorRules } from "./executor.ts"

/** What a task is checked against. */
export type TaskRules = {
  readonly agentId: AgentId
  readonly agentCapabilities: readonly AgentInfoCapabilityType[]
  /** The allocation role of the offers. */
  readonly role: string
  /** Which task of the framework has the id, of those that keep it to themselves. */
  readonly inUse: (taskId: TaskId) => "live" | "unreachable" | undefined
  /** What its executor must agree with; for a group, with the group's own executor. */
  readonly executor: ExecutorRules
}

/**
 * Why a task of a LAUNCH is refused, or undefined. Whether the offer holds enough is the caller's.
 * Source: apache/mesos: src/master/validation.cpp (task).
 */
export function taskProblem(task: TaskInfo, rules: TaskRules): string | undefined {
  if ((task.executor === undefined) === (task.command === undefined))
    return "Task should have exactly one of 'CommandInfo' or 'ExecutorInfo'"
  const shares = task.container?.linuxInfo?.shareCgroups
  return (
    commonProblem(task, rules) ??
    (shares === false
      ? "'TaskInfo.container.linux_info.share_cgroups' must not be false outside of a task group"
      : undefined) ??
    (task.executor && launchExecutorProblem(task.executor, rules.executor)) ??
    (task.executor && roleProblem("executor.resources", task.executor.resources, rules.role)) ??
    (task.executor && togetherProblem([task.resources, task.executor.resources])) ??
    limitsProblem(task, rules)
  )
}

/** Why a task group is refused, or undefined. */
export function groupProblem(
  executor: ExecutorInfo,
  tasks: readonly TaskInfo[],
  rules: TaskRules,
): string | undefined {
  if (tasks.length === 0) return "Task group cannot be empty"
  const executorProblem =
    groupExecutorProblem(executor, rules.executor) ??
    roleProblem("executor.resources", executor.resources, rules.role)
  if (executorProblem !== undefined) return executorProblem
  const seen = new Set<TaskId>()
  for (const task of tasks) {
    const problem = seen.has(task.taskId)
      ? `Task '${task.taskId}' is twice in the group`
      : groupTaskProblem(task, executor, rules)
    if (problem !== undefined) return `Task '${task.taskId}' is invalid: ${problem}`
    seen.add(task.taskId)
  }
  const mixed = togetherProblem([executor.resources, ...tasks.map(({ resources }) => resources)])
  if (mixed !== undefined) return mixed
  const shares = new Set(tasks.map(sharesCgroups))
  const live = rules.executor.liveShares?.()
  if (live !== undefined) shares.add(live)
  return shares.size > 1
    ? "'container.linux_info.share_cgroups' must be the same for all tasks of the executor"
    : undefined
}

/** Whether a task runs in the cgroups of its executor, as it does unless it says otherwise. */
export const sharesCgroups = ({ container }: Pick<TaskInfo, "container">): boolean =>
  container?.linuxInfo?.shareCgroups ?? true

function groupTaskProblem(
  task: TaskInfo,
  executor: ExecutorInfo,
  rules: TaskRules,
): string | undefined {
  if (task.executor !== undefined && !equal(task.executor, executor))
    return "The `ExecutorInfo` of task differs from the `ExecutorInfo` of the group"
  if (task.container?.type === "DOCKER") return "Docker ContainerInfo is not supported on the task"
  const { networkInfos = [] } = task.container ?? {}
  const { type } = task.healthCheck ?? {}
  if (networkInfos.length > 0 && (type === "HTTP" || type === "TCP"))
    return `'health_check' of type ${type} is not supported for a task with its own network`
  const problem = commonProblem(task, rules) ?? limitsProblem(task, rules)
  if (problem !== undefined) return problem
  const ownCgroups = task.container?.linuxInfo?.shareCgroups === false
  return task.limits !== undefined && Object.keys(task.limits).length > 0 && !ownCgroups
    ? "Resource limits may only be set on a task of a group when 'share_cgroups' is false"
    : undefined
}

/** The rules that LAUNCH and LAUNCH_GROUP share. */
function commonProblem(task: TaskInfo, rules: TaskRules): string | undefined {
  const id = idProblem(task.taskId)
  if (id !== undefined) return `'TaskInfo.task_id' is invalid: ${id}`
  const use = rules.inUse(task.taskId)
  if (use === "live") return `Task has duplicate ID: ${task.taskId}`
  if (use === "unreachable") return `Task reuses the ID of an unreachable task: ${task.taskId}`
  if (task.agentId !== rules.agentId)
    return `Task uses invalid agent ${task.agentId} while agent ${rules.agentId} is expected`
  const grace = task.killPolicy?.gracePeriod?.nanoseconds
  if (grace !== undefined && !(grace >= 0))
    return "Task's 'kill_policy.grace_period' must be non-negative"
  const completion = task.maxCompletionTime?.nanoseconds
  if (completion !== undefined && !(completion >= 0))
    return "Task's 'max_completion_time' must be non-negative"
  return (
    (task.check && checkProblem(task.check)) ??
    (task.healthCheck && healthCheckProblem(task.healthCheck)) ??
    resourcesProblem(task, rules.role) ??
    (task.command && commandProblem("command", task.command)) ??
    (task.container && containerProblem("container", task.container))
  )
}

function resourcesProblem({ resources = [] }: TaskInfo, role: string): string | undefined {
  if (resources.length === 0) return "Task uses no resources"
  const problem = validateResources(resources)
  if (problem !== undefined)
    return `'TaskInfo.resources${problem.field}' is invalid: ${problem.message}`
  return togetherProblem([resources]) ?? roleProblem("resources", resources, role)
}

function roleProblem(
  field: string,
  resources: Resources | undefined,
  role: string,
): string | undefined {
  for (const { name, allocationRole } of resources ?? NO_RESOURCES)
    if (allocationRole !== undefined && allocationRole !== role)
      return `'${field}' has '${name}' allocated to role '${allocationRole}', but the offer is of role '${role}'`
  return undefined
}

function limitsProblem({ limits = {}, resources }: TaskInfo, rules: TaskRules): string | undefined {
  const entries = Object.entries(limits)
  if (entries.length === 0) return undefined
  if (!rules.agentCapabilities.includes("TASK_RESOURCE_LIMITS"))
    return "Task 'limits' are set but the agent lacks the TASK_RESOURCE_LIMITS capability"
  const requested = normalizeResources(resources ?? NO_RESOURCES)
  for (const [name, { value }] of entries) {
    if (name !== "cpus" && name !== "mem") return `Task 'limits' must not name '${name}'`
    const request = scalarOf(requested, name)
    if (request === 0) return `Task 'limits' names '${name}', of which the task requests nothing`
    if (!(toMilli(value) >= request))
      return `Task limit of '${name}' (${value}) is below the request (${fromMilli(request)})`
  }
  return undefined
}

/** Whether the offers still hold what is needed; both carry the same allocation role. */
export const offersHold = (available: Resources, needed: Resources): boolean =>
  containsResources(available, needed)
