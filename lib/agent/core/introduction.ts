import {
  NO_RESOURCES,
  normalizeResources,
  sumResources,
  type AgentId,
  type AgentInfo,
  type AgentInfoCapabilityType,
  type FrameworkId,
  type RegisterMessage,
  type TaskId,
} from "#lib/mesos/index.ts"
import { must } from "#lib/std/assert.ts"
import type { Operations } from "./operations.ts"
import { hasCapability, isTerminal, lives, type FrameworkRecord } from "./records.ts"
import type { StatusStreams } from "./status-streams.ts"
import { describeTask } from "./statuses.ts"
import type { Turn } from "./turn.ts"
import type { Workload } from "./workload.ts"

/** The version of the Mesos API that the agent speaks. */
export const API_VERSION = "1.12.0"

/** What this agent can do for the master, by the names of the Mesos API. */
export const CAPABILITIES: readonly AgentInfoCapabilityType[] = [
  "MULTI_ROLE",
  "HIERARCHICAL_ROLE",
  "RESERVATION_REFINEMENT",
  "RESOURCE_PROVIDER",
  "RESIZE_VOLUME",
  "AGENT_OPERATION_FEEDBACK",
  "AGENT_DRAINING",
  "TASK_RESOURCE_LIMITS",
]

/** What the agent knows of its tasks. */
export type Books = {
  readonly workload: Workload
  readonly streams: StatusStreams
}

/** What the agent says of itself and of all it runs when it registers. */
export function describeAgent(
  agent: Books & {
    readonly info: AgentInfo
    readonly ip: string
    readonly agentId: AgentId | undefined
    readonly operations: Pick<Operations, "checkpointed" | "operations">
  },
): RegisterMessage {
  const { agentId, info, ip, operations, streams, workload } = agent
  const frameworks: FrameworkRecord[] = []
  const leaving: FrameworkRecord[] = []
  for (const framework of workload.frameworks)
    if (framework.executors.size > 0) (framework.terminating ? leaving : frameworks).push(framework)
  const executors = frameworks.flatMap((framework) => [...framework.executors.values()])
  return {
    kind: "register",
    ...(agentId === undefined ? {} : { agentId }),
    info: agentId === undefined ? info : { ...info, id: agentId },
    address: ip,
    version: API_VERSION,
    capabilities: CAPABILITIES,
    checkpointedResources: operations.checkpointed,
    operations: operations.operations,
    frameworks: frameworks.map((framework) => ({ ...framework.info, id: framework.id })),
    executors: executors
      .filter((executor) => executor.launch.kind === "default" || lives(executor))
      .map(({ launch }) => launch.info),
    tasks: executors.flatMap(({ tasks }) =>
      [...tasks.values()].map((task) => {
        const { frameworkId, info: taskInfo } = task.launch
        const pending = streams.pending(frameworkId, taskInfo.taskId)
        return describeTask(task, must(agentId, "who runs tasks has an id"), pending)
      }),
    ),
    ...(leaving.length === 0 ? {} : { leaving: leaving.map(describeLeaving) }),
  }
}

/** A framework that the master ended, and what it uses until its last task has ended. */
function describeLeaving({ id, info, executors }: FrameworkRecord) {
  const parts = [...executors.values()].flatMap(({ launch, tasks }) => [
    ...(launch.kind === "command" ? [] : [launch.info.resources]),
    ...[...tasks.values()].flatMap((task) =>
      isTerminal(task.progress.state) ? [] : [task.launch.info.resources],
    ),
  ])
  const resources = sumResources(parts.map((each) => normalizeResources(each ?? NO_RESOURCES)))
  return { framework: { ...info, id }, resources }
}

/**
 * The master believes in a task that the agent did not name: tells its framework what became of it.
 * A task that the agent never saw was lost on its way, and was not launched.
 */
export function reconcileTask(
  turn: Turn,
  { agentId, streams, workload }: Books & { readonly agentId: AgentId },
  named: {
    readonly frameworkId: FrameworkId
    readonly taskId: TaskId
    readonly partitionAware?: boolean | undefined
  },
): void {
  const { frameworkId, taskId } = named
  const task = workload.task(frameworkId, taskId)
  if (streams.pending(frameworkId, taskId).length > 0) return
  if (task !== undefined && task.progress.completedAt === undefined) return
  const last = task?.progress.statuses.at(-1)
  if (last !== undefined) return streams.push(turn, frameworkId, last)
  const framework = workload.framework(frameworkId)
  const partitionAware =
    named.partitionAware ??
    (framework !== undefined && hasCapability(framework.info, "PARTITION_AWARE"))
  streams.push(turn, frameworkId, {
    taskId,
    state: partitionAware ? "TASK_DROPPED" : "TASK_LOST",
    source: "SOURCE_AGENT",
    reason: "REASON_RECONCILIATION",
    message: "Reconciliation: task unknown to the agent",
    agentId,
    timestamp: turn.now / 1000,
  })
}

/** Tells the master that nothing of a framework that it ended is left here, if so. */
export function sayEnded(turn: Turn, { id, executors }: FrameworkRecord): void {
  if (executors.size > 0) return
  turn.out.push({ kind: "send", message: { kind: "frameworkEnded", frameworkId: id } })
}
