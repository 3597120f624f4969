import type { TaskInfo } from "#lib/mesos/index.ts"
import type { ContainerSpec } from "#lib/ports/index.ts"
import { dockerForm } from "./docker-form.ts"
import { containerOf, type TaskRecord } from "./records.ts"
import type { AgentEffect } from "./types.ts"
import { volumeNeeds } from "./volumes.ts"

/** The task as its runtime reads it. */
export const runtimeForm = (runtime: ContainerSpec["runtime"], task: TaskInfo): TaskInfo =>
  runtime === "docker" ? dockerForm(task) : task

/**
 * The order to launch a task's container. `arrived` is the task as it came from the master: values of
 * secrets are in no book, so that a later life of the agent, which has none, launches only what needs
 * none of them.
 */
export function launchOrder(
  workDir: string,
  task: TaskRecord,
  arrived: TaskInfo = task.launch.info,
): Extract<AgentEffect, { readonly kind: "launch" }> {
  const { directories, links } = task.launch
  const spec = containerOf(task)
  const { launch } = task.executor
  const parent =
    launch.kind === "default"
      ? { directory: launch.directory, resources: launch.info.resources }
      : undefined
  const { runtime, sandbox } = spec
  return {
    kind: "launch",
    spec: { ...spec, task: runtimeForm(runtime, arrived) },
    directories,
    links,
    ...volumeNeeds(arrived, { workDir, runtime, sandbox, parent }),
  }
}
