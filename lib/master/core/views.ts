import type {
  AgentId,
  AgentInfo,
  AgentInfoCapabilityType,
  ExecutorId,
  ExecutorInfo,
  FrameworkId,
  FrameworkInfo,
  FrameworkInfoCapabilityType,
  MachineInfo,
  MasterInfo,
  OfferId,
  Operation,
  Resources,
  Task,
  TaskId,
  Unavailability,
  maintenance,
  scheduler,
} from "#lib/mesos/index.ts"
import type { RoleQuota } from "./allocator/quota-book.ts"
import type { Explanation } from "./allocator/allocator.ts"
import type { AgentDrain } from "./registry.ts"
import type { CallSender, MasterReply, StreamId } from "./types.ts"

/**
 * What the master knows, read-only and live: the objects are those of the machine itself, so a reader
 * uses them within one turn of the event loop and keeps none. Times are milliseconds since the epoch.
 */
export interface MasterView {
  readonly info: MasterInfo
  readonly startedAt: number
  /** Registered agents, connected or not, by id, in order of first registration. */
  readonly agents: ReadonlyMap<AgentId, AgentView>
  /** Agents of an earlier master that have not come back yet. */
  readonly recoveredAgents: ReadonlyMap<AgentId, StoredAgentView>
  readonly unreachableAgents: ReadonlyMap<AgentId, StoredAgentView>
  /** Agents that an operator declared gone for good. */
  readonly goneAgents: ReadonlyMap<AgentId, StoredAgentView>
  /** Frameworks that are not removed, in order of first subscription or recovery. */
  readonly frameworks: ReadonlyMap<FrameworkId, FrameworkView>
  /** The most recently removed frameworks, oldest first. */
  readonly completedFrameworks: ReadonlyMap<FrameworkId, FrameworkView>
  readonly offers: ReadonlyMap<OfferId, OfferView>
  /** What asks frameworks to leave agents in time, not answered yet. */
  readonly inverseOffers: ReadonlyMap<OfferId, InverseOfferView>
  readonly maintenance: MaintenanceView
  /** Scheduled machines, with what frameworks answered, and machines that are down. */
  maintenanceStatus(): maintenance.ClusterStatus
  /** Operations whose outcome is not acknowledged, by uuid, as GET_OPERATIONS shows them. */
  readonly operations: ReadonlyMap<string, Operation>
  /** The framework that holds a stream, while it does. */
  frameworkOfStream(stream: StreamId): FrameworkView | undefined
  /** Why a call of this sender would be refused now, whatever it asks for; undefined when not. */
  callRefusal(sender: CallSender): MasterReply | undefined
  /** The weight of a role path, 1 unless configured. */
  weight(role: string): number
  /** The weights that were set, by role path. */
  readonly weights: ReadonlyMap<string, number>
  /** Quotas by top-level role; amounts in thousandths. */
  readonly quotas: ReadonlyMap<string, RoleQuota>
  /** What a top-level role has that counts against a quota; thousandths by name. */
  consumed(role: string): ReadonlyMap<string, number>
  /** Every metric by its Mesos name; costs a pass over agents and frameworks, not over tasks. */
  metrics(now: number): Readonly<Record<string, number>>
  /** How often the allocator ran, and whether it has to again. */
  readonly allocation: { readonly runs: number; readonly pending: boolean }
  /** Why a framework gets no offers under a role: what the allocator sees on each agent, counted. */
  explain(frameworkId: FrameworkId, role: string): Explanation | undefined
}

/** An outstanding inverse offer. */
export type InverseOfferView = {
  readonly id: OfferId
  readonly frameworkId: FrameworkId
  readonly agentId: AgentId
  readonly unavailability: Unavailability
}

/** What maintenance an operator planned. */
export type MaintenanceView = {
  readonly schedule: maintenance.Schedule
  /** Scheduled machines in the schedule's order; all others are up. */
  readonly machines: ReadonlyMap<string, MachineInfo>
}

/** An agent that is registered. */
export type AgentView = {
  readonly id: AgentId
  readonly info: AgentInfo
  /** The IP address at which others reach the agent. */
  readonly address: string
  readonly version: string
  readonly capabilities: readonly AgentInfoCapabilityType[]
  readonly connected: boolean
  /** Connected and not deactivated: its resources are offered. */
  readonly active: boolean
  /** By an operator. */
  readonly deactivated: boolean
  /** How an operator has it drained, and since when; undefined when not. */
  readonly drain: AgentDrain | undefined
  readonly registeredAt: number
  readonly reregisteredAt: number | undefined
  readonly total: Resources
  /** Of live tasks and executors; resources carry their allocation role. */
  readonly used: Resources
  /** Of outstanding offers. */
  readonly offered: Resources
  /** Another number whenever anything of the above is another. */
  readonly revision: number
  readonly tasks: ReadonlySet<TaskView>
  /** Another number whenever its tasks or their states are others. */
  readonly tasksRevision: number
  readonly executors: ReadonlySet<ExecutorView>
  readonly offers: ReadonlySet<OfferView>
}

/** An agent known from the store only. */
export type StoredAgentView = {
  readonly id: AgentId
  readonly info: AgentInfo
  readonly version: string
  /** By an operator. */
  readonly deactivated?: boolean | undefined
  readonly drain?: AgentDrain | undefined
  readonly goneAt?: number | undefined
  /** When it was marked unreachable; undefined while it is expected back. */
  readonly unreachableAt?: number | undefined
}

/** A framework, live or removed. */
export type FrameworkView = {
  readonly id: FrameworkId
  /** With `id` set. */
  readonly info: FrameworkInfo
  /** The roles it is subscribed under, from `role` or `roles`. */
  readonly roles: readonly string[]
  readonly suppressedRoles: ReadonlySet<string>
  readonly offerConstraints: scheduler.OfferConstraints | undefined
  readonly capabilities: ReadonlySet<FrameworkInfoCapabilityType>
  /** It holds a stream. */
  readonly connected: boolean
  /** Offers go to it; the same as connected until frameworks can be deactivated. */
  readonly active: boolean
  /** Known from agents only: it has not subscribed since the master started. */
  readonly recovered: boolean
  readonly registeredAt: number
  readonly reregisteredAt: number | undefined
  /** When it was removed. */
  readonly unregisteredAt: number | undefined
  readonly tasks: ReadonlyMap<TaskId, TaskView>
  readonly unreachableTasks: ReadonlyMap<TaskId, TaskView>
  /** Oldest first. */
  readonly completedTasks: Iterable<TaskView> & { readonly length: number }
  /** Another number whenever any of these tasks or their states are others. */
  readonly tasksRevision: number
  readonly executors: ReadonlySet<ExecutorView>
  readonly offers: ReadonlySet<OfferView>
  /** Thousandths by resource name, over all agents; scalars only. */
  readonly usedMilli: ReadonlyMap<string, number>
  /** The same with ranges and sets merged over agents; after a change, a pass over its tasks. */
  used(): Resources
  offered(): Resources
}

/**
 * A task as the master knows it: `state` is the newest the agent told, `statusUpdateState` the one
 * last forwarded to the framework. `statuses` holds one entry per run of equal states.
 */
export type TaskView = Task & {
  /** The role its resources are allocated to. */
  readonly role: string
  readonly resources: Resources
  /** What `render`, which is always the same, made of the task as it is now; it is kept. */
  text(render: (task: TaskView) => string): string
}

/** An executor other than the agent's own for plain commands. */
export type ExecutorView = {
  readonly executorId: ExecutorId
  readonly agentId: AgentId
  readonly frameworkId: FrameworkId
  readonly info: ExecutorInfo
  /** With their allocation role. */
  readonly resources: Resources
  readonly role: string
}

/** An outstanding offer. */
export type OfferView = {
  readonly id: OfferId
  readonly frameworkId: FrameworkId
  readonly agentId: AgentId
  readonly role: string
  /** With their allocation role. */
  readonly resources: Resources
  readonly createdAt: number
}
