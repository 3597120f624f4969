import { limitOf, type ResourceStatistics, type TaskInfo } from "#lib/mesos/index.ts"
import { scalar } from "./task-resources.ts"

/** What statistics say of a task's resources. */
export type TaskAllocation = Pick<
  ResourceStatistics,
  "cpusLimit" | "cpusSoftLimit" | "memLimitBytes" | "memSoftLimitBytes"
>

const MEBIBYTE = 1024 * 1024

/**
 * What a task asked for (the soft limits) and may take at most, which is the same where it names no
 * `limits`; nothing where it may take all there is.
 * Source: apache/mesos: src/slave/containerizer/docker.cpp (usage).
 */
export function allocationOf(task: TaskInfo): TaskAllocation {
  const cpus = scalar(task, "cpus")
  const mem = scalar(task, "mem")
  const cpusMost = limitOf(task.limits, "cpus") ?? cpus
  const memMost = limitOf(task.limits, "mem") ?? mem
  return {
    ...(cpusMost === undefined || !Number.isFinite(cpusMost) ? {} : { cpusLimit: cpusMost }),
    ...(cpus === undefined ? {} : { cpusSoftLimit: cpus }),
    ...(memMost === undefined || !Number.isFinite(memMost)
      ? {}
      : { memLimitBytes: Math.floor(memMost * MEBIBYTE) }),
    ...(mem === undefined ? {} : { memSoftLimitBytes: Math.floor(mem * MEBIBYTE) }),
  }
}
