import {
  attributeText,
  encodeMessage,
  flattenResources,
  flattenUnreserved,
  fullResources,
  reservedByRole,
  unreserved,
  type AgentInfo,
  type Attribute,
} from "#lib/mesos/index.ts"
import type { AgentView, StoredAgentView } from "#lib/master/core/views.ts"
import { agentPid, DEFAULT_AGENT_PORT } from "#lib/master/core/api-messages.ts"
import { seconds } from "./render-framework.ts"

const renderAttributes = (attributes: readonly Attribute[]): object =>
  Object.fromEntries(
    attributes.map((attribute) => [
      attribute.name,
      attribute.scalar === undefined ? attributeText(attribute) : attribute.scalar.value,
    ]),
  )

const renderInfo = (id: string, info: AgentInfo): Readonly<Record<string, unknown>> => ({
  id,
  hostname: info.hostname,
  port: info.port ?? DEFAULT_AGENT_PORT,
  attributes: renderAttributes(info.attributes ?? []),
  domain: info.domain && encodeMessage("mesos.v1.DomainInfo", info.domain),
})

/** How an agent is being drained, as in `DrainInfo`. */
export const encodeDrain = ({ state, config }: NonNullable<AgentView["drain"]>): object =>
  encodeMessage("mesos.v1.DrainInfo", { state, config })

/** An agent as `/state` shows it. Source: apache/mesos: src/master/readonly_handler.cpp (SlaveWriter). */
export const renderAgent = (agent: AgentView): Readonly<Record<string, unknown>> => ({
  ...renderInfo(agent.id, agent.info),
  pid: agentPid(agent),
  registered_time: seconds(agent.registeredAt),
  reregistered_time: agent.reregisteredAt === undefined ? undefined : seconds(agent.reregisteredAt),
  resources: flattenResources(agent.total),
  used_resources: flattenResources(agent.used),
  offered_resources: flattenResources(agent.offered),
  reserved_resources: reservedByRole(agent.total, (own) => flattenResources(own)),
  unreserved_resources: flattenUnreserved(agent.total),
  active: agent.active,
  deactivated: agent.deactivated,
  drain_info: agent.drain && encodeDrain(agent.drain),
  estimated_drain_start_time_seconds: agent.drain && seconds(agent.drain.since),
  version: agent.version,
  capabilities: agent.capabilities,
})

/** An agent as `/slaves` shows it, with its resources in full. */
export const renderAgentInFull = (agent: AgentView): object => ({
  ...renderAgent(agent),
  reserved_resources_full: reservedByRole(agent.total, fullResources),
  unreserved_resources_full: fullResources(unreserved(agent.total)),
  used_resources_full: fullResources(agent.used),
  offered_resources_full: fullResources(agent.offered),
})

/** An agent that is known from the registry only. */
export const renderRecoveredAgent = (agent: StoredAgentView): object =>
  renderInfo(agent.id, agent.info)
