import {
  renderResources,
  type AgentId,
  type ExecutorId,
  type ExecutorInfo,
  type FrameworkId,
  type FrameworkInfo,
  type Resource,
  type Resources,
  type TaskId,
  type TaskInfo,
} from "#lib/mesos/index.ts"
import type { ContainerSpec } from "#lib/ports/index.ts"
import { must } from "#lib/std/assert.ts"
import { addedVolumes, executorResources } from "./executor-sizes.ts"
import { gpuCount } from "./gpus.ts"
import { hasCapability, lives, type ExecutorLaunch, type ExecutorRecord } from "./records.ts"
import type { StatusStreams } from "./status-streams.ts"
import { groupInvalid, type Refusal } from "./task-support.ts"
import { say, type Turn } from "./turn.ts"
import type { AgentOptions } from "./types.ts"
import type { Workload } from "./workload.ts"

/** Refused tasks that are remembered: as many as may be on their way twice. */
const REFUSED_MAX = 1_000

/** What admission needs of the rest of the agent. */
export type AdmissionParts = {
  readonly options: Pick<AgentOptions, "workDir">
  readonly streams: StatusStreams
  readonly workload: Workload
  readonly agentId: () => AgentId | undefined
  readonly draining: () => boolean
  /** What of these the agent does not have: reservations and volumes it never heard of. */
  readonly unknownResources: (resources: Resources) => Resources
}

/** Whose tasks are refused. */
export type Refused = {
  readonly frameworkId: FrameworkId
  readonly executorId: ExecutorId
  readonly tasks: readonly TaskInfo[]
  /** When the master accepted them. */
  readonly acceptedAt: number
  /** Whether the master counts an executor that was to start with them; absent, it may. */
  readonly launchExecutor?: boolean | undefined
}

/** What brings tasks. */
export type Arriving = Pick<Refused, "launchExecutor"> & { readonly framework: FrameworkInfo }

/** Decides whether tasks that the master sends may start here, and tells their frameworks why not. */
export class Admission {
  readonly #parts: AdmissionParts
  /** When the tasks were accepted that were refused last, by framework and task. */
  readonly #refused = new Map<string, number>()

  constructor(parts: AdmissionParts) {
    this.#parts = parts
  }

  /** Whether the message was seen before, or names a task that still runs. */
  repeated(turn: Turn, frameworkId: FrameworkId, task: TaskInfo, acceptedAt: number): boolean {
    const { streams, workload } = this.#parts
    const known = workload.task(frameworkId, task.taskId)
    if (known === undefined) {
      const refusedAt = this.#refused.get(refusedKey(frameworkId, task.taskId)) ?? -Infinity
      return refusedAt >= acceptedAt || streams.pending(frameworkId, task.taskId).length > 0
    }
    if (known.launch.acceptedAt >= acceptedAt) return true
    if (known.progress.completedAt !== undefined) return false
    const fields = { task: task.taskId, framework: frameworkId }
    say(turn, "warn", "ignores the launch of a task id that is in use", fields)
    return true
  }

  /** Why nothing of this framework may start now. */
  framework(id: FrameworkId, info: FrameworkInfo): Refusal | undefined {
    const state = dropped(info)
    if (this.#parts.workload.framework(id)?.terminating)
      return { state, reason: "REASON_EXECUTOR_TERMINATED", message: "The framework is ending" }
    if (this.#parts.draining())
      return { state, reason: "REASON_AGENT_DRAINING", message: "The agent is draining" }
    return undefined
  }

  /** Why nothing of this message may start now. */
  arrival(id: FrameworkId, message: Arriving, executorId: ExecutorId): Refusal | undefined {
    const { framework, launchExecutor } = message
    const refusal = this.framework(id, framework)
    if (refusal !== undefined || launchExecutor !== false) return refusal
    if (this.#executor(id, executorId) !== undefined) return undefined
    // It ended, and the master did not count it for these tasks: it has not heard of that yet.
    return {
      state: dropped(framework),
      reason: "REASON_EXECUTOR_TERMINATED",
      message: "No executor is expected to launch and there is none running",
    }
  }

  /** Why what the launch uses is not there: an operation before it never arrived, or was undone. */
  resources(info: FrameworkInfo, used: readonly (Resources | undefined)[]): Refusal | undefined {
    const missing = used.flatMap((resources) => this.#parts.unknownResources(resources ?? []))
    if (missing.every((resource) => !isReserved(resource))) return undefined
    return {
      state: dropped(info),
      reason: "REASON_RESOURCES_UNKNOWN",
      message: `The agent does not have ${renderResources(missing)}`,
    }
  }

  /** Why a command task cannot have an executor of its own name. */
  ownExecutor(frameworkId: FrameworkId, executorId: ExecutorId): Refusal | undefined {
    if (this.#executor(frameworkId, executorId) === undefined) return undefined
    const message = `'${executorId}' is the id of an executor that runs: choose another task id`
    return { state: "TASK_ERROR", reason: "REASON_TASK_INVALID", message }
  }

  /** Why a group cannot join the built-in executor of its choice. */
  defaultExecutor(frameworkId: FrameworkId, executorId: ExecutorId): Refusal | undefined {
    const kind = this.#executor(frameworkId, executorId)?.launch.kind
    return kind === undefined || kind === "default"
      ? undefined
      : groupInvalid(taken(kind, executorId))
  }

  /** Why tasks cannot join the custom executor of their choice. */
  customExecutor(
    info: FrameworkInfo,
    { executorId }: ExecutorInfo,
    tasks: readonly TaskInfo[],
  ): Refusal | undefined {
    const executor = info.id && this.#executor(info.id, executorId)
    if (executor === undefined) return undefined
    const { kind } = executor.launch
    if (kind !== "custom")
      return {
        state: "TASK_ERROR",
        reason: "REASON_TASK_INVALID",
        message: taken(kind, executorId),
      }
    const { phase } = must(executor.process, "a custom executor has a process")
    if (phase !== "ending" && phase !== "ended") return this.#growth(info, executor, tasks)
    const message = phase === "ending" ? "Executor is terminating" : "Executor terminated"
    return { state: dropped(info), reason: "REASON_EXECUTOR_TERMINATED", message }
  }

  /** Why a container cannot be given what tasks need that join the executor in it. */
  #growth(
    info: FrameworkInfo,
    executor: ExecutorRecord,
    tasks: readonly TaskInfo[],
  ): Refusal | undefined {
    const { spec } = must(executor.launch.process, "a custom executor has a process")
    const resources = tasks.flatMap((task) => task.resources ?? [])
    const lacksGpus =
      gpuCount(resources) > 0 &&
      gpuCount([...executorResources(executor), ...resources]) > (spec.gpus?.length ?? 0)
    const lacksVolumes =
      !takesVolumesLater(spec) &&
      addedVolumes(this.#parts.options.workDir, spec, resources).length > 0
    if (!lacksGpus && !lacksVolumes) return undefined
    const late = lacksGpus ? "GPUs" : "volumes"
    return {
      state: hasCapability(info, "PARTITION_AWARE") ? "TASK_GONE" : "TASK_LOST",
      reason: "REASON_CONTAINER_UPDATE_FAILED",
      message: `The executor's container takes ${late} at its launch only: choose another executor id`,
    }
  }

  /** The tasks never exist here; their framework hears why. */
  refuse(turn: Turn, refused: Refused, refusal: Refusal): void {
    const { frameworkId, executorId, tasks, acceptedAt } = refused
    const agentId = must(this.#parts.agentId(), "tasks arrive after registration only")
    for (const { taskId } of tasks) {
      this.#remember(refusedKey(frameworkId, taskId), acceptedAt)
      const fields = { task: taskId, framework: frameworkId, reason: refusal.message }
      say(turn, "warn", "refuses a task", fields)
      this.#parts.streams.push(turn, frameworkId, {
        ...refusal,
        taskId,
        source: "SOURCE_AGENT",
        agentId,
        executorId,
        timestamp: turn.now / 1000,
      })
    }
  }

  /**
   * Refuses tasks that brought an executor. The master counts what that takes from the launch on, and
   * hears that there is none, or none any more.
   */
  refuseWithExecutor(turn: Turn, refused: Refused, refusal: Refusal): void {
    this.refuse(turn, refused, refusal)
    const { frameworkId, executorId, launchExecutor } = refused
    // One that was to run already is told of by its own end, which may be on its way.
    if (launchExecutor === false) return
    const executor = this.#executor(frameworkId, executorId)
    if (executor !== undefined && (executor.launch.kind === "default" || lives(executor))) return
    turn.out.push({
      kind: "send",
      message: { kind: "executorExited", frameworkId, executorId, status: -1 },
    })
  }

  /** A second copy of the message may come when the reason for the refusal is gone. */
  #remember(key: string, acceptedAt: number): void {
    this.#refused.delete(key)
    this.#refused.set(key, acceptedAt)
    for (const oldest of this.#refused.keys()) {
      if (this.#refused.size <= REFUSED_MAX) return
      this.#refused.delete(oldest)
    }
  }

  #executor(frameworkId: FrameworkId, executorId: ExecutorId) {
    return this.#parts.workload.framework(frameworkId)?.executors.get(executorId)
  }
}

const refusedKey = (frameworkId: FrameworkId, taskId: TaskId): string => `${frameworkId}/${taskId}`

const isReserved = ({ reservations, disk }: Resource): boolean =>
  reservations.length > 0 || disk?.persistence !== undefined

/** How a task ends that never started. */
const dropped = (info: FrameworkInfo) =>
  hasCapability(info, "PARTITION_AWARE") ? ("TASK_DROPPED" as const) : ("TASK_LOST" as const)

const taken = (kind: ExecutorLaunch["kind"], executorId: ExecutorId): string =>
  kind === "command"
    ? `'${executorId}' is the id of a task that runs: choose another executor id`
    : `'${executorId}' is the id of an executor of another type that runs: choose another executor id`

/**
 * Whether a container that runs can be given volumes. One with an image sees none of the machine's paths,
 * and Docker mounts at the launch only; Mesos, too, updates no volumes of Docker's.
 * Source: apache/mesos: src/slave/containerizer/docker.cpp (update).
 */
const takesVolumesLater = ({ runtime, task: { container } }: ContainerSpec): boolean =>
  runtime === "process" ||
  (runtime === "runc" && container?.mesos?.image === undefined && container?.docker === undefined)
