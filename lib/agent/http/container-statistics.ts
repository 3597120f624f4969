import { encodeMessage, type ContainerStatus, type ResourceStatistics } from "#lib/mesos/index.ts"
import type { ContainerId, ContainerSpec } from "#lib/ports/index.ts"
import { executorSize } from "#lib/agent/core/executor-sizes.ts"
import { namedNetwork } from "#lib/agent/core/task-support.ts"
import {
  containerOf,
  isTerminal,
  type ExecutorRecord,
  type TaskRecord,
} from "#lib/agent/core/records.ts"
import { containerStatus } from "#lib/agent/core/statuses.ts"
import type { AgentHttpOptions } from "./ports.ts"

/** A container with what it uses now. */
export type MeasuredContainer = {
  readonly containerId: ContainerId
  readonly status: ContainerStatus
  /** Absent when nothing could be measured. */
  readonly statistics: ResourceStatistics | undefined
}

/** An executor's container, and those nested in it. */
export type ContainerUsage = MeasuredContainer & {
  readonly executor: ExecutorRecord
  readonly nested: readonly MeasuredContainer[]
}

/** The containers of all executors that run, with what they use now. */
export async function containerUsages(options: AgentHttpOptions): Promise<ContainerUsage[]> {
  const executors: ExecutorRecord[] = []
  for (const framework of options.driver.agent.workload.frameworks)
    executors.push(...framework.executors.values())
  return Promise.all(executors.map((executor) => usageOf(executor, options)))
}

/** A built-in executor uses what its tasks use. */
async function usageOfTasks(
  executor: ExecutorRecord,
  options: AgentHttpOptions,
): Promise<ContainerUsage> {
  const { containerId, kind } = executor.launch
  const { ip } = options.driver.agent.options
  const live = [...executor.tasks.values()].filter(({ progress }) => !isTerminal(progress.state))
  const { driver } = options
  const measured = await Promise.all(
    live.map((task) => measureContainer(containerOf(task), task.progress.containerStatus, driver)),
  )
  const shared = namedNetwork(executor.launch.info.container) !== undefined
  const networkInfos = live.find(isOnSharedNetwork)?.progress.containerStatus?.networkInfos
  const own = kind === "command" ? live[0]?.progress.containerStatus : shared && { networkInfos }
  return {
    containerId,
    status: containerStatus(containerId, ip, own || undefined),
    statistics: sumStatistics(
      measured.map(({ statistics }) => statistics),
      { sharedNetwork: shared },
    ),
    executor,
    nested: kind === "default" ? measured : [],
  }
}

/** Whether a member of a group is on the network of its executor, where that has one. */
const isOnSharedNetwork = ({ launch }: TaskRecord): boolean =>
  namedNetwork(launch.info.container) === undefined

async function usageOf(
  executor: ExecutorRecord,
  options: AgentHttpOptions,
): Promise<ContainerUsage> {
  const { process } = executor
  const spec = executor.launch.process?.spec
  if (spec === undefined) return usageOfTasks(executor, options)
  // Its limits are those of the tasks that it has now, not of those it was launched for.
  const { enableCfs = false } = options.driver.agent.options
  const { limits: _, ...launched } = spec.task
  const task = { ...launched, ...executorSize(executor, enableCfs) }
  const measured = await measureContainer(
    { ...spec, task },
    process?.containerStatus,
    options.driver,
  )
  return { ...measured, executor, nested: [] }
}

async function measureContainer(
  spec: ContainerSpec,
  reported: ContainerStatus | undefined,
  driver: AgentHttpOptions["driver"],
): Promise<MeasuredContainer> {
  const { containerId } = spec
  const statistics = await driver.statistics(spec)
  const { ip } = driver.agent.options
  const status = reported ?? containerStatus(containerId, ip, undefined)
  return { containerId, status, statistics }
}

/** An executor's container as `/containers` shows it. */
export const renderUsage = (usage: ContainerUsage): object => ({
  container_id: usage.containerId,
  ...renderStatistics(usage),
  status: encodeMessage("mesos.v1.ContainerStatus", usage.status),
})

/** An executor's container as `/monitor/statistics` shows it. */
export function renderStatistics({ executor, statistics }: ContainerUsage): object {
  const { info, frameworkId } = executor.launch
  return {
    executor_id: info.executorId,
    executor_name: info.name ?? "",
    framework_id: frameworkId,
    source: info.source ?? "",
    statistics:
      statistics === undefined ? {} : encodeMessage("mesos.v1.ResourceStatistics", statistics),
  }
}

/**
 * The statistics of an executor are those of its only task, or the sums over its tasks', as of the newest
 * measurement; undefined when nothing was measured. On a network that they share each counts all of it.
 */
export function sumStatistics(
  list: readonly (ResourceStatistics | undefined)[],
  { sharedNetwork = false }: { readonly sharedNetwork?: boolean } = {},
): ResourceStatistics | undefined {
  const [first, ...others] = list
  if (others.length === 0) return first
  const isShared = (name: string): boolean =>
    name === "timestamp" || (sharedNetwork && /^net[RT]x/.test(name))
  const sums: Record<string, number> = {}
  const disks = list.flatMap((statistics) => statistics?.diskStatistics ?? [])
  for (const statistics of list)
    for (const [name, value] of Object.entries(statistics ?? {})) {
      if (typeof value !== "number") continue
      const sum = sums[name]
      if (sum === undefined) sums[name] = value
      else sums[name] = isShared(name) ? Math.max(sum, value) : sum + value
    }
  const { timestamp, ...rest } = sums
  if (timestamp === undefined) return undefined
  return { timestamp, ...rest, ...(disks.length === 0 ? {} : { diskStatistics: disks }) }
}
