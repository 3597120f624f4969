import type { agent as v1 } from "#lib/mesos/index.ts"
import { parentOf, rootOf } from "#lib/agent/core/nested/container-id.ts"
import type { CalledContainer } from "#lib/agent/core/nested/records.ts"
import { containerStatus, nestedContainerId } from "#lib/agent/core/statuses.ts"
import type { AgentHttpOptions } from "./ports.ts"

/** The containers that calls have launched and that have not ended, as GET_CONTAINERS tells of them. */
export async function listCalled(
  { driver }: AgentHttpOptions,
  { showNested = false, showStandalone = false }: v1.CallGetContainers,
): Promise<readonly v1.ResponseGetContainersContainer[]> {
  const { nested } = driver.agent
  const alone = new Set(
    [...nested.all].flatMap(({ purpose, containerId }) =>
      purpose === "standalone" ? [containerId] : [],
    ),
  )
  const shown = [...nested.all].filter(({ state, containerId }) => {
    if (state === "ended") return false
    if (parentOf(containerId) !== undefined && !showNested) return false
    return showStandalone || !alone.has(rootOf(containerId))
  })
  return Promise.all(shown.map((container) => show(driver, container)))
}

async function show(
  driver: AgentHttpOptions["driver"],
  { containerId, owner, spec, status }: CalledContainer,
): Promise<v1.ResponseGetContainersContainer> {
  const { agent } = driver
  const measured = await driver.statistics(spec)
  const executors = owner && agent.workload.framework(owner.frameworkId)?.executors
  return {
    ...owner,
    ...(owner && { executorName: executors?.get(owner.executorId)?.launch.info.name ?? "" }),
    containerId: nestedContainerId(containerId),
    containerStatus: status ?? containerStatus(containerId, agent.options.ip, undefined),
    ...(measured === undefined ? {} : { resourceStatistics: measured }),
  }
}
