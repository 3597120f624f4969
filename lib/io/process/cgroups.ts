import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs"
import type { ContainerExit, ContainerId, ContainerSpec } from "#lib/ports/index.ts"
import { errorCode, errorText } from "#lib/io/host/files.ts"
import { memoryLimitation } from "#lib/io/host/memory-limitation.ts"
import {
  CPU_PERIOD_US,
  NO_LIMIT,
  raisesLimit,
  taskLimits,
  unlimitedMemory,
} from "#lib/io/host/task-limits.ts"
import type { TaskLimits } from "#lib/io/host/task-limits.ts"
import { sharesLimits } from "./memory-excess.ts"

/** Beyond these a container ends, so they only grow. */
const HARD_LIMITS = /\/memory\.(?:max|limit_in_bytes|memsw\.limit_in_bytes)$/

/** A cgroup to make: where, what to write into it, in order, and whether the kernel may lack the file. */
type Group = {
  readonly path: string
  readonly settings: readonly (readonly [file: string, value: string])[]
}

/** Which limits the kernel keeps. */
export type CgroupOptions = {
  /** The group above all containers': one for each agent of a machine. */
  readonly name: string
  readonly cpu: boolean
  readonly memory: boolean
  /** Whether cpus that a task asked for are a limit too, where it names none. */
  readonly enableCfs?: boolean | undefined
  /** Whether the limit of memory is one of memory and swap together. */
  readonly limitSwap?: boolean | undefined
}

/** The group of an agent's containers: two agents of one machine must not take each other's for theirs. */
export const agentCgroup = (workDir: string): string => `dcos-${Bun.hash(workDir).toString(36)}`

/** Why the kernel cannot limit process containers here, for people; undefined where it can. */
export function cgroupProblem(name: string): string | undefined {
  if (process.getuid?.() !== 0) return "it needs an agent that runs as root"
  const cgroups = new Cgroups({ name, cpu: true, memory: true })
  try {
    cgroups.prepare()
    return undefined
  } catch (cause) {
    return errorText(cause)
  } finally {
    cgroups.close()
  }
}

/**
 * Limits of process containers by cgroups: shares of cpus, a hard limit for memory. Version 2 where
 * it is mounted at the root, otherwise the hierarchies `cpu` and `memory` of version 1. Needs root.
 */
export class Cgroups {
  readonly #mount: string
  readonly #name: string
  readonly #kinds: readonly ("cpu" | "memory")[]
  readonly #limits: Pick<CgroupOptions, "enableCfs" | "limitSwap">
  readonly #unified: boolean

  constructor({ name, cpu, memory, ...limits }: CgroupOptions, mount = "/sys/fs/cgroup") {
    this.#mount = mount
    this.#limits = limits
    this.#name = name
    this.#kinds = [...(cpu ? ["cpu" as const] : []), ...(memory ? ["memory" as const] : [])]
    this.#unified = existsSync(`${mount}/cgroup.controllers`)
  }

  /** Makes the group above all containers'. Fails, saying why, when cgroups cannot be used. */
  prepare(): void {
    if (this.#unified) writeFileSync(`${this.#mount}/cgroup.subtree_control`, "+cpu +memory")
    const [memory = "", cpu = memory] = this.#parents()
    for (const parent of [memory, cpu]) mkdirSync(parent, { recursive: true })
    const needed = this.#unified
      ? [`${memory}/memory.max`, `${cpu}/cpu.weight`]
      : [`${memory}/memory.limit_in_bytes`, `${cpu}/cpu.shares`]
    for (const file of needed)
      if (!existsSync(file)) throw new Error(`the kernel offers no ${file}: is its controller on?`)
    if (this.#unified) writeFileSync(`${memory}/cgroup.subtree_control`, "+cpu +memory")
  }

  /** Whether the kernel keeps the container within its memory; not where it shares a limit with others. */
  limitsMemory(spec: ContainerSpec): boolean {
    return this.#kinds.includes("memory") && !sharesLimits(spec)
  }

  /** Makes the groups of a container and sets its limits; returns the directories to join. */
  create(spec: ContainerSpec): readonly string[] {
    const groups = this.#groups(spec)
    for (const { path } of groups) mkdirSync(path, { recursive: true })
    for (const [file, value] of this.#existing(groups)) writeFileSync(file, value)
    return groups.map(({ path }) => path)
  }

  /** The groups that a process beside a container's own joins: those of the container or around it. */
  around(containerId: string): readonly string[] {
    const paths = this.#paths(containerId as ContainerId)
    if (paths.every((path) => existsSync(path))) return paths
    const end = containerId.lastIndexOf(".")
    return end < 0 ? [] : this.around(containerId.slice(0, end))
  }

  /** Sets the limits of a container anew; memory that it may use is not taken from it. */
  resize(spec: ContainerSpec): void {
    // Memory is never more than memory and swap: what grows gets room for both first.
    const files = [...this.#existing(this.#groups(spec, { lift: true }))].toReversed()
    for (const [file, value] of files) {
      const lowers = HARD_LIMITS.test(file) && !raisesLimit(value, read(file) ?? "0")
      if (!lowers) writeFileSync(file, value)
    }
  }

  /** What is to be written, by absolute path, where the kernel has the file. */
  *#existing(groups: readonly Group[]): Generator<readonly [file: string, value: string]> {
    for (const { path, settings } of groups)
      for (const [file, value] of settings)
        if (
          this.#kinds.some((kind) => file.startsWith(`${kind}.`)) &&
          existsSync(`${path}/${file}`)
        )
          yield [`${path}/${file}`, value]
  }

  /** The processes that are in the container now, wherever they went. */
  members(containerId: ContainerId): readonly number[] {
    const path = this.#paths(containerId)[0] ?? ""
    return (read(`${path}/cgroup.procs`) ?? "").split("\n").filter(Boolean).map(Number)
  }

  /** The limit that a container died of, when the kernel has killed in it for want of memory. */
  outOfMemory(containerId: ContainerId): ContainerExit["limitation"] {
    const [memory = ""] = this.#paths(containerId)
    const value = (file: string): string => read(`${memory}/${file}`) ?? ""
    const events = value(this.#unified ? "memory.events" : "memory.oom_control")
    if (Number(/^oom_kill (\d+)$/m.exec(events)?.[1] ?? 0) === 0) return undefined
    const [limit, peak] = this.#unified
      ? [value("memory.max"), value("memory.peak") || value("memory.current")]
      : [value("memory.limit_in_bytes"), value("memory.max_usage_in_bytes")]
    return memoryLimitation({
      limitBytes: Number(limit) || 0,
      usedBytes: Number(peak) || 0,
      statistics: value("memory.stat"),
    })
  }

  /** Removes the groups of a container; harmless when they are gone. False while processes are left. */
  remove(containerId: ContainerId): boolean {
    try {
      for (const path of this.#paths(containerId)) if (existsSync(path)) rmdirSync(path)
      return true
    } catch (cause) {
      if (errorCode(cause) === "EBUSY") return false
      throw cause
    }
  }

  /** Removes the group above all containers' where none is left in it. */
  close(): void {
    for (const path of this.#parents())
      try {
        rmdirSync(path)
      } catch {
        // Containers are in it, or it was never made.
      }
  }

  get #noLimit(): string {
    return NO_LIMIT[this.#unified ? 2 : 1]
  }

  #parents(): readonly string[] {
    const hierarchies = this.#unified ? [""] : ["/memory", "/cpu"]
    return hierarchies.map((hierarchy) => `${this.#mount}${hierarchy}/${this.#name}`)
  }

  /** The memory group first. */
  #paths(containerId: ContainerId): readonly string[] {
    return this.#parents().map((parent) => `${parent}/${containerId}`)
  }

  /** `lift`: limits that are not there are taken away, as they may have been. */
  #groups(spec: ContainerSpec, { lift = false } = {}): readonly Group[] {
    const { containerId, task } = spec
    const [first = "", second = first] = this.#paths(containerId)
    const limits = taskLimits(task, this.#limits)
    const memory = sharesLimits(spec) ? [] : this.#memory(limits, lift)
    const cpu = this.#cpu(limits, lift)
    if (this.#unified) return [{ path: first, settings: [...memory, ...cpu] }]
    return [
      { path: first, settings: memory },
      { path: second, settings: cpu },
    ]
  }

  #memory(limits: TaskLimits, lift: boolean): Group["settings"] {
    const { memorySoftBytes, memoryHardBytes } = limits
    const settings: (readonly [string, string])[] = []
    const [soft, hard] = this.#unified
      ? ["memory.low", "memory.max"]
      : ["memory.soft_limit_in_bytes", "memory.limit_in_bytes"]
    if (memorySoftBytes !== undefined) settings.push([soft, `${memorySoftBytes}`])
    if (memoryHardBytes !== undefined) settings.push([hard, `${memoryHardBytes}`])
    else if (lift && unlimitedMemory(limits)) settings.push([hard, this.#noLimit])
    settings.push(...this.#swap(limits))
    // The whole container ends when its memory is used up, not whichever process asked last.
    if (this.#unified) settings.push(["memory.oom.group", "1"])
    return settings
  }

  /** Swap is counted by itself in version 2: whoever may not exceed his memory by it has none. */
  #swap(limits: TaskLimits): Group["settings"] {
    const { memorySwapBytes } = limits
    if (this.#limits.limitSwap !== true) return []
    if (this.#unified) return memorySwapBytes === undefined ? [] : [["memory.swap.max", "0"]]
    const both = unlimitedMemory(limits) ? this.#noLimit : memorySwapBytes
    return both === undefined ? [] : [["memory.memsw.limit_in_bytes", `${both}`]]
  }

  #cpu({ cpuShares, cpuWeight, cpuQuotaUs }: TaskLimits, lift: boolean): Group["settings"] {
    const settings: (readonly [string, string])[] = []
    if (cpuShares !== undefined)
      settings.push(this.#unified ? ["cpu.weight", `${cpuWeight}`] : ["cpu.shares", `${cpuShares}`])
    if (cpuQuotaUs === undefined && !lift) return settings
    const quota = `${cpuQuotaUs ?? this.#noLimit}`
    if (this.#unified) settings.push(["cpu.max", `${quota} ${CPU_PERIOD_US}`])
    else settings.push(["cpu.cfs_period_us", `${CPU_PERIOD_US}`], ["cpu.cfs_quota_us", quota])
    return settings
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return undefined
  }
}
