import { limitOf, type TaskInfo } from "#lib/mesos/index.ts"
import type { ContainerId, ContainerSpec } from "#lib/ports/index.ts"
import { taskLimits } from "#lib/io/host/task-limits.ts"
import type { TaskLimits } from "#lib/io/host/task-limits.ts"
import { scalar } from "#lib/io/host/task-resources.ts"
import { familyOf } from "./cgroup-tree.ts"
import type { CgroupTree } from "./cgroup-tree.ts"
import { resizeContainer } from "./resize.ts"
import type { RuncSettings } from "./settings.ts"

/**
 * Limits that the members of a task group share: their executor is books only, so it is their family's
 * cgroup that holds them to the sum of what they may use. Memory that they may use is not taken from
 * them while any of them lives.
 * Source: apache/mesos: docs/nested-container-and-task-group.md (share_cgroups).
 */
export class FamilyLimits {
  readonly #cgroups: CgroupTree
  readonly #settings: Pick<RuncSettings, "enableCfs" | "limitSwap" | "pidsLimit">
  readonly #families = new Map<ContainerId, Map<ContainerId, ContainerSpec>>()

  constructor(
    cgroups: CgroupTree,
    settings: Pick<RuncSettings, "enableCfs" | "limitSwap" | "pidsLimit">,
  ) {
    this.#cgroups = cgroups
    this.#settings = settings
  }

  /**
   * A container is about to be made: its family gets room for it. Returns the container as it is to be
   * made, which is without limits of its own where it shares them.
   */
  join(spec: ContainerSpec): ContainerSpec {
    if (!isMember(spec)) return spec
    const family = familyOf(spec.containerId)
    const first = !this.#families.has(family)
    const members = this.#add(spec)
    this.#cgroups.prepareFamily(family)
    this.#resize(family, members, first)
    const shares = spec.task.container?.linuxInfo?.shareCgroups !== false
    return shares ? { ...spec, task: unlimited(spec.task) } : spec
  }

  /** A container of an earlier life of the agent runs: its family has room for it. */
  adopt(spec: ContainerSpec): void {
    if (isMember(spec)) this.#add(spec)
  }

  /** A container is gone: what it added to its family's room goes, but for memory. */
  leave(containerId: ContainerId): void {
    const family = familyOf(containerId)
    const members = this.#families.get(family)
    if (members?.delete(containerId) !== true) return
    if (members.size === 0) return void this.#families.delete(family)
    try {
      this.#resize(family, members, false)
    } catch {
      // The others are ending too, and their cgroup with them.
    }
  }

  #resize(family: ContainerId, members: Members, first: boolean): void {
    const { pidsLimit } = this.#settings
    resizeContainer(this.#cgroups, family, {
      limits: sharedLimits([...members.values()], this.#settings),
      pidsLimit: pidsLimit * members.size,
      first,
    })
  }

  #add(spec: ContainerSpec): Members {
    const { containerId } = spec
    const family = familyOf(containerId)
    const members = this.#families.get(family) ?? new Map<ContainerId, ContainerSpec>()
    this.#families.set(family, members.set(containerId, spec))
    return members
  }
}

/** The containers of a family by their ids. */
type Members = ReadonlyMap<ContainerId, ContainerSpec>

/** Whether a container is nested by name only: what it would be nested in is no container. */
const isMember = ({ containerId, parent }: ContainerSpec): boolean =>
  parent === undefined && containerId.includes(".")

/**
 * What members may use together, and their executor; those that ask for nothing use what others leave.
 * Source: apache/mesos: src/slave/slave.cpp (computeExecutorLimits).
 */
function sharedLimits(
  members: readonly ContainerSpec[],
  { enableCfs, limitSwap }: Pick<RuncSettings, "enableCfs" | "limitSwap">,
): TaskLimits {
  const [first] = members
  if (first === undefined) return {}
  const tasks = members.map(({ task }) => task)
  const { shared = [] } = first
  const own = { ...first.task, resources: shared, limits: {} }
  const sum = (name: string): number => {
    const amounts = tasks.flatMap((task) => limitOf(task.limits, name) ?? scalar(task, name) ?? [])
    if (amounts.length === 0) return Infinity
    return amounts.reduce((all, each) => all + each, scalar(own, name) ?? 0)
  }
  // A member without a limit may use what the others leave, unless cpus are always a limit.
  const limitsCpus =
    enableCfs ||
    tasks.every(
      (task) => limitOf(task.limits, "cpus") !== undefined || scalar(task, "cpus") === undefined,
    )
  const all = {
    ...own,
    resources: [...shared, ...tasks.flatMap(({ resources = [] }) => resources)],
    limits: {
      mem: { value: sum("mem") },
      cpus: { value: limitsCpus ? sum("cpus") : Infinity },
    },
  }
  return taskLimits(all, { limitSwap })
}

/** A task that only its family's limits bound; its weight among them stays. */
const unlimited = (task: TaskInfo): TaskInfo => ({
  ...task,
  resources: (task.resources ?? []).filter(({ name }) => name !== "mem"),
  limits: { cpus: { value: Infinity } },
})
