import {
  persistentVolumes,
  reservationRole,
  type Resource,
  type Resources,
  type TaskInfo,
} from "#lib/mesos/index.ts"
import { must } from "#lib/std/assert.ts"
import type { Refusal } from "./task-support.ts"
import type { SandboxLink } from "./types.ts"

/** A persistent volume on disk. */
export type VolumePlace = {
  readonly path: string
  /** Whether the path is a disk of its own: its content goes with the volume, it stays. */
  readonly isMount: boolean
}

/**
 * Where the data of a persistent volume lies: below the work directory, or on the disk it is part of.
 * Source: apache/mesos: src/slave/paths.cpp (getPersistentVolumePath).
 */
export function volumePlace(workDir: string, volume: Resource): VolumePlace {
  const { persistence, source } = must(volume.disk, "a volume has a disk")
  const { id } = must(persistence, "a volume is persistent")
  const mount = source?.type === "MOUNT" ? source.mount?.root : undefined
  if (mount !== undefined) return { path: absolute(workDir, mount), isMount: true }
  const root = source?.path?.root
  const base = root === undefined ? workDir : absolute(workDir, root)
  // Roles have no spaces, so that no two of them share a directory.
  const role = reservationRole(volume).replaceAll("/", " ")
  return { path: `${base}/volumes/roles/${role}/${id}`, isMount: false }
}

const absolute = (workDir: string, root: string): string =>
  root.startsWith("/") ? root : `${workDir}/${root}`

const volumesOf = (task: TaskInfo): Resources => persistentVolumes(task.resources ?? [])

const pathOf = (volume: Resource): string => volume.disk?.volume?.containerPath ?? ""

/** Why a task cannot have its volumes, or undefined. */
export function volumeRefusal(task: TaskInfo, image: boolean): Refusal | undefined {
  for (const volume of volumesOf(task)) {
    const path = pathOf(volume)
    const parts = path.split("/")
    if (path === "" || parts.includes(".."))
      return invalid(`The container path '${path}' of a volume must not lead out of the sandbox`)
    if (path.startsWith("/") && !image)
      return invalid(
        `The container path '${path}' of a volume is absolute, which needs a container image: make it relative to the sandbox`,
      )
  }
  return undefined
}

const invalid = (message: string): Refusal => ({
  state: "TASK_ERROR",
  reason: "REASON_TASK_INVALID",
  message,
})

/** The directories of a task's volumes, made when it starts if they are not there. */
export const volumeDirectories = (workDir: string, task: TaskInfo): readonly string[] =>
  volumesOf(task).map((volume) => volumePlace(workDir, volume).path)

/** The links by which a task without an image finds its volumes in its sandbox. */
export const volumeLinks = (
  workDir: string,
  task: TaskInfo,
  sandbox: string,
): readonly SandboxLink[] =>
  volumesOf(task).map((volume) => ({
    link: `${sandbox}/${pathOf(volume)}`,
    target: volumePlace(workDir, volume).path,
  }))

/** The task with its persistent volumes as host volumes, as a container with an image mounts them. */
export function withHostVolumes(workDir: string, task: TaskInfo): TaskInfo {
  const volumes = volumesOf(task)
  if (volumes.length === 0 || task.container === undefined) return task
  const mounts = volumes.map((volume) => ({
    mode: volume.disk?.volume?.mode ?? "RW",
    containerPath: pathOf(volume),
    hostPath: volumePlace(workDir, volume).path,
  }))
  const { container } = task
  return {
    ...task,
    container: { ...container, volumes: [...(container.volumes ?? []), ...mounts] },
  }
}
