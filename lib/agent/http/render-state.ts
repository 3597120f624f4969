import {
  attributeText,
  brandId,
  encodeMessage,
  flattenResources,
  fullResources,
  reservedByRole,
  sumResources,
  unreserved,
  type AgentId,
  type Attribute,
  type Resources,
} from "#lib/mesos/index.ts"
import type { Agent } from "#lib/agent/core/agent.ts"
import { CAPABILITIES } from "#lib/agent/core/introduction.ts"
import { executorResources } from "#lib/agent/core/executor-sizes.ts"
import type { FrameworkRecord } from "#lib/agent/core/records.ts"
import type { AgentHttpOptions, BuildInfo } from "./ports.ts"
import { renderExecutor } from "./render-task.ts"

/** Source: apache/mesos: src/version/version.cpp. */
export const renderVersion = (build: BuildInfo): Readonly<Record<string, unknown>> => ({
  version: build.version,
  git_sha: build.gitSha,
  build_date: build.buildDate,
  build_time: build.buildTime,
  build_user: build.buildUser,
})

/** The agent's process as others address it. */
const agentPid = ({ options }: Agent): string => {
  const { ip, info } = options
  return `slave(1)@${ip.includes(":") ? `[${ip}]` : ip}:${info.port ?? 5051}`
}

/** What all tasks and executors use now. */
export function usedResources(agent: Agent): Resources {
  const used: Resources[] = []
  for (const framework of agent.workload.frameworks)
    for (const executor of framework.executors.values()) used.push(executorResources(executor))
  return sumResources(used)
}

/** Everything the agent knows, at `/state`. Source: apache/mesos: src/slave/http.cpp (state). */
export function renderState({ driver, ...options }: AgentHttpOptions): object {
  const { agent } = driver
  const { info } = agent.options
  const agentId = agent.agentId ?? brandId<AgentId>("")
  const { total } = agent.resources
  const used = usedResources(agent)
  const frameworks = [...agent.workload.frameworks]
  const { current: drain } = agent.drain
  return {
    ...renderVersion(options.build),
    start_time: options.startedAt / 1000,
    id: agentId,
    pid: agentPid(agent),
    hostname: info.hostname,
    capabilities: CAPABILITIES,
    domain: info.domain && encodeMessage("mesos.v1.DomainInfo", info.domain),
    ...(drain === undefined
      ? {}
      : {
          drain_config: {
            max_grace_period: drain.config.maxGracePeriod,
            mark_gone: drain.config.markGone ?? false,
          },
          estimated_drain_start_time_seconds: drain.since / 1000,
        }),
    resources: flattenResources(total),
    reserved_resources: reservedByRole(total, flattenResources),
    unreserved_resources: flattenResources(unreserved(total)),
    reserved_resources_full: reservedByRole(total, fullResources),
    unreserved_resources_full: fullResources(unreserved(total)),
    reserved_resources_allocated: reservedByRole(used, flattenResources),
    unreserved_resources_allocated: flattenResources(unreserved(used)),
    resource_providers: [],
    attributes: renderAttributes(info.attributes ?? []),
    master_hostname: options.masterHostname?.(),
    flags: options.flags,
    frameworks: frameworks
      .filter(({ executors }) => executors.size > 0)
      .map((framework) => renderFramework(framework, agentId)),
    completed_frameworks: frameworks
      .filter(({ executors }) => executors.size === 0)
      .map((framework) => renderFramework(framework, agentId)),
  }
}

function renderFramework(framework: FrameworkRecord, agentId: AgentId): object {
  const { id, info, executors, completedExecutors } = framework
  const multiRole = info.capabilities?.some(({ type }) => type === "MULTI_ROLE") ?? false
  return {
    id,
    name: info.name,
    user: info.user,
    failover_timeout: info.failoverTimeout ?? 0,
    checkpoint: info.checkpoint ?? false,
    hostname: info.hostname ?? "",
    principal: info.principal,
    ...(multiRole ? { roles: info.roles ?? [] } : { role: info.role ?? "*" }),
    executors: [...executors.values()].map((executor) => renderExecutor(executor, agentId)),
    completed_executors: completedExecutors.map((executor) => renderExecutor(executor, agentId)),
  }
}

const renderAttributes = (attributes: readonly Attribute[]): object =>
  Object.fromEntries(
    attributes.map((attribute) => [
      attribute.name,
      attribute.scalar === undefined ? attributeText(attribute) : attribute.scalar.value,
    ]),
  )
