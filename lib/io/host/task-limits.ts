import { limitOf, type TaskInfo } from "#lib/mesos/index.ts"
import { resourcesOf, scalar } from "./task-resources.ts"

/** Below these the kernel refuses, or programs die at once. Source: apache/mesos: docs/isolators. */
const CPU_SHARES_MIN = 2
const CPU_WEIGHT_MAX = 10_000
const CPU_QUOTA_MIN_US = 1000
const MEMORY_MIN_BYTES = 32 * 1024 * 1024

/** Shares of one cpu, and of one that may be taken back at any time. */
const CPU_SHARES = { ordinary: 1024, revocable: 10 }
const CPU_WEIGHT = { ordinary: 100, revocable: 1 }

/** The kernel counts the use of cpus over this long. */
export const CPU_PERIOD_US = 100_000

/** What a task may use, in the kernel's units; what is absent is not limited. */
export type TaskLimits = {
  /** Weight against others, in version 1 of cgroups. */
  readonly cpuShares?: number | undefined
  /** The same in version 2. */
  readonly cpuWeight?: number | undefined
  /** Microseconds of processor time in each `CPU_PERIOD_US`. */
  readonly cpuQuotaUs?: number | undefined
  /** What the kernel leaves to the task when memory is short: what it asked for. */
  readonly memorySoftBytes?: number | undefined
  readonly memoryHardBytes?: number | undefined
  /** What memory and swap together may take; swap alone is not limited where it is absent. */
  readonly memorySwapBytes?: number | undefined
  /** How much sooner than others the task's processes die when the machine's memory is used up. */
  readonly oomScoreAdj?: number | undefined
}

/** How limits follow from resources. */
export type LimitOptions = {
  /** Whether cpus that a task asked for are a limit too, where it names none. */
  readonly enableCfs?: boolean | undefined
  /** Whether the limit of memory is one of memory and swap together. */
  readonly limitSwap?: boolean | undefined
  /** Memory of the machine in bytes; without it there is no `oomScoreAdj`. */
  readonly machineBytes?: number | undefined
}

/**
 * The limits of a task by what it asked for and by its `limits`, where Infinity means none.
 * Source: apache/mesos: docs/isolators/cgroups-cpu.md, src/slave/containerizer/mesos/isolators/cgroups.
 */
export function taskLimits(task: TaskInfo, options: LimitOptions = {}): TaskLimits {
  return { ...cpuLimits(task, options), ...memoryLimits(task, options) }
}

/** What the kernel writes and takes for no limit, by version of cgroups. */
export const NO_LIMIT = { 1: "-1", 2: "max" } as const

/** Whether a limit in the words of the kernel is above another. */
export const raisesLimit = (value: string, before: string): boolean =>
  amount(value) > amount(before)

const amount = (text: string): number => {
  const word = text.trim()
  return word === NO_LIMIT[1] || word === NO_LIMIT[2] ? Infinity : Number(word)
}

/** Whether nothing bounds the memory of a task that asks for some. */
export const unlimitedMemory = ({ memorySoftBytes, memoryHardBytes }: TaskLimits): boolean =>
  memorySoftBytes !== undefined && memoryHardBytes === undefined

function cpuLimits(task: TaskInfo, { enableCfs = false }: LimitOptions): TaskLimits {
  const cpus = scalar(task, "cpus")
  const revocable = resourcesOf(task, "cpus").some((each) => each.revocable !== undefined)
  const kind = revocable ? "revocable" : "ordinary"
  const limit = limitOf(task.limits, "cpus") ?? (enableCfs ? cpus : undefined)
  return {
    ...(cpus === undefined
      ? {}
      : {
          cpuShares: Math.max(CPU_SHARES_MIN, Math.floor(cpus * CPU_SHARES[kind])),
          cpuWeight: Math.min(CPU_WEIGHT_MAX, Math.max(1, Math.floor(cpus * CPU_WEIGHT[kind]))),
        }),
    ...(limit === undefined || !Number.isFinite(limit)
      ? {}
      : { cpuQuotaUs: Math.max(CPU_QUOTA_MIN_US, Math.floor(limit * CPU_PERIOD_US)) }),
  }
}

function memoryLimits(task: TaskInfo, options: LimitOptions): TaskLimits {
  const { limitSwap = false, machineBytes } = options
  const request = scalar(task, "mem")
  const limit = limitOf(task.limits, "mem")
  const hard = limit ?? request
  const soft = request === undefined ? undefined : memoryBytes(request)
  const hardBytes = hard === undefined || !Number.isFinite(hard) ? undefined : memoryBytes(hard)
  const takesMore = limit !== undefined && request !== undefined && limit > request
  return {
    ...(soft === undefined ? {} : { memorySoftBytes: soft }),
    ...(hardBytes === undefined ? {} : { memoryHardBytes: hardBytes }),
    ...(hardBytes === undefined || !limitSwap ? {} : { memorySwapBytes: hardBytes }),
    ...(takesMore && machineBytes !== undefined && soft !== undefined
      ? { oomScoreAdj: scoreAdjustment(soft, machineBytes) }
      : {}),
  }
}

/** A limit of memory in bytes, not below what programs need to run at all. */
export const memoryBytes = (mebibytes: number): number =>
  Math.max(MEMORY_MIN_BYTES, Math.floor(mebibytes * 1024 * 1024))

/** Whoever promised little and takes much is the first to go when the machine runs out. */
const scoreAdjustment = (promisedBytes: number, machineBytes: number): number =>
  Math.min(999, Math.max(2, 1000 - Math.floor((1000 * promisedBytes) / machineBytes)))
