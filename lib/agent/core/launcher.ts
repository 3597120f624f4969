import {
  executorWithoutSecrets,
  renderResources,
  taskWithoutSecrets,
  type AgentId,
  type ExecutorId,
  type ExecutorInfo,
  type FrameworkId,
  type FrameworkInfo,
  type MasterToAgent,
  type Resource,
  type Resources,
  type TaskInfo,
} from "#lib/mesos/index.ts"
import type { ContainerId, ContainerSpec } from "#lib/ports/index.ts"
import { must } from "#lib/std/assert.ts"
import { ok, type Result } from "#lib/std/result.ts"
import { taskEnvironment } from "./environment.ts"
import type { IdSource } from "./id-source.ts"
import { runtimeForm } from "./launch-order.ts"
import type { Lifecycle } from "./lifecycle.ts"
import {
  executorSandbox,
  latestRunLink,
  nestedSandbox,
  taskLink,
  taskLinks,
  type ExecutorPlace,
} from "./paths.ts"
import {
  hasCapability,
  taskKey,
  type ExecutorLaunch,
  type ExecutorRecord,
  type FrameworkRecord,
  type TaskLaunch,
} from "./records.ts"
import type { StatusStreams } from "./status-streams.ts"
import { containerStatus, emptyCheckStatus } from "./statuses.ts"
import {
  chooseRuntime,
  executorRefusal,
  groupInvalid,
  groupRefusal,
  type Refusal,
  type RuntimeChoice,
} from "./task-support.ts"
import { say, type Turn } from "./turn.ts"
import type { AgentLimits, AgentOptions, SandboxLink } from "./types.ts"
import { executorVolumes, volumeRefusal } from "./volumes.ts"
import type { Workload } from "./workload.ts"

/** A longer command is cut to this many characters in the name of its executor, as Mesos does. */
const COMMAND_IN_NAME_LENGTH = 15

/** What launching needs of the rest of the agent. */
export type LauncherParts = {
  readonly options: AgentOptions
  readonly limits: AgentLimits
  readonly ids: IdSource
  readonly streams: StatusStreams
  readonly workload: Workload
  readonly lifecycle: Lifecycle
  readonly agentId: () => AgentId | undefined
  readonly draining: () => boolean
  /** What of these the agent does not have: reservations and volumes it never heard of. */
  readonly unknownResources: (resources: Resources) => Resources
}

type RunTask = Extract<MasterToAgent, { kind: "runTask" }>
type RunTaskGroup = Extract<MasterToAgent, { kind: "runTaskGroup" }>

/** What one task is launched from, whether alone or as a member of a group. */
type Arrival = {
  /** The task as it came; the books hold it without its secrets. */
  readonly info: TaskInfo
  readonly containerId: ContainerId
  readonly sandbox: string
  readonly directories: readonly string[]
  readonly links: readonly SandboxLink[]
  readonly group?: number | undefined
  readonly choice: RuntimeChoice
}

/** Takes tasks and task groups that the master sends: refuses, or records and launches them. */
export class Launcher {
  readonly #parts: LauncherParts

  constructor(parts: LauncherParts) {
    this.#parts = parts
  }

  /** One task that brings its own command: it gets an executor of its own name. */
  runTask(turn: Turn, message: RunTask): void {
    const { ids, options, workload } = this.#parts
    const { framework: info, task, acceptedAt } = message
    const frameworkId = must(info.id, "the master names the framework of a task")
    if (this.#repeated(turn, frameworkId, task, acceptedAt)) return
    const executorId = task.taskId as string as ExecutorId
    const choice = chooseRuntime(task, options.runtimes)
    const refusal =
      this.#refusal(frameworkId, info) ??
      executorRefusal(task.executor) ??
      this.#resourceRefusal(info, [task.resources]) ??
      (choice.ok ? volumeRefusal(task, choice.value, false) : undefined) ??
      this.#idRefusal(frameworkId, executorId)
    if (refusal !== undefined || !choice.ok) {
      const why = refusal ?? (choice as { readonly error: Refusal }).error
      return this.#refuse(turn, { frameworkId, executorId, tasks: [task] }, why)
    }
    const framework = workload.ensureFramework(turn, frameworkId, info)
    const containerId = ids.uuid() as ContainerId
    const place = this.#place(frameworkId, executorId)
    const sandbox = executorSandbox(place, containerId)
    const executor = workload.addExecutor(turn, framework, {
      frameworkId,
      info: commandExecutor(frameworkId, taskWithoutSecrets(task)),
      kind: "command",
      containerId,
      directory: sandbox,
      order: workload.nextOrder(),
    })
    const links = [latestRunLink(place, containerId)]
    this.#launch(turn, executor, acceptedAt, [
      { info: task, containerId, sandbox, directories: [], links, choice: choice.value },
    ])
  }

  /** A task group: its members run in one executor, which other groups of the framework may share. */
  runTaskGroup(turn: Turn, message: RunTaskGroup): void {
    const { ids, options, workload } = this.#parts
    const { framework: info, executor: executorInfo, acceptedAt, taskGroup } = message
    const frameworkId = must(info.id, "the master names the framework of a task group")
    const tasks = (taskGroup.tasks ?? []).filter(
      (task) => !this.#repeated(turn, frameworkId, task, acceptedAt),
    )
    if (tasks.length === 0) return
    const { executorId } = executorInfo
    const choices = allOk(tasks.map((task) => chooseRuntime(task, options.runtimes)))
    const refusal =
      this.#refusal(frameworkId, info) ??
      groupRefusal(executorInfo, taskGroup) ??
      this.#resourceRefusal(info, [
        executorInfo.resources,
        ...tasks.map(({ resources }) => resources),
      ]) ??
      (choices.ok ? groupVolumeRefusal(tasks, choices.value) : undefined) ??
      this.#commandExecutorRefusal(frameworkId, executorId)
    if (refusal !== undefined || !choices.ok) {
      const why = refusal ?? (choices as { readonly error: Refusal }).error
      this.#refuse(turn, { frameworkId, executorId, tasks }, why)
      return this.#disownExecutor(turn, frameworkId, executorId)
    }
    const framework = workload.ensureFramework(turn, frameworkId, info)
    const executor = this.#defaultExecutor(turn, framework, executorInfo)
    const { containerId: parent, directory } = executor.launch
    // One member makes the link to a new run: two at once would get in each other's way.
    const isNew = executor.tasks.size === 0
    const newest = isNew ? [latestRunLink(this.#place(frameworkId, executorId), parent)] : []
    const { workDir } = options
    const volumes = executorVolumes(executorInfo.resources, { workDir, sandbox: directory })
    const group = workload.nextOrder()
    const members = tasks.map((task, index): Arrival => {
      const child = ids.uuid()
      return {
        info: task,
        containerId: `${parent}.${child}` as ContainerId,
        sandbox: nestedSandbox(directory, child),
        directories: [directory, taskLinks(directory), ...volumes.directories],
        links: [
          ...(index === 0 ? [...newest, ...(isNew ? volumes.links : [])] : []),
          taskLink(directory, task.taskId, child),
        ],
        group,
        choice: must(choices.value[index], "every member has a runtime"),
      }
    })
    this.#launch(turn, executor, acceptedAt, members)
  }

  /** Records all members before any is launched, so that a group lives or dies as one. */
  #launch(
    turn: Turn,
    executor: ExecutorRecord,
    acceptedAt: number,
    arrivals: readonly Arrival[],
  ): void {
    const { lifecycle, options, workload } = this.#parts
    const tasks = arrivals.map((arrival) => {
      const { info, containerId } = arrival
      const launch = this.#describe(executor, acceptedAt, arrival)
      return workload.addTask(turn, executor, launch, {
        key: taskKey(launch),
        state: "TASK_STAGING",
        statuses: [],
        containerStatus: containerStatus(containerId, options.ip, undefined),
        ...(info.check === undefined ? {} : { checkStatus: emptyCheckStatus(info.check) }),
      })
    })
    for (const [index, task] of tasks.entries()) lifecycle.launch(turn, task, arrivals[index]?.info)
  }

  #describe(executor: ExecutorRecord, acceptedAt: number, arrival: Arrival): TaskLaunch {
    const { framework } = executor
    const { containerId, choice, sandbox, directories, links, group } = arrival
    const info = taskWithoutSecrets(arrival.info)
    return {
      frameworkId: framework.id,
      executorId: executor.launch.info.executorId,
      executorContainerId: executor.launch.containerId,
      info,
      spec: {
        containerId,
        runtime: choice.runtime,
        task: runtimeForm(choice.runtime, info),
        sandbox,
        ...this.#user(framework.info, info),
        environment: this.#environment(executor, arrival),
      },
      directories,
      links,
      ...(group === undefined ? {} : { group }),
      acceptedAt,
      order: this.#parts.workload.nextOrder(),
    }
  }

  #environment(
    executor: ExecutorRecord,
    { info, containerId, choice, sandbox }: Arrival,
  ): Readonly<Record<string, string>> {
    const { options, limits } = this.#parts
    const period = info.killPolicy?.gracePeriod?.nanoseconds
    return taskEnvironment({
      options,
      agentId: must(this.#parts.agentId(), NO_ID),
      task: info,
      executor: executor.launch.info,
      executorKind: executor.launch.kind,
      containerId,
      runtime: choice.runtime,
      image: choice.image,
      sandbox,
      killGraceMs: period === undefined ? limits.killGraceMs : period / 1e6,
      checkpoint: executor.framework.info.checkpoint ?? false,
    })
  }

  #user(framework: FrameworkInfo, task: TaskInfo): Pick<ContainerSpec, "user"> {
    const user = task.command?.user ?? framework.user
    return this.#parts.options.switchUser && user !== "" ? { user } : {}
  }

  #defaultExecutor(turn: Turn, framework: FrameworkRecord, info: ExecutorInfo): ExecutorRecord {
    const running = framework.executors.get(info.executorId)
    if (running !== undefined) return running
    const { ids, workload } = this.#parts
    const containerId = ids.uuid() as ContainerId
    const place = this.#place(framework.id, info.executorId)
    const launch: ExecutorLaunch = {
      frameworkId: framework.id,
      info: { ...executorWithoutSecrets(info), frameworkId: framework.id },
      kind: "default",
      containerId,
      directory: executorSandbox(place, containerId),
      order: workload.nextOrder(),
    }
    return workload.addExecutor(turn, framework, launch)
  }

  #place(frameworkId: FrameworkId, executorId: ExecutorId): ExecutorPlace {
    const agentId = must(this.#parts.agentId(), NO_ID)
    return { workDir: this.#parts.options.workDir, agentId, frameworkId, executorId }
  }

  /** Whether the message was seen before, or names a task that still runs. */
  #repeated(turn: Turn, frameworkId: FrameworkId, task: TaskInfo, acceptedAt: number): boolean {
    const { streams, workload } = this.#parts
    const known = workload.task(frameworkId, task.taskId)
    if (known === undefined) return streams.pending(frameworkId, task.taskId).length > 0
    if (known.launch.acceptedAt >= acceptedAt) return true
    if (known.progress.completedAt !== undefined) return false
    const fields = { task: task.taskId, framework: frameworkId }
    say(turn, "warn", "ignores the launch of a task id that is in use", fields)
    return true
  }

  /** Why nothing of this framework may start now. */
  #refusal(id: FrameworkId, info: FrameworkInfo): Refusal | undefined {
    const state = hasCapability(info, "PARTITION_AWARE") ? "TASK_DROPPED" : "TASK_LOST"
    if (this.#parts.workload.framework(id)?.terminating)
      return { state, reason: "REASON_EXECUTOR_TERMINATED", message: "The framework is ending" }
    if (this.#parts.draining())
      return { state, reason: "REASON_AGENT_DRAINING", message: "The agent is draining" }
    return undefined
  }

  /** Why what the launch uses is not there: an operation before it never arrived, or was undone. */
  #resourceRefusal(
    info: FrameworkInfo,
    used: readonly (Resources | undefined)[],
  ): Refusal | undefined {
    const missing = used.flatMap((resources) => this.#parts.unknownResources(resources ?? []))
    if (missing.every((resource) => !isReserved(resource))) return undefined
    return {
      state: hasCapability(info, "PARTITION_AWARE") ? "TASK_DROPPED" : "TASK_LOST",
      reason: "REASON_RESOURCES_UNKNOWN",
      message: `The agent does not have ${renderResources(missing)}`,
    }
  }

  /** Why a command task cannot have an executor of its own name. */
  #idRefusal(frameworkId: FrameworkId, executorId: ExecutorId): Refusal | undefined {
    if (!this.#parts.workload.framework(frameworkId)?.executors.has(executorId)) return undefined
    const message = `'${executorId}' is the id of an executor that runs: choose another task id`
    return { state: "TASK_ERROR", reason: "REASON_TASK_INVALID", message }
  }

  /** Why a group cannot join the executor of its choice. */
  #commandExecutorRefusal(frameworkId: FrameworkId, executorId: ExecutorId): Refusal | undefined {
    const executor = this.#parts.workload.framework(frameworkId)?.executors.get(executorId)
    if (executor?.launch.kind !== "command") return undefined
    return groupInvalid(`'${executorId}' is the id of a task that runs: choose another executor id`)
  }

  /** The tasks never exist here; their framework hears why. */
  /** The master counts what the executor of a group takes, from the launch on: here is none. */
  #disownExecutor(turn: Turn, frameworkId: FrameworkId, executorId: ExecutorId): void {
    if (this.#parts.workload.framework(frameworkId)?.executors.has(executorId) === true) return
    turn.out.push({
      kind: "send",
      message: { kind: "executorExited", frameworkId, executorId, status: -1 },
    })
  }

  #refuse(
    turn: Turn,
    whom: {
      readonly frameworkId: FrameworkId
      readonly executorId: ExecutorId
      readonly tasks: readonly TaskInfo[]
    },
    refusal: Refusal,
  ): void {
    const agentId = must(this.#parts.agentId(), NO_ID)
    for (const { taskId } of whom.tasks) {
      const fields = { task: taskId, framework: whom.frameworkId, reason: refusal.message }
      say(turn, "warn", "refuses a task", fields)
      this.#parts.streams.push(turn, whom.frameworkId, {
        ...refusal,
        taskId,
        source: "SOURCE_AGENT",
        agentId,
        executorId: whom.executorId,
        timestamp: turn.now / 1000,
      })
    }
  }
}

const NO_ID = "tasks arrive after registration only"

const isReserved = ({ reservations, disk }: Resource): boolean =>
  reservations.length > 0 || disk?.persistence !== undefined

const groupVolumeRefusal = (
  tasks: readonly TaskInfo[],
  choices: readonly RuntimeChoice[],
): Refusal | undefined =>
  tasks
    .map((task, index) =>
      volumeRefusal(task, must(choices[index], "every member has a runtime"), true),
    )
    .find((refusal) => refusal !== undefined)

/** The values of all, or the first rejection. */
function allOk<T, E>(results: readonly Result<T, E>[]): Result<readonly T[], E> {
  const values: T[] = []
  for (const result of results) {
    if (!result.ok) return result
    values.push(result.value)
  }
  return ok(values)
}

/**
 * The executor that a task with only a command is given.
 * Source: apache/mesos: src/slave/slave.cpp (getExecutorInfo).
 */
function commandExecutor(frameworkId: FrameworkId, task: TaskInfo): ExecutorInfo {
  return {
    executorId: task.taskId as string as ExecutorId,
    frameworkId,
    name: `Command Executor (Task: ${task.taskId}) (Command: ${commandText(task)})`,
    source: task.taskId,
    ...(task.container === undefined ? {} : { container: task.container }),
    ...(task.labels === undefined ? {} : { labels: task.labels }),
  }
}

function commandText(task: TaskInfo): string {
  const { command } = task
  if (command?.value === undefined) return "NO EXECUTABLE"
  const cut = (text: string): string =>
    text.length > COMMAND_IN_NAME_LENGTH ? `${text.slice(0, COMMAND_IN_NAME_LENGTH - 3)}...` : text
  if (command.shell ?? true) return `sh -c '${cut(command.value)}'`
  return `[${cut([command.value, ...(command.arguments ?? [])].join(", "))}]`
}
