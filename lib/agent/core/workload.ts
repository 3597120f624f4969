import type { ExecutorId, FrameworkId, FrameworkInfo, TaskId, TaskState } from "#lib/mesos/index.ts"
import type { ContainerId } from "#lib/ports/index.ts"
import { assert, must } from "#lib/std/assert.ts"
import { keys, put, remove, type Recovered } from "./checkpoint.ts"
import {
  isTerminal,
  lives,
  taskKey,
  type ExecutorLaunch,
  type ExecutorProgress,
  type ExecutorRecord,
  type FrameworkRecord,
  type TaskLaunch,
  type TaskProgress,
  type TaskRecord,
} from "./records.ts"
import type { SandboxGc } from "./sandbox-gc.ts"
import type { Turn } from "./turn.ts"
import type { AgentLimits } from "./types.ts"

/**
 * The books of an agent: which frameworks, executors and tasks it runs and ran, each change stored.
 * It knows nothing of containers, messages or times; those who do call it.
 */
export class Workload {
  readonly #limits: AgentLimits
  readonly #gc: SandboxGc
  readonly #frameworks = new Map<FrameworkId, FrameworkRecord>()
  readonly #byContainer = new Map<ContainerId, TaskRecord>()
  /** Custom executors that are not history. */
  readonly #processes = new Map<ContainerId, ExecutorRecord>()
  /** The newest task of each id, history included. */
  readonly #byTask = new Map<string, TaskRecord>()
  #nextOrder = 0

  constructor(limits: AgentLimits, gc: SandboxGc, stored: Recovered) {
    this.#limits = limits
    this.#gc = gc
    this.#restore(stored)
  }

  /** Every framework that has or had executors here, in order of arrival. */
  get frameworks(): Iterable<FrameworkRecord> {
    return this.#frameworks.values()
  }

  /** Tasks that are not history, in order of arrival within their executor. */
  *tasks(): Generator<TaskRecord> {
    for (const framework of this.#frameworks.values())
      for (const executor of framework.executors.values()) yield* executor.tasks.values()
  }

  framework(id: FrameworkId): FrameworkRecord | undefined {
    return this.#frameworks.get(id)
  }

  /** The newest task with these ids, which may be history. */
  task(frameworkId: FrameworkId, taskId: TaskId): TaskRecord | undefined {
    return this.#byTask.get(`${frameworkId}/${taskId}`)
  }

  /** The task of a container that is not history. */
  taskOf(containerId: ContainerId): TaskRecord | undefined {
    return this.#byContainer.get(containerId)
  }

  /** The custom executor in a container, unless it is history. */
  executorOf(containerId: ContainerId): ExecutorRecord | undefined {
    return this.#processes.get(containerId)
  }

  /** Custom executors that are not history. */
  get processes(): Iterable<ExecutorRecord> {
    return this.#processes.values()
  }

  /** A number that grows with everything that arrives. */
  nextOrder(): number {
    return this.#nextOrder++
  }

  /** The framework with its newest description; makes it known where it was not. */
  ensureFramework(turn: Turn, id: FrameworkId, info: FrameworkInfo): FrameworkRecord {
    const known = this.#frameworks.get(id)
    if (known !== undefined) {
      this.describeFramework(turn, known, info)
      return known
    }
    const framework: FrameworkRecord = {
      id,
      order: this.nextOrder(),
      info,
      terminating: false,
      executors: new Map(),
      completedExecutors: [],
      idleSince: undefined,
    }
    this.#frameworks.set(id, framework)
    this.#storeFramework(turn, framework)
    return framework
  }

  /** Takes over a newer description of a framework. */
  describeFramework(turn: Turn, framework: FrameworkRecord, info: FrameworkInfo): void {
    if (JSON.stringify(framework.info) === JSON.stringify(info)) return
    framework.info = info
    this.#storeFramework(turn, framework)
  }

  /** The master ended the framework. */
  terminateFramework(turn: Turn, framework: FrameworkRecord): void {
    if (framework.terminating) return
    framework.terminating = true
    this.#storeFramework(turn, framework)
  }

  addExecutor(turn: Turn, framework: FrameworkRecord, launch: ExecutorLaunch): ExecutorRecord {
    assert(!framework.executors.has(launch.info.executorId), "an executor runs once at a time")
    const executor: ExecutorRecord = {
      launch,
      process: launch.process === undefined ? undefined : { phase: "starting" },
      framework,
      tasks: new Map(),
      completedTasks: [],
      completedAt: undefined,
    }
    this.#keepExecutor(executor)
    if (framework.idleSince !== undefined) {
      framework.idleSince = undefined
      this.#storeFramework(turn, framework)
    }
    this.#storeExecutor(turn, executor)
    return executor
  }

  /** Notes what happened to the process of a custom executor. */
  setProcess(turn: Turn, executor: ExecutorRecord, process: ExecutorProgress): void {
    executor.process = process
    this.#storeExecutor(turn, executor)
  }

  addTask(
    turn: Turn,
    executor: ExecutorRecord,
    launch: TaskLaunch,
    progress: TaskProgress,
  ): TaskRecord {
    const containerId = launch.spec?.containerId
    const task: TaskRecord = { launch, progress, executor }
    executor.tasks.set(launch.info.taskId, task)
    if (containerId !== undefined) {
      assert(!this.#byContainer.has(containerId), `container ${containerId} holds one task`)
      this.#byContainer.set(containerId, task)
    }
    this.#byTask.set(nameOf(task), task)
    put(turn, "task", keys.task(progress.key), launch)
    put(turn, "progress", keys.progress(progress.key), progress)
    return task
  }

  setProgress(turn: Turn, task: TaskRecord, progress: TaskProgress): void {
    assert(
      !isTerminal(task.progress.state) || task.progress.state === progress.state,
      `task ${task.launch.info.taskId} has ended and cannot become ${progress.state}`,
    )
    task.progress = progress
    put(turn, "progress", keys.progress(progress.key), progress)
  }

  /** The task is history: its end is known to its framework. True when its executor ended with it. */
  completeTask(turn: Turn, task: TaskRecord): boolean {
    const { executor } = task
    assert(isTerminal(task.progress.state), "only a task that has ended becomes history")
    this.setProgress(turn, task, { ...task.progress, completedAt: turn.now })
    executor.tasks.delete(task.launch.info.taskId)
    if (task.launch.spec !== undefined) this.#byContainer.delete(task.launch.spec.containerId)
    executor.completedTasks.push(task)
    executor.completedTasks.sort(byTaskEnd)
    while (executor.completedTasks.length > this.#limits.completedTasksPerExecutor)
      this.#forgetTask(turn, must(executor.completedTasks.shift(), "there is an oldest task"))
    return this.completeExecutor(turn, executor)
  }

  /** The executor is history once nothing of it is left: no task, and no process. True when it is. */
  completeExecutor(turn: Turn, executor: ExecutorRecord): boolean {
    if (executor.completedAt !== undefined) return true
    if (executor.tasks.size > 0 || lives(executor)) return false
    this.#completeExecutor(turn, executor)
    return true
  }

  #completeExecutor(turn: Turn, executor: ExecutorRecord): void {
    const { framework, launch } = executor
    executor.completedAt = turn.now
    this.#storeExecutor(turn, executor)
    framework.executors.delete(launch.info.executorId)
    this.#processes.delete(launch.containerId)
    framework.completedExecutors.push(executor)
    framework.completedExecutors.sort(byExecutorEnd)
    this.#gc.schedule(turn, launch.directory)
    while (framework.completedExecutors.length > this.#limits.completedExecutorsPerFramework)
      this.#forgetExecutor(turn, must(framework.completedExecutors.shift(), "there is an oldest"))
    if (framework.executors.size > 0) return
    framework.idleSince = turn.now
    this.#storeFramework(turn, framework)
    this.#forgetIdleFrameworks(turn)
  }

  #forgetIdleFrameworks(turn: Turn): void {
    const idle = [...this.#frameworks.values()]
      .filter(({ idleSince }) => idleSince !== undefined)
      .sort((a, b) => (a.idleSince ?? 0) - (b.idleSince ?? 0) || a.order - b.order)
    for (const framework of idle.slice(0, -this.#limits.completedFrameworks)) {
      for (const executor of framework.completedExecutors) this.#forgetExecutor(turn, executor)
      this.#frameworks.delete(framework.id)
      remove(turn, keys.framework(framework.id))
    }
  }

  #forgetExecutor(turn: Turn, executor: ExecutorRecord): void {
    for (const task of executor.completedTasks) this.#forgetTask(turn, task)
    remove(turn, keys.executor(executor.launch.containerId))
  }

  #forgetTask(turn: Turn, task: TaskRecord): void {
    const { key } = task.progress
    if (this.#byTask.get(nameOf(task)) === task) this.#byTask.delete(nameOf(task))
    remove(turn, keys.task(key))
    remove(turn, keys.progress(key))
  }

  #keepExecutor(executor: ExecutorRecord): void {
    const { launch, framework } = executor
    framework.executors.set(launch.info.executorId, executor)
    if (launch.process !== undefined) this.#processes.set(launch.containerId, executor)
  }

  #storeExecutor(turn: Turn, { launch, process, completedAt }: ExecutorRecord): void {
    put(turn, "executor", keys.executor(launch.containerId), {
      ...launch,
      ...(process === undefined ? {} : { progress: process }),
      ...(completedAt === undefined ? {} : { completedAt }),
    })
  }

  #storeFramework(turn: Turn, { id, info, order, terminating, idleSince }: FrameworkRecord): void {
    const stored = { id, info, order, terminating, idleSince }
    put(turn, "framework", keys.framework(id), stored)
  }

  #restore(stored: Recovered): void {
    for (const found of stored.framework.toSorted(byOrder)) {
      const { id, info, order, terminating, idleSince } = found
      const lists = { executors: new Map<ExecutorId, ExecutorRecord>(), completedExecutors: [] }
      this.#frameworks.set(id, { id, info, order, terminating, idleSince, ...lists })
      this.#seen(order)
    }
    const executors = new Map<ContainerId, ExecutorRecord>()
    for (const found of stored.executor.toSorted(byOrder)) {
      const { completedAt, progress, ...launch } = found
      const framework = must(
        this.#frameworks.get(launch.frameworkId),
        `the store holds executor ${launch.containerId} but not its framework`,
      )
      const executor: ExecutorRecord = {
        launch,
        process: progress,
        framework,
        tasks: new Map(),
        completedTasks: [],
        completedAt,
      }
      executors.set(launch.containerId, executor)
      if (completedAt === undefined) this.#keepExecutor(executor)
      else framework.completedExecutors.push(executor)
      this.#seen(launch.order)
    }
    this.#restoreTasks(stored, executors)
    for (const { completedExecutors } of this.#frameworks.values())
      completedExecutors.sort(byExecutorEnd)
  }

  #restoreTasks(stored: Recovered, executors: ReadonlyMap<ContainerId, ExecutorRecord>): void {
    const progress = new Map(stored.progress.map((found) => [found.key, found]))
    for (const launch of stored.task.toSorted(byOrder)) {
      const executor = must(
        executors.get(launch.executorContainerId),
        `the store holds task ${launch.info.taskId} but not its executor`,
      )
      const found = must(
        progress.get(taskKey(launch)),
        `the store holds task ${launch.info.taskId} but not its progress`,
      )
      const task: TaskRecord = { launch, progress: found, executor }
      this.#byTask.set(nameOf(task), task)
      if (found.completedAt === undefined) {
        executor.tasks.set(launch.info.taskId, task)
        if (launch.spec !== undefined) this.#byContainer.set(launch.spec.containerId, task)
      } else executor.completedTasks.push(task)
      this.#seen(launch.order)
    }
    for (const { completedTasks } of executors.values()) completedTasks.sort(byTaskEnd)
  }

  #seen(order: number): void {
    this.#nextOrder = Math.max(this.#nextOrder, order + 1)
  }
}

const nameOf = ({ launch }: TaskRecord): string => `${launch.frameworkId}/${launch.info.taskId}`

const byOrder = (a: { readonly order: number }, b: { readonly order: number }): number =>
  a.order - b.order

// History is kept in an order that can be read back from what is stored.
const byTaskEnd = (a: TaskRecord, b: TaskRecord): number =>
  (a.progress.completedAt ?? 0) - (b.progress.completedAt ?? 0) || byOrder(a.launch, b.launch)

const byExecutorEnd = (a: ExecutorRecord, b: ExecutorRecord): number =>
  (a.completedAt ?? 0) - (b.completedAt ?? 0) || byOrder(a.launch, b.launch)

/** How many tasks are in each state, history left out. */
export function countStates(tasks: Iterable<TaskRecord>): ReadonlyMap<TaskState, number> {
  const counts = new Map<TaskState, number>()
  for (const { progress } of tasks)
    counts.set(progress.state, (counts.get(progress.state) ?? 0) + 1)
  return counts
}
