import type { Task, TimeInfo, master } from "#lib/mesos/index.ts"
import type { AgentView, FrameworkView, TaskView } from "./views.ts"

/** The port of an agent that names none. */
export const DEFAULT_AGENT_PORT = 5051

const NANOSECONDS = 1_000_000

/** Milliseconds since the epoch as the API says them. */
export const timeInfo = (milliseconds: number): TimeInfo => ({
  nanoseconds: Math.round(milliseconds * NANOSECONDS),
})

const optionalTime = (milliseconds: number | undefined): TimeInfo | undefined =>
  milliseconds === undefined ? undefined : timeInfo(milliseconds)

/** How other parties address the agent's process. */
export const agentPid = ({ address, info }: AgentView): string =>
  `slave(1)@${address.includes(":") ? `[${address}]` : address}:${info.port ?? DEFAULT_AGENT_PORT}`

/**
 * An agent as GET_AGENTS and AGENT_ADDED show it.
 * Source: apache/mesos: src/common/protobuf_utils.cpp (createAgentResponse).
 */
export const agentMessage = (agent: AgentView): master.ResponseGetAgentsAgent => ({
  agentInfo: { ...agent.info, id: agent.id },
  active: agent.active,
  deactivated: agent.deactivated,
  version: agent.version,
  pid: agentPid(agent),
  registeredTime: timeInfo(agent.registeredAt),
  reregisteredTime: optionalTime(agent.reregisteredAt),
  totalResources: agent.total,
  allocatedResources: agent.used,
  offeredResources: agent.offered,
  capabilities: agent.capabilities.map((type) => ({ type })),
  ...(agent.drain && {
    drainInfo: { state: agent.drain.state, config: agent.drain.config },
    estimatedDrainStartTime: timeInfo(agent.drain.since),
  }),
})

/**
 * A framework as FRAMEWORK_ADDED and FRAMEWORK_UPDATED show it: without what it holds, and with the
 * epoch as the time of what never happened.
 * Source: apache/mesos: src/common/protobuf_utils.cpp (createFrameworkAdded).
 */
export const frameworkMessage = (
  framework: FrameworkView,
): master.ResponseGetFrameworksFramework => ({
  frameworkInfo: framework.info,
  active: framework.active,
  connected: framework.connected,
  recovered: framework.recovered,
  registeredTime: timeInfo(framework.registeredAt),
  reregisteredTime: timeInfo(framework.reregisteredAt ?? framework.registeredAt),
  unregisteredTime: timeInfo(framework.unregisteredAt ?? 0),
})

/** A task as it is now; the view goes on with it. */
export const taskMessage = (task: TaskView): Task => ({
  name: task.name,
  taskId: task.taskId,
  frameworkId: task.frameworkId,
  executorId: task.executorId,
  agentId: task.agentId,
  state: task.state,
  resources: task.resources,
  statuses: task.statuses,
  statusUpdateState: task.statusUpdateState,
  statusUpdateUuid: task.statusUpdateUuid,
  labels: task.labels,
  discovery: task.discovery,
  container: task.container,
  healthCheck: task.healthCheck,
  killPolicy: task.killPolicy,
  user: task.user,
  limits: task.limits,
})
