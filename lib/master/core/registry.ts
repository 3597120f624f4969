import type { AgentId, AgentInfo, AgentInfoCapabilityType, DrainInfo } from "#lib/mesos/index.ts"
import { err, ok, type Result } from "#lib/std/result.ts"

/** Where the master stores what: one key per thing below each of these paths. */
export const STORE_PATHS = {
  agents: "/agents/",
  /** Operators' operations until their agent has confirmed them. */
  operations: "/operations/",
  quota: "/quota/",
  weights: "/weights/",
  /** Frameworks, and which were removed. */
  frameworks: "/frameworks/",
  /** The schedule of maintenance, and which machines are down. */
  maintenance: "/maintenance/",
} as const

/** Everything the master stores lies below one of these paths. */
export const MASTER_STORE_PREFIXES: readonly string[] = Object.values(STORE_PATHS)

/** Version of the stored form. A reader accepts it and everything older. */
const SCHEMA = 1

/** How an operator has an agent drained: `DrainInfo`, and when that began, in milliseconds. */
export type AgentDrain = DrainInfo & { readonly since: number }

/** An agent that was admitted, as it is stored under "/agents/<id>". */
export type StoredAgent = {
  readonly id: AgentId
  readonly info: AgentInfo
  readonly version: string
  readonly capabilities: readonly AgentInfoCapabilityType[]
  /** The IP address it was reached at; absent in what older versions stored. */
  readonly address?: string | undefined
  /** By an operator: nothing is offered there. */
  readonly deactivated?: boolean | undefined
  readonly drain?: AgentDrain | undefined
  /** When an operator declared the agent gone for good, in milliseconds since the epoch. */
  readonly goneAt?: number | undefined
  /** When the agent was marked unreachable, in milliseconds since the epoch. */
  readonly unreachableAt?: number | undefined
}

/** A stored value that this version cannot read. The process must not start with it. */
export type RegistryError = {
  readonly code: "unreadable"
  readonly key: string
  readonly message: string
}

/** Where an agent is stored. */
export const agentKey = (id: AgentId): string => `${STORE_PATHS.agents}${id}`

/** The stored form of an agent. */
export const encodeAgent = (agent: StoredAgent): unknown => ({ schema: SCHEMA, ...agent })

/** Reads what `encodeAgent` wrote, in this version or an older one. */
export function parseAgent(key: string, value: unknown): Result<StoredAgent, RegistryError> {
  const refuse = (what: string): Result<StoredAgent, RegistryError> =>
    err({
      code: "unreadable",
      key,
      message: `The stored agent ${key} is unreadable: ${what}. Restore the state from a backup.`,
    })
  if (typeof value !== "object" || value === null) return refuse("it is not an object")
  const { schema, ...agent } = value as Partial<StoredAgent> & { schema?: unknown }
  if (typeof schema !== "number") return refuse("it has no schema version")
  if (schema > SCHEMA) return refuse(`schema ${schema} is newer than ${SCHEMA}; upgrade dcos`)
  if (typeof agent.id !== "string" || agentKey(agent.id) !== key) return refuse("its id is wrong")
  if (typeof agent.info !== "object" || typeof agent.info?.hostname !== "string")
    return refuse("it has no hostname")
  if (!Array.isArray(agent.capabilities)) return refuse("it has no capabilities")
  if (typeof agent.version !== "string") return refuse("it has no version")
  return ok(agent as StoredAgent)
}
