import { encodeMessage, type ContainerStatus, type ResourceStatistics } from "#lib/mesos/index.ts"
import type { ContainerId } from "#lib/ports/index.ts"
import { isTerminal, type ExecutorRecord } from "#lib/agent/core/records.ts"
import { containerStatus } from "#lib/agent/core/statuses.ts"
import type { AgentHttpOptions } from "./ports.ts"

/** An executor's container as `/containers` and `/monitor/statistics` show it. */
export type ContainerUsage = {
  readonly container_id: ContainerId
  readonly executor_id: string
  readonly executor_name: string
  readonly framework_id: string
  readonly source: string
  readonly statistics: object
  readonly status: object
}

/** The containers of all executors that run, with what they use now. */
export async function containerUsages(options: AgentHttpOptions): Promise<ContainerUsage[]> {
  const executors: ExecutorRecord[] = []
  for (const framework of options.driver.agent.workload.frameworks)
    executors.push(...framework.executors.values())
  return Promise.all(executors.map((executor) => usageOf(executor, options)))
}

async function usageOf(
  executor: ExecutorRecord,
  { driver }: AgentHttpOptions,
): Promise<ContainerUsage> {
  const { info, containerId, frameworkId, kind } = executor.launch
  const live = [...executor.tasks.values()].filter(({ progress }) => !isTerminal(progress.state))
  const measured = await Promise.all(live.map(({ launch }) => driver.statistics(launch.spec)))
  const own: ContainerStatus | undefined =
    kind === "command" ? live[0]?.progress.containerStatus : undefined
  const status = own ?? containerStatus(containerId, driver.agent.options.ip, undefined)
  return {
    container_id: containerId,
    executor_id: info.executorId,
    executor_name: info.name ?? "",
    framework_id: frameworkId,
    source: info.source ?? "",
    statistics: snakeCase(sumStatistics(measured)),
    status: encodeMessage("mesos.v1.ContainerStatus", status),
  }
}

/** The statistics of an executor are the sums over its tasks', as of the newest measurement. */
export function sumStatistics(
  list: readonly (ResourceStatistics | undefined)[],
): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {}
  for (const statistics of list)
    for (const [name, value] of Object.entries(statistics ?? {})) {
      if (typeof value !== "number") continue
      const sum = sums[name]
      if (sum === undefined) sums[name] = value
      else sums[name] = name === "timestamp" ? Math.max(sum, value) : sum + value
    }
  return sums
}

const snakeCase = (flat: Readonly<Record<string, number>>): object =>
  Object.fromEntries(
    Object.entries(flat).map(([name, value]) => [
      name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      value,
    ]),
  )
