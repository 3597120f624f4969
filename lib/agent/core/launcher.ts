import {
  executorWithoutSecrets,
  sumResources,
  taskWithoutSecrets,
  type AgentId,
  type ExecutorId,
  type ExecutorInfo,
  type FrameworkId,
  type FrameworkInfo,
  type MasterToAgent,
  type TaskGroupInfo,
  type TaskId,
  type TaskInfo,
} from "#lib/mesos/index.ts"
import type { ContainerId, ContainerSpec, Gpu } from "#lib/ports/index.ts"
import { must } from "#lib/std/assert.ts"
import { ok, type Result } from "#lib/std/result.ts"
import type { Admission } from "./admission.ts"
import { taskEnvironment } from "./environment.ts"
import { executorLimits } from "./executor-limits.ts"
import type { Executors } from "./executors.ts"
import { freeGpus, gpuCount, gpuRefusal } from "./gpus.ts"
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
  taskKey,
  type ExecutorLaunch,
  type ExecutorProcess,
  type ExecutorRecord,
  type FrameworkRecord,
  type TaskLaunch,
} from "./records.ts"
import { containerStatus, emptyCheckStatus } from "./statuses.ts"
import {
  chooseMemberRuntime,
  chooseRuntime,
  executorRefusal,
  groupRefusal,
  type Refusal,
  type RuntimeChoice,
} from "./task-support.ts"
import type { Turn } from "./turn.ts"
import type { AgentLimits, AgentOptions, SandboxLink } from "./types.ts"
import { executorLinks, volumeRefusal } from "./volumes.ts"
import type { Workload } from "./workload.ts"

/** A longer command is cut to this many characters in the name of its executor, as Mesos does. */
const COMMAND_IN_NAME_LENGTH = 15

/** What launching needs of the rest of the agent. */
export type LauncherParts = {
  readonly options: AgentOptions
  readonly limits: AgentLimits
  readonly ids: IdSource
  readonly workload: Workload
  readonly lifecycle: Lifecycle
  readonly agentId: () => AgentId | undefined
  readonly admission: Admission
  readonly executors: Executors
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

/** For whom a container is made. */
type ContainerOwner = {
  readonly framework: FrameworkRecord
  readonly info: ExecutorInfo
  readonly kind: ExecutorLaunch["kind"]
}

/** Takes tasks and task groups that the master sends: refuses, or records and launches them. */
export class Launcher {
  readonly #parts: LauncherParts

  constructor(parts: LauncherParts) {
    this.#parts = parts
  }

  /** One task that brings its own command: it gets an executor of its own name. */
  runTask(turn: Turn, message: RunTask): void {
    const { admission, ids, options, workload } = this.#parts
    const { framework: info, task, acceptedAt } = message
    const frameworkId = must(info.id, "the master names the framework of a task")
    if (task.executor !== undefined && isCustom(task.executor))
      return this.#runInExecutor(turn, message, task.executor, { tasks: [task] })
    if (admission.repeated(turn, frameworkId, task, acceptedAt)) return
    const executorId = task.taskId as string as ExecutorId
    const choice = chooseRuntime(task, options)
    const refusal =
      admission.framework(frameworkId, info) ??
      executorRefusal(task.executor) ??
      admission.resources(info, [task.resources]) ??
      gpuRefusal(this.#freeGpus(), [task.resources]) ??
      (choice.ok ? volumeRefusal(task, choice.value, false) : undefined) ??
      admission.ownExecutor(frameworkId, executorId)
    if (refusal !== undefined || !choice.ok) {
      const why = refusal ?? (choice as { readonly error: Refusal }).error
      return admission.refuse(turn, { frameworkId, executorId, tasks: [task], acceptedAt }, why)
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
    const { admission, ids, options, workload } = this.#parts
    const { framework: info, executor: executorInfo, acceptedAt, taskGroup } = message
    if (isCustom(executorInfo)) return this.#runInExecutor(turn, message, executorInfo, taskGroup)
    const frameworkId = must(info.id, "the master names the framework of a task group")
    const tasks = (taskGroup.tasks ?? []).filter(
      (task) => !admission.repeated(turn, frameworkId, task, acceptedAt),
    )
    if (tasks.length === 0) return
    const { executorId } = executorInfo
    const choices = allOk(tasks.map((task) => chooseMemberRuntime(task, executorInfo, options)))
    const refusal =
      admission.arrival(frameworkId, message, executorId) ??
      groupRefusal(taskGroup) ??
      admission.resources(info, [
        executorInfo.resources,
        ...tasks.map(({ resources }) => resources),
      ]) ??
      gpuRefusal(
        this.#freeGpus(),
        tasks.map(({ resources }) => resources),
      ) ??
      (choices.ok ? groupVolumeRefusal(tasks, choices.value) : undefined) ??
      admission.defaultExecutor(frameworkId, executorId)
    if (refusal !== undefined || !choices.ok) {
      const why = refusal ?? (choices as { readonly error: Refusal }).error
      const refused = { ...message, frameworkId, executorId, tasks }
      return admission.refuseWithExecutor(turn, refused, why)
    }
    const framework = workload.ensureFramework(turn, frameworkId, info)
    const executor = this.#defaultExecutor(turn, framework, executorInfo)
    const { containerId: parent, directory } = executor.launch
    // One member makes the link to a new run: two at once would get in each other's way.
    const isNew = executor.tasks.size === 0
    const newest = isNew ? [latestRunLink(this.#place(frameworkId, executorId), parent)] : []
    const { workDir } = options
    const volumes = executorLinks(executorInfo.resources, { workDir, sandbox: directory })
    const group = workload.nextOrder()
    const members = tasks.map((task, index): Arrival => {
      const child = ids.uuid()
      return {
        info: task,
        containerId: `${parent}.${child}` as ContainerId,
        sandbox: nestedSandbox(directory, child),
        directories: [directory, taskLinks(directory)],
        links: [
          ...(index === 0 ? [...newest, ...(isNew ? volumes : [])] : []),
          taskLink(directory, task.taskId, child),
        ],
        group,
        choice: must(choices.value[index], "every member has a runtime"),
      }
    })
    this.#launch(turn, executor, acceptedAt, members)
  }

  /** Tasks that bring an executor with a program of its own: it is started, unless it runs already. */
  #runInExecutor(
    turn: Turn,
    message: RunTask | RunTaskGroup,
    info: ExecutorInfo,
    group: TaskGroupInfo,
  ): void {
    const { admission, executors, options, workload } = this.#parts
    const { framework: owner, acceptedAt } = message
    const frameworkId = must(owner.id, "the master names the framework of a task")
    const tasks = (group.tasks ?? []).filter(
      (task) => !admission.repeated(turn, frameworkId, task, acceptedAt),
    )
    if (tasks.length === 0) return
    const process = this.#processTask(info, tasks)
    const choice = chooseRuntime(process, options)
    const running = workload.framework(frameworkId)?.executors.get(info.executorId)
    const refusal =
      admission.arrival(frameworkId, message, info.executorId) ??
      admission.resources(owner, [process.resources]) ??
      gpuRefusal(this.#freeGpus(), running === undefined ? [process.resources] : []) ??
      (choice.ok ? volumeRefusal(process, choice.value, false) : choice.error) ??
      (message.kind === "runTaskGroup" ? groupRefusal(group) : undefined) ??
      admission.customExecutor(owner, info, tasks)
    if (refusal !== undefined || !choice.ok) {
      const why = refusal ?? (choice as { readonly error: Refusal }).error
      const refused = { ...message, frameworkId, executorId: info.executorId, tasks }
      return admission.refuseWithExecutor(turn, refused, why)
    }
    const framework = workload.ensureFramework(turn, frameworkId, owner)
    const executor =
      running ??
      this.#customExecutor(turn, framework, info, { task: process, choice: choice.value })
    const number = message.kind === "runTaskGroup" ? { group: workload.nextOrder() } : {}
    for (const task of tasks) {
      const kept = taskWithoutSecrets(task)
      this.#queue(turn, executor, { info: kept, acceptedAt, ...number })
    }
    if (running === undefined) executors.launch(turn, executor, process)
    executors.queued(turn, executor, tasks)
  }

  /** The process of an executor as a task, with what its first tasks need. */
  #processTask(info: ExecutorInfo, tasks: readonly TaskInfo[]): TaskInfo {
    const { enableCfs = false } = this.#parts.options
    const limits = executorLimits(info.resources ?? [], tasks, enableCfs)
    return {
      name: info.name ?? info.executorId,
      taskId: info.executorId as string as TaskId,
      agentId: must(this.#parts.agentId(), NO_ID),
      resources: sumResources([info, ...tasks].map(({ resources }) => resources ?? [])),
      ...(limits === undefined ? {} : { limits }),
      ...(info.command === undefined ? {} : { command: info.command }),
      ...(info.container === undefined ? {} : { container: info.container }),
      ...(info.labels === undefined ? {} : { labels: info.labels }),
    }
  }

  #customExecutor(
    turn: Turn,
    framework: FrameworkRecord,
    executorInfo: ExecutorInfo,
    { task, choice }: { readonly task: TaskInfo; readonly choice: RuntimeChoice },
  ): ExecutorRecord {
    const { ids, workload } = this.#parts
    const containerId = ids.uuid() as ContainerId
    const place = this.#place(framework.id, executorInfo.executorId)
    const directory = executorSandbox(place, containerId)
    const info = { ...executorWithoutSecrets(executorInfo), frameworkId: framework.id }
    const links = [latestRunLink(place, containerId)]
    const owner = { framework, info, kind: "custom" } as const
    const arrival = { info: task, containerId, sandbox: directory, directories: [], links, choice }
    return workload.addExecutor(turn, framework, {
      frameworkId: framework.id,
      info,
      kind: "custom",
      containerId,
      process: this.#container(owner, arrival),
      directory,
      order: workload.nextOrder(),
    })
  }

  /** Records a task that its executor runs. */
  #queue(
    turn: Turn,
    executor: ExecutorRecord,
    task: Pick<TaskLaunch, "info" | "acceptedAt" | "group">,
  ): void {
    const { workload } = this.#parts
    const launch: TaskLaunch = {
      ...task,
      frameworkId: executor.framework.id,
      executorId: executor.launch.info.executorId,
      executorContainerId: executor.launch.containerId,
      directories: [],
      links: [],
      order: workload.nextOrder(),
    }
    const key = taskKey(launch)
    workload.addTask(turn, executor, launch, { key, state: "TASK_STAGING", statuses: [] })
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
    const { framework, launch } = executor
    const { info, kind } = launch
    const { group } = arrival
    return {
      frameworkId: framework.id,
      executorId: info.executorId,
      executorContainerId: launch.containerId,
      info: taskWithoutSecrets(arrival.info),
      ...this.#container({ framework, info, kind }, arrival),
      ...(group === undefined ? {} : { group }),
      acceptedAt,
      order: this.#parts.workload.nextOrder(),
    }
  }

  /** The container for a task or an executor's process, and what is made around its sandbox. */
  #container(owner: ContainerOwner, arrival: Arrival): ExecutorProcess {
    const { containerId, choice, sandbox, directories, links } = arrival
    const info = taskWithoutSecrets(arrival.info)
    const gpus = this.#freeGpus().slice(0, gpuCount(info.resources))
    const shared = owner.kind === "default" ? owner.info.resources : undefined
    return {
      spec: {
        containerId,
        runtime: choice.runtime,
        task: runtimeForm(choice.runtime, info),
        sandbox,
        ...(owner.kind === "default" && owner.info.container !== undefined
          ? { groupContainer: owner.info.container }
          : {}),
        ...this.#user(owner.framework.info, info),
        environment: this.#environment(owner, arrival, gpus),
        ...(gpus.length === 0 ? {} : { gpus }),
        ...(shared === undefined ? {} : { shared }),
      },
      directories,
      links,
    }
  }

  #environment(
    { framework, info: executor, kind }: ContainerOwner,
    { info, containerId, choice, sandbox }: Arrival,
    gpus: readonly Gpu[],
  ): Readonly<Record<string, string>> {
    const { options, limits } = this.#parts
    const period = info.killPolicy?.gracePeriod?.nanoseconds
    return taskEnvironment({
      options,
      limits,
      agentId: must(this.#parts.agentId(), NO_ID),
      task: info,
      executor,
      executorKind: kind,
      containerId,
      runtime: choice.runtime,
      image: choice.image,
      sandbox,
      gpus,
      killGraceMs: period === undefined ? limits.killGraceMs : period / 1e6,
      checkpoint: framework.info.checkpoint ?? false,
    })
  }

  #user(framework: FrameworkInfo, task: TaskInfo): Pick<ContainerSpec, "user"> {
    const user = task.command?.user ?? framework.user
    return this.#parts.options.switchUser && user !== "" ? { user } : {}
  }

  #freeGpus(): readonly Gpu[] {
    return freeGpus(this.#parts.options.gpus ?? [], this.#parts.workload)
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
}

/** Whether the executor brings a program of its own. Source: apache/mesos: src/slave/slave.cpp. */
const isCustom = ({ type }: ExecutorInfo): boolean => type !== "DEFAULT"

const NO_ID = "tasks arrive after registration only"

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
