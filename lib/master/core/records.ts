import {
  executorWithoutSecrets,
  NO_RESOURCES,
  sumResources,
  taskWithoutSecrets,
  type AgentId,
  type AgentInfo,
  type AgentInfoCapabilityType,
  type ContainerInfo,
  type DiscoveryInfo,
  type ExecutorId,
  type ExecutorInfo,
  type FrameworkId,
  type FrameworkInfo,
  type FrameworkInfoCapabilityType,
  type HealthCheck,
  type KillPolicy,
  type Labels,
  type MasterToAgent,
  type NetworkInfo,
  type OfferId,
  type Resources,
  type Task,
  type TaskId,
  type TaskInfo,
  type TaskState,
  type TaskStatus,
  type scheduler,
} from "#lib/mesos/index.ts"
import { History } from "./history.ts"
import type { AgentDrain } from "./registry.ts"
import type { LinkId, StreamId } from "./types.ts"
import type { AgentView, ExecutorView, FrameworkView, OfferView, TaskView } from "./views.ts"

/** What asks an agent to end a task. */
export type KillTask = Extract<MasterToAgent, { readonly kind: "killTask" }>

/** An executor id is unique within its framework on one agent. No id contains a slash. */
export const executorKey = (frameworkId: FrameworkId, executorId: ExecutorId): string =>
  `${frameworkId}/${executorId}`

/** A task id is unique within its framework. No id contains a slash. */
export const taskKey = (frameworkId: FrameworkId, taskId: TaskId): string =>
  `${frameworkId}/${taskId}`

/** What may be another while an agent stays registered. */
type AgentFacts = Pick<
  AgentRecord,
  | "info"
  | "version"
  | "capabilities"
  | "address"
  | "total"
  | "link"
  | "deactivated"
  | "drain"
  | "reregisteredAt"
>

/** A registered agent. Written by the functions of this folder only. */
export class AgentRecord implements AgentView {
  #used: Resources | undefined
  #offered: Resources | undefined
  #revision = 0
  tasksRevision = 0
  readonly id: AgentId
  readonly info: AgentInfo
  readonly version: string
  readonly capabilities: readonly AgentInfoCapabilityType[]
  readonly address: string
  readonly total: Resources
  readonly link: LinkId | undefined
  /** The order of the newest link that it registered on. */
  linkOrder = 0
  readonly deactivated: boolean
  readonly drain: AgentDrain | undefined
  readonly registeredAt: number
  readonly reregisteredAt: number | undefined
  readonly tasks = new Set<TaskRecord>()
  readonly executors = new Set<ExecutorRecord>()
  readonly executorsByKey = new Map<string, ExecutorRecord>()
  readonly offers = new Set<OfferRecord>()
  /** Tasks whose id runs elsewhere too: being killed, their resources still taken; by taskKey. */
  readonly strays = new Map<string, Stray>()
  /** What removed frameworks use until the agent says that they have ended. */
  readonly leaving = new Map<FrameworkId, Resources>()
  /** Kills to deliver when the agent is back: of tasks that have not ended, by taskKey. */
  readonly pendingKills = new Map<string, KillTask>()
  /** Where its tasks run, as the latest status said it. */
  networkInfos: readonly NetworkInfo[] | undefined
  /** Pings in a row without an answer. */
  missedPings = 0
  pingSequence = 0
  pongSequence = 0

  constructor(registration: {
    readonly id: AgentId
    readonly info: AgentInfo
    readonly version: string
    readonly capabilities: readonly AgentInfoCapabilityType[]
    readonly address: string
    readonly total: Resources
    readonly registeredAt: number
    readonly deactivated?: boolean | undefined
    readonly drain?: AgentDrain | undefined
  }) {
    this.id = registration.id
    this.info = registration.info
    this.deactivated = registration.deactivated ?? false
    this.drain = registration.drain
    this.version = registration.version
    this.capabilities = registration.capabilities
    this.address = registration.address
    this.total = registration.total
    this.registeredAt = registration.registeredAt
  }

  get revision(): number {
    return this.#revision
  }

  /** Writes down what is another now. */
  change(facts: Partial<AgentFacts>): void {
    this.#revision++
    Object.assign(this, facts)
  }

  get connected(): boolean {
    return this.link !== undefined
  }

  get active(): boolean {
    return this.connected && !this.deactivated
  }

  /** Summed up when it is asked for, and then kept until it changes: most agents are seldom asked. */
  get used(): Resources {
    const used = (this.#used ??= usedBy(this.tasks, this.executors))
    return this.leaving.size === 0 ? used : sumResources([used, ...this.leaving.values()])
  }

  /** What its tasks and executors use has changed, or what is leaving it. */
  usedChanged(): void {
    this.#revision++
    this.#used = undefined
  }

  /** Summed up as `used` is. */
  get offered(): Resources {
    return (this.#offered ??= sumResources([...this.offers].map(({ resources }) => resources)))
  }

  /** Its offers have changed. */
  offersChanged(): void {
    this.#revision++
    this.#offered = undefined
  }
}

/** What the charged ones of these tasks, and these executors, use together. */
function usedBy(tasks: Iterable<TaskRecord>, executors: Iterable<ExecutorRecord>): Resources {
  const parts: Resources[] = []
  for (const task of tasks) if (task.charged) parts.push(task.resources)
  for (const executor of executors) parts.push(executor.resources)
  return sumResources(parts)
}

/** A second task of one id, which only a partition together with a lost master can bring about. */
export type Stray = {
  readonly frameworkId: FrameworkId
  readonly taskId: TaskId
  readonly resources: Resources
}

/** A framework, live or completed. Written by the functions of this folder only. */
export class FrameworkRecord implements FrameworkView {
  #used: Resources | undefined
  #offered: Resources | undefined
  tasksRevision = 0
  readonly id: FrameworkId
  info: FrameworkInfo
  roles: readonly string[] = []
  capabilities: ReadonlySet<FrameworkInfoCapabilityType> = new Set()
  partitionAware = false
  suppressedRoles: Set<string> = new Set()
  offerConstraints: scheduler.OfferConstraints | undefined
  stream: StreamId | undefined
  recovered: boolean
  readonly registeredAt: number
  reregisteredAt: number | undefined
  unregisteredAt: number | undefined
  readonly tasks = new Map<TaskId, TaskRecord>()
  /** Oldest first, bounded. */
  readonly unreachableTasks = new Map<TaskId, TaskRecord>()
  readonly completedTasks: History<TaskRecord>
  readonly executors = new Set<ExecutorRecord>()
  readonly offers = new Set<OfferRecord>()
  readonly usedMilli = new Map<string, number>()
  readonly counters = new Map<string, number>()

  constructor(registration: {
    readonly info: FrameworkInfo & { readonly id: FrameworkId }
    readonly recovered: boolean
    readonly registeredAt: number
    readonly completedTasksMax: number
  }) {
    this.id = registration.info.id
    this.info = registration.info
    this.recovered = registration.recovered
    this.registeredAt = registration.registeredAt
    this.completedTasks = new History(registration.completedTasksMax)
    this.setInfo(registration.info)
  }

  /** Takes over a new description of the framework, which was validated. */
  setInfo(info: FrameworkInfo): void {
    this.info = { ...info, id: this.id }
    this.capabilities = new Set(
      (info.capabilities ?? []).flatMap(({ type }) => (type === undefined ? [] : [type])),
    )
    this.partitionAware = this.capabilities.has("PARTITION_AWARE")
    this.roles = rolesOf(info)
  }

  get connected(): boolean {
    return this.stream !== undefined
  }

  get active(): boolean {
    return this.connected
  }

  used(): Resources {
    return (this.#used ??= usedBy(this.tasks.values(), this.executors))
  }

  /** What its tasks and executors use has changed. */
  usedChanged(): void {
    this.#used = undefined
  }

  offered(): Resources {
    return (this.#offered ??= sumResources([...this.offers].map(({ resources }) => resources)))
  }

  /** Its offers have changed. */
  offersChanged(): void {
    this.#offered = undefined
  }

  /** Adds to the framework's own counter of a metric. */
  count(name: string, by = 1): void {
    this.counters.set(name, (this.counters.get(name) ?? 0) + by)
  }
}

/** The roles a framework subscribes under: `roles` with MULTI_ROLE, else `role`, which defaults to "*". */
export const rolesOf = (info: FrameworkInfo): readonly string[] =>
  info.capabilities?.some(({ type }) => type === "MULTI_ROLE")
    ? (info.roles ?? [])
    : [info.role ?? "*"]

/** What may be another while a task is known. */
type TaskFacts = Pick<TaskRecord, "state" | "statuses" | "statusUpdateState" | "statusUpdateUuid">

/** A task that is live, unreachable or completed. */
export class TaskRecord implements TaskView {
  #text: string | undefined
  readonly framework: FrameworkRecord
  readonly agent: AgentRecord
  readonly name: string
  readonly taskId: TaskId
  readonly frameworkId: FrameworkId
  readonly agentId: AgentId
  readonly executorId: ExecutorId | undefined
  readonly resources: Resources
  readonly role: string
  readonly labels: Labels | undefined
  readonly discovery: DiscoveryInfo | undefined
  readonly container: ContainerInfo | undefined
  readonly healthCheck: HealthCheck | undefined
  readonly killPolicy: KillPolicy | undefined
  readonly user: string | undefined
  readonly limits: Task["limits"]
  readonly state: TaskState
  /** One per run of equal states; replaced, never changed. */
  readonly statuses: readonly TaskStatus[]
  readonly statusUpdateState: TaskState | undefined
  readonly statusUpdateUuid: string | undefined
  /** Whether its resources count as used: until it ends or its agent is lost. */
  charged = false

  constructor(framework: FrameworkRecord, agent: AgentRecord, task: Task & { role: string }) {
    this.framework = framework
    this.agent = agent
    this.name = task.name
    this.taskId = task.taskId
    this.frameworkId = framework.id
    this.agentId = agent.id
    this.executorId = task.executorId
    this.resources = task.resources ?? NO_RESOURCES
    this.role = task.role
    this.labels = task.labels
    this.discovery = task.discovery
    this.container = task.container
    this.healthCheck = task.healthCheck
    this.killPolicy = task.killPolicy
    this.user = task.user
    this.limits = task.limits
    this.state = task.state
    this.statuses = task.statuses ?? []
    this.statusUpdateState = task.statusUpdateState
    this.statusUpdateUuid = task.statusUpdateUuid
  }

  /** Writes down what is another now. */
  change(facts: Partial<TaskFacts>): void {
    this.#text = undefined
    Object.assign(this, facts)
  }

  text(render: (task: TaskView) => string): string {
    return (this.#text ??= render(this))
  }
}

/** What the master keeps of a launched task: all but what only the agent needs, and no secret. */
export function taskOf(
  info: TaskInfo,
  owner: { readonly framework: FrameworkRecord; readonly executorId: ExecutorId | undefined },
): Task {
  const { framework, executorId } = owner
  const shown = taskWithoutSecrets(info)
  return {
    name: info.name,
    taskId: info.taskId,
    frameworkId: framework.id,
    executorId,
    agentId: info.agentId,
    state: "TASK_STAGING",
    resources: info.resources,
    labels: info.labels,
    discovery: info.discovery,
    container: shown.container ?? shown.executor?.container,
    healthCheck: shown.healthCheck,
    killPolicy: info.killPolicy,
    user: info.command?.user ?? info.executor?.command?.user ?? framework.info.user,
    limits: info.limits,
  }
}

/** An executor on an agent, other than the agent's own for plain commands. */
export class ExecutorRecord implements ExecutorView {
  readonly executorId: ExecutorId
  readonly agentId: AgentId
  readonly frameworkId: FrameworkId
  readonly framework: FrameworkRecord
  readonly agent: AgentRecord
  readonly info: ExecutorInfo
  readonly resources: Resources
  readonly role: string

  constructor(
    framework: FrameworkRecord,
    agent: AgentRecord,
    executor: { readonly info: ExecutorInfo; readonly resources: Resources; readonly role: string },
  ) {
    this.executorId = executor.info.executorId
    this.agentId = agent.id
    this.frameworkId = framework.id
    this.framework = framework
    this.agent = agent
    this.info = executorWithoutSecrets(executor.info)
    this.resources = executor.resources
    this.role = executor.role
  }
}

/** An outstanding offer. */
export type OfferRecord = OfferView & {
  readonly id: OfferId
  readonly framework: FrameworkRecord
  readonly agent: AgentRecord
}
