import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs"
import type { TaskInfo } from "#lib/mesos/index.ts"
import type { ContainerId } from "#lib/ports/index.ts"
import { errorCode } from "#lib/io/host/files.ts"
import { CPU_PERIOD_US, taskLimits } from "#lib/io/host/task-limits.ts"
import type { TaskLimits } from "#lib/io/host/task-limits.ts"

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
    const limits = taskLimits(task)
    const memory = this.#memory(limits)
    const cpu = this.#cpu(limits)
    if (this.#unified) return [{ path: first, settings: [...memory, ...cpu] }]
    return [
      { path: first, settings: memory },
      { path: second, settings: cpu },
    ]
  }

  #memory({ memorySoftBytes, memoryHardBytes }: TaskLimits): Group["settings"] {
    const settings: (readonly [string, string])[] = []
    const [soft, hard] = this.#unified
      ? ["memory.low", "memory.max"]
      : ["memory.soft_limit_in_bytes", "memory.limit_in_bytes"]
    if (memorySoftBytes !== undefined) settings.push([soft, `${memorySoftBytes}`])
    if (memoryHardBytes !== undefined) settings.push([hard, `${memoryHardBytes}`])
    // The whole container ends when its memory is used up, not whichever process asked last.
    if (this.#unified) settings.push(["memory.oom.group", "1"])
    return settings
  }

  #cpu({ cpuShares, cpuWeight, cpuQuotaUs }: TaskLimits): Group["settings"] {
    const settings: (readonly [string, string])[] = []
    if (cpuShares !== undefined)
      settings.push(this.#unified ? ["cpu.weight", `${cpuWeight}`] : ["cpu.shares", `${cpuShares}`])
    if (cpuQuotaUs === undefined) return settings
    if (this.#unified) settings.push(["cpu.max", `${cpuQuotaUs} ${CPU_PERIOD_US}`])
    else
      settings.push(
        ["cpu.cfs_period_us", `${CPU_PERIOD_US}`],
        ["cpu.cfs_quota_us", `${cpuQuotaUs}`],
      )
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
