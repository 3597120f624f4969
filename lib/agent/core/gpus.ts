import { fromMilli, normalizeResources, scalarOf, type Resources } from "#lib/mesos/index.ts"
import type { ContainerSpec, Gpu } from "#lib/ports/index.ts"
import { isTerminal, lives } from "./records.ts"
import type { Refusal } from "./task-support.ts"
import type { Workload } from "./workload.ts"

/*
 * Which container has which GPU. What is stored of a container names its GPUs, and it holds them until
 * it has ended; nothing else is kept. Source: apache/mesos: src/slave/containerizer/mesos/isolators/gpu.
 */

/** How many GPUs are asked for. */
export const gpuCount = (resources: Resources | undefined): number =>
  fromMilli(scalarOf(normalizeResources(resources ?? []), "gpus"))

/** The GPUs of `all` that no container holds, in their order. */
export function freeGpus(
  all: readonly Gpu[],
  workload: Pick<Workload, "tasks" | "processes">,
): readonly Gpu[] {
  if (all.length === 0) return all
  const taken = new Set<string>()
  const hold = (spec: ContainerSpec | undefined): void => {
    for (const { uuid } of spec?.gpus ?? []) taken.add(uuid)
  }
  for (const { launch, progress } of workload.tasks())
    if (!isTerminal(progress.state)) hold(launch.spec)
  for (const executor of workload.processes)
    if (lives(executor)) hold(executor.launch.process?.spec)
  return all.filter(({ uuid }) => !taken.has(uuid))
}

/** Why a launch cannot have the GPUs that it asks for, or undefined. */
export function gpuRefusal(
  free: readonly Gpu[],
  asked: readonly (Resources | undefined)[],
): Refusal | undefined {
  const count = asked.reduce((sum, resources) => sum + gpuCount(resources), 0)
  if (count <= free.length) return undefined
  const state = "TASK_FAILED"
  const message = `Requested ${count} gpus but only ${free.length} available`
  return { state, reason: "REASON_CONTAINER_LAUNCH_FAILED", message }
}

/**
 * How CUDA and NVIDIA's container tools are told which GPUs to use: those of the container, or none.
 * Empty on a machine without GPUs.
 */
export function gpuVariables(
  all: readonly Gpu[],
  own: readonly Gpu[],
): Readonly<Record<string, string>> {
  if (all.length === 0) return {}
  const uuids = own.map(({ uuid }) => uuid).join(",")
  return {
    CUDA_VISIBLE_DEVICES: uuids,
    NVIDIA_VISIBLE_DEVICES: own.length === 0 ? "void" : uuids,
  }
}
