import {
  persistentVolumes,
  sumResources,
  type Resource,
  type Resources,
  type TaskInfo,
} from "#lib/mesos/index.ts"
import type { ContainerId, ContainerSpec } from "#lib/ports/index.ts"
import { must } from "#lib/std/assert.ts"
import { executorLimits } from "./executor-limits.ts"
import { isTerminal, type ExecutorRecord } from "./records.ts"
import type { Turn } from "./turn.ts"
import type { VolumeRemovals } from "./volume-removals.ts"
import { volumeNeeds, volumePlace } from "./volumes.ts"

/** What sizing executors' containers needs. */
export type ExecutorSizesParts = {
  readonly workDir: string
  /** Whether cpus that tasks ask for are a limit too, where they name none. */
  readonly enableCfs: boolean
  readonly removals: VolumeRemovals
}

/**
 * Gives the containers of custom executors what their tasks need: an executor's container is sized to
 * the executor and the tasks that it has, and holds their volumes; both before a task reaches it.
 * Source: apache/mesos: src/slave/slave.cpp (_run, statusUpdate).
 */
export class ExecutorSizes {
  readonly #workDir: string
  readonly #enableCfs: boolean
  readonly #removals: VolumeRemovals
  /** What each container was given last. Of those of an earlier life nobody knows it any more. */
  readonly #given = new Map<ContainerId, string>()
  /** What containers are being given. */
  readonly #changing = new Map<ContainerId, string>()

  constructor({ workDir, enableCfs, removals }: ExecutorSizesParts) {
    this.#workDir = workDir
    this.#enableCfs = enableCfs
    this.#removals = removals
  }

  /**
   * The container is launched in this form: with what its tasks need, or, where an earlier life noted it
   * and was cut short, with what those needed that it had then.
   */
  launched(containerId: ContainerId, { resources = [], limits }: TaskInfo): void {
    const size = { resources, ...(limits === undefined ? {} : { limits }) }
    this.#given.set(containerId, JSON.stringify(size))
  }

  /** Whether the container has what its tasks need; if not it is asked for, and `resized` will tell. */
  settle(turn: Turn, executor: ExecutorRecord): boolean {
    const { containerId, process } = executor.launch
    const wanted = executorSize(executor, this.#enableCfs)
    const { resources } = wanted
    const size = JSON.stringify(wanted)
    if (this.#changing.has(containerId)) return false
    if (this.#given.get(containerId) === size) return true
    if (executor.process?.startedAt === undefined) return false
    if (this.#removals.holdUp(turn, resources)) return false
    this.#changing.set(containerId, size)
    const { spec } = must(process, "a custom executor has a process")
    const { runtime, sandbox } = spec
    const workDir = this.#workDir
    const added = { resources: addedVolumes(workDir, spec, resources) }
    const { volumes } = volumeNeeds(added, { runtime, sandbox, workDir })
    const { limits: _, ...task } = spec.task
    turn.out.push({ kind: "resize", spec: { ...spec, task: { ...task, ...wanted } }, volumes })
    return false
  }

  /** Whether data at a path keeps the container from being given what its tasks need. */
  waitsFor(path: string, executor: ExecutorRecord): boolean {
    return this.#removals.concerns(path, executorResources(executor))
  }

  /** The container was given what was asked for, or could not be. False when nothing was asked for. */
  resized(containerId: ContainerId): boolean {
    const size = this.#changing.get(containerId)
    if (size === undefined) return false
    this.#changing.delete(containerId)
    this.#given.set(containerId, size)
    return true
  }

  /** The container has ended. */
  forget(containerId: ContainerId): void {
    this.#given.delete(containerId)
    this.#changing.delete(containerId)
  }
}

/** The persistent volumes among these that a container was not launched with. */
export function addedVolumes(
  workDir: string,
  spec: ContainerSpec,
  resources: Resources,
): Resources {
  const at = (volume: Resource): string =>
    `${volumePlace(workDir, volume).path} ${volume.disk?.volume?.containerPath}`
  const had = new Set(persistentVolumes(spec.task.resources ?? []).map(at))
  return persistentVolumes(resources).filter((volume) => !had.has(at(volume)))
}

/** What an executor and its tasks that have not ended use together. */
export function executorResources(executor: ExecutorRecord): Resources {
  const infos = [executor.launch.info, ...liveTasks(executor)]
  return sumResources(infos.map(({ resources }) => resources ?? []))
}

/** What an executor's container is to have, as members of a task. */
export function executorSize(
  executor: ExecutorRecord,
  enableCfs: boolean,
): Pick<TaskInfo, "limits"> & { readonly resources: Resources } {
  const own = executor.launch.info.resources ?? []
  const limits = executorLimits(own, liveTasks(executor), enableCfs)
  const resources = executorResources(executor)
  return { resources, ...(limits === undefined ? {} : { limits }) }
}

const liveTasks = ({ tasks }: ExecutorRecord): readonly TaskInfo[] =>
  [...tasks.values()]
    .filter(({ progress }) => !isTerminal(progress.state))
    .map(({ launch }) => launch.info)
