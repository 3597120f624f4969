import { readFileSync } from "node:fs"
import { limitOf } from "#lib/mesos/index.ts"
import type { ContainerExit, ContainerId, ContainerSpec } from "#lib/ports/index.ts"
import { memoryLimitation } from "#lib/io/host/memory-limitation.ts"
import { pageSize } from "#lib/io/host/proc.ts"
import type { ProcessTable } from "#lib/io/host/proc.ts"
import { memoryBytes } from "#lib/io/host/task-limits.ts"
import { scalar, sharedAmount } from "#lib/io/host/task-resources.ts"
import { containerMembers } from "./members.ts"
import type { ContainerProcesses } from "./members.ts"

type Limitation = NonNullable<ContainerExit["limitation"]>

/** A container whose memory is measured. */
export type MeasuredContainer = {
  readonly spec: ContainerSpec
  readonly processes: ContainerProcesses
}

/**
 * Whether a container lives within the limits of those that it is nested in or beside, if only by name:
 * it does unless it says not to. Members of a task group share theirs, whose executor is books only.
 */
export const sharesLimits = ({ containerId, task }: ContainerSpec): boolean =>
  containerId.includes(".") && task.container?.linuxInfo?.shareCgroups !== false

/**
 * Containers that use more memory than they may, by what their processes take; those that share their
 * limits may use the sum, and all go where they use more. Pages that processes share are counted once
 * for each at first; who seems to take too much by that is looked at closely. `granted` is what each was
 * allowed before, kept up to date here: memory that a container may use is not taken from it.
 */
export function memoryExcesses(
  containers: Iterable<MeasuredContainer>,
  table: ProcessTable,
  granted: Map<string, number>,
): ReadonlyMap<ContainerId, Limitation> {
  const found = new Map<ContainerId, Limitation>()
  const groups = groupsOf(containers)
  for (const name of granted.keys()) if (!groups.has(name)) granted.delete(name)
  for (const [name, group] of groups) {
    const limitBytes = Math.max(memoryLimit(group), granted.get(name) ?? 0)
    granted.set(name, limitBytes)
    if (!Number.isFinite(limitBytes)) continue
    const members = group.flatMap(({ processes }) =>
      containerMembers(table, processes, { escaped: false }),
    )
    const rssOf = (pid: number): number => (table.get(pid)?.rssPages ?? 0) * pageSize()
    const rss = sum(members.map(rssOf))
    if (rss <= limitBytes) continue
    const usedBytes = sum(members.map((pid) => proportionalBytes(pid) ?? rssOf(pid)))
    if (usedBytes <= limitBytes) continue
    const statistics = `processes ${members.length}\nrss ${rss}\npss ${usedBytes}\n`
    const limitation = memoryLimitation({ limitBytes, usedBytes, statistics })
    for (const { spec } of group) found.set(spec.containerId, limitation)
  }
  return found
}

/** Containers by the limit that they share. */
function groupsOf(
  containers: Iterable<MeasuredContainer>,
): ReadonlyMap<string, readonly [MeasuredContainer, ...MeasuredContainer[]]> {
  const groups = new Map<string, [MeasuredContainer, ...MeasuredContainer[]]>()
  for (const container of containers) {
    const { spec } = container
    const key = sharesLimits(spec) ? spec.containerId.split(".", 1).join("") : spec.containerId
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [container])
    else group.push(container)
  }
  return groups
}

/** Bytes that a group may use, with what its executor has; Infinity where nothing limits it. */
function memoryLimit(group: readonly [MeasuredContainer, ...MeasuredContainer[]]): number {
  const limits = group.flatMap(({ spec: { task } }) => {
    const limit = limitOf(task.limits, "mem") ?? scalar(task, "mem")
    return limit === undefined ? [] : [limit]
  })
  if (limits.length === 0) return Infinity
  return memoryBytes(sum(limits) + sharedAmount(group[0].spec, "mem"))
}

/** A process' share of the memory it uses; undefined where it ended or is not the agent's to look at. */
function proportionalBytes(pid: number): number | undefined {
  try {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "latin1")
    const kibibytes = /^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1]
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1024
  } catch {
    return undefined
  }
}

const sum = (amounts: readonly number[]): number => amounts.reduce((all, each) => all + each, 0)
