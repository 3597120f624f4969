import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs"
import type { TaskInfo } from "#lib/mesos/index.ts"
import type { ContainerId } from "#lib/ports/index.ts"
import { errorCode } from "#lib/io/host/files.ts"
import { scalar } from "#lib/io/host/task-resources.ts"

/** Below these the kernel refuses, or programs die at once. Source: apache/mesos: docs/isolators. */
const CPU_SHARES_MIN = 2
const CPU_SHARES_PER_CPU = 1024
const CPU_WEIGHT_PER_CPU = 100
const CPU_WEIGHT_MAX = 10_000
const CPU_PERIOD_US = 100_000
const CPU_QUOTA_MIN_US = 1000
const MEMORY_MIN_BYTES = 32 * 1024 * 1024

/** A cgroup to make: where, what to write into it, in order, and whether the kernel may lack the file. */
type Group = {
  readonly path: string
  readonly settings: readonly (readonly [file: string, value: string])[]
}

/**
 * Limits of process containers by cgroups: shares of cpus, a hard limit for memory. Version 2 where
 * it is mounted at the root, otherwise the hierarchies `cpu` and `memory` of version 1. Needs root.
 */
export class Cgroups {
  readonly #mount: string
  readonly #name: string
  readonly #unified: boolean

  /** `name` is the group above all containers', "mesos" by default in the API's originals. */
  constructor(name: string, mount = "/sys/fs/cgroup") {
    this.#mount = mount
    this.#name = name
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

  /** Makes the groups of a container and sets its limits; returns the directories to join. */
  create(containerId: ContainerId, task: TaskInfo): readonly string[] {
    const groups = this.#groups(containerId, task)
    for (const { path, settings } of groups) {
      mkdirSync(path, { recursive: true })
      for (const [file, value] of settings)
        if (existsSync(`${path}/${file}`)) writeFileSync(`${path}/${file}`, value)
    }
    return groups.map(({ path }) => path)
  }

  /** The processes that are in the container now, wherever they went. */
  members(containerId: ContainerId): readonly number[] {
    const path = this.#paths(containerId)[0] ?? ""
    return (read(`${path}/cgroup.procs`) ?? "").split("\n").filter(Boolean).map(Number)
  }

  /** Whether the kernel has killed a process of the container because its memory was used up. */
  ranOutOfMemory(containerId: ContainerId): boolean {
    const [memory = ""] = this.#paths(containerId)
    const text = read(`${memory}/${this.#unified ? "memory.events" : "memory.oom_control"}`) ?? ""
    return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0) > 0
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

  #parents(): readonly string[] {
    const hierarchies = this.#unified ? [""] : ["/memory", "/cpu"]
    return hierarchies.map((hierarchy) => `${this.#mount}${hierarchy}/${this.#name}`)
  }

  /** The memory group first. */
  #paths(containerId: ContainerId): readonly string[] {
    return this.#parents().map((parent) => `${parent}/${containerId}`)
  }

  #groups(containerId: ContainerId, task: TaskInfo): readonly Group[] {
    const [first = "", second = first] = this.#paths(containerId)
    const memory = this.#memory(task)
    const cpu = this.#cpu(task)
    if (this.#unified) return [{ path: first, settings: [...memory, ...cpu] }]
    return [
      { path: first, settings: memory },
      { path: second, settings: cpu },
    ]
  }

  #memory(task: TaskInfo): Group["settings"] {
    const request = scalar(task, "mem")
    const limit = task.limits?.["mem"]?.value ?? request
    const bytes = (mebibytes: number): string =>
      `${Math.max(MEMORY_MIN_BYTES, Math.floor(mebibytes * 1024 * 1024))}`
    const settings: (readonly [string, string])[] = []
    const [soft, hard] = this.#unified
      ? ["memory.low", "memory.max"]
      : ["memory.soft_limit_in_bytes", "memory.limit_in_bytes"]
    if (request !== undefined) settings.push([soft, bytes(request)])
    if (limit !== undefined && Number.isFinite(limit)) settings.push([hard, bytes(limit)])
    // The whole container ends when its memory is used up, not whichever process asked last.
    if (this.#unified) settings.push(["memory.oom.group", "1"])
    return settings
  }

  #cpu(task: TaskInfo): Group["settings"] {
    const settings: (readonly [string, string])[] = []
    const cpus = scalar(task, "cpus")
    if (cpus !== undefined) {
      const shares = Math.max(CPU_SHARES_MIN, Math.floor(cpus * CPU_SHARES_PER_CPU))
      const weight = Math.max(1, Math.min(CPU_WEIGHT_MAX, Math.floor(cpus * CPU_WEIGHT_PER_CPU)))
      settings.push(this.#unified ? ["cpu.weight", `${weight}`] : ["cpu.shares", `${shares}`])
    }
    const limit = task.limits?.["cpus"]?.value
    if (limit === undefined || !Number.isFinite(limit)) return settings
    const quota = Math.max(CPU_QUOTA_MIN_US, Math.floor(limit * CPU_PERIOD_US))
    if (this.#unified) settings.push(["cpu.max", `${quota} ${CPU_PERIOD_US}`])
    else settings.push(["cpu.cfs_period_us", `${CPU_PERIOD_US}`], ["cpu.cfs_quota_us", `${quota}`])
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
