import type { AgentId, ExecutorId, FrameworkId, TaskId } from "#lib/mesos/index.ts"
import type { ContainerId } from "#lib/ports/index.ts"
import type { SandboxLink } from "./types.ts"

/** Where an executor's sandboxes lie: one directory for all of its runs. */
export type ExecutorPlace = {
  readonly workDir: string
  readonly agentId: AgentId
  readonly frameworkId: FrameworkId
  readonly executorId: ExecutorId
}

/**
 * The sandbox of one run of an executor.
 * Source: apache/mesos: src/slave/paths.cpp (getExecutorRunPath).
 */
export function executorSandbox(place: ExecutorPlace, containerId: ContainerId): string {
  return `${runsDirectory(place)}/${containerId}`
}

/** The link from "runs/latest" to the newest run. */
export function latestRunLink(place: ExecutorPlace, containerId: ContainerId): SandboxLink {
  return { link: `${runsDirectory(place)}/latest`, target: containerId }
}

/** The sandbox of a container nested in an executor. `child` is the last part of its id. */
export function nestedSandbox(executorDirectory: string, child: string): string {
  return `${executorDirectory}/containers/${child}`
}

/** Where an executor's sandbox holds the links to those of its tasks. */
export const taskLinks = (executorDirectory: string): string => `${executorDirectory}/tasks`

/** The link from "tasks/<task id>" in an executor's sandbox to the sandbox of the task. */
export function taskLink(executorDirectory: string, taskId: TaskId, child: string): SandboxLink {
  return { link: `${taskLinks(executorDirectory)}/${taskId}`, target: `../containers/${child}` }
}

/**
 * Where containers with an image write what is not in their sandbox, each in a directory by its id.
 * Source: apache/mesos: src/slave/containerizer/mesos/provisioner/paths.hpp.
 */
export const imageRoots = (workDir: string): string => `${workDir}/provisioner/containers`

function runsDirectory({ workDir, agentId, frameworkId, executorId }: ExecutorPlace): string {
  return `${workDir}/slaves/${agentId}/frameworks/${frameworkId}/executors/${executorId}/runs`
}
