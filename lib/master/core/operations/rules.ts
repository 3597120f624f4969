import {
  containsResources,
  idProblem,
  normalizeResources,
  operationProblem,
  persistentVolumes,
  reservationRole,
  unallocate,
  type OperationProblem,
  type Resource,
  type ResourceOperation,
  type Resources,
} from "#lib/mesos/index.ts"
import type { Context } from "#lib/master/core/context.ts"
import type { Pool } from "#lib/master/core/pool.ts"
import type { AgentRecord } from "#lib/master/core/records.ts"
import { OPERATIONS_PER_AGENT_MAX } from "./book.ts"

const problem = (field: string, message: string): OperationProblem => ({ field, message })

/**
 * The first rule that a framework's operation breaks, or undefined. Whether the offers hold what it
 * consumes is the caller's. Source: apache/mesos: src/master/validation.cpp (operation).
 */
export function frameworkOperationProblem(
  ctx: Context,
  pool: Pool,
  operation: ResourceOperation,
): OperationProblem | undefined {
  if (operation.kind === "reserve" && (operation.source ?? []).length > 0)
    return problem("reserve.source", "Only operators may reserve anew what is reserved")
  return (
    feedbackProblem(ctx, pool, operation) ??
    operationProblem(operation) ??
    ownershipProblem(pool, operation) ??
    agentProblem(ctx, pool.agent, operation) ??
    principalProblem(pool.framework.info.principal, operation)
  )
}

/** What an operation that wants to hear its outcome needs of its id and of the agent. */
function feedbackProblem(
  ctx: Context,
  { framework, agent }: Pool,
  { id }: ResourceOperation,
): OperationProblem | undefined {
  if (id === undefined) return undefined
  const invalid = idProblem(id)
  if (invalid !== undefined) return problem("id", invalid)
  if (ctx.operations.named(framework.id, id) !== undefined)
    return problem("id", `Operation ID '${id}' is in use`)
  for (const capability of ["RESOURCE_PROVIDER", "AGENT_OPERATION_FEEDBACK"] as const)
    if (!agent.capabilities.includes(capability))
      return problem("id", `Agent ${agent.id} lacks the capability ${capability}`)
  return undefined
}

/** What a framework may ask for in its own name. */
function ownershipProblem(
  { framework, role }: Pool,
  operation: ResourceOperation,
): OperationProblem | undefined {
  if (operation.kind === "reserve") {
    for (const [index, resource] of (operation.resources ?? []).entries()) {
      const owner = reservationRole(resource)
      const field = `reserve.resources[${index}].reservations`
      if (owner !== role)
        return problem(field, `The reservation is for role '${owner}', the offer for '${role}'`)
      if (!framework.roles.includes(owner))
        return problem(field, `The framework is not subscribed to role '${owner}'`)
      if (resource.reservations.length > 1 && !framework.capabilities.has("RESERVATION_REFINEMENT"))
        return problem(field, "The framework lacks the capability RESERVATION_REFINEMENT")
    }
  }
  if (operation.kind !== "create" || framework.capabilities.has("SHARED_RESOURCES"))
    return undefined
  const index = (operation.volumes ?? []).findIndex((volume) => volume.shared)
  return index < 0
    ? undefined
    : problem(
        `create.volumes[${index}].shared`,
        "The framework lacks the capability SHARED_RESOURCES",
      )
}

/** What the agent's state and capabilities forbid, whoever asks. */
export function agentProblem(
  ctx: Context,
  agent: AgentRecord,
  operation: ResourceOperation,
): OperationProblem | undefined {
  if (ctx.operations.ofAgent(agent.id).size >= OPERATIONS_PER_AGENT_MAX)
    return problem("agent_id", `Agent ${agent.id} has too many unacknowledged operations`)
  switch (operation.kind) {
    case "create":
      return (
        reservedProblem(agent, "create.volumes", operation.volumes) ??
        createdProblem(agent, operation.volumes ?? [])
      )
    case "destroy":
      return destroyedProblem(agent, operation.volumes ?? [])
    case "growVolume":
    case "shrinkVolume":
      return agent.capabilities.includes("RESIZE_VOLUME")
        ? undefined
        : problem("volume", `Agent ${agent.id} lacks the capability RESIZE_VOLUME`)
    case "reserve":
      return reservedProblem(agent, "reserve.resources", operation.resources)
    case "unreserve":
    case "createDisk":
    case "destroyDisk":
      return undefined
    default:
      return operation satisfies never
  }
}

/** Agents of old know neither roles below roles nor reservations of what is reserved. */
function reservedProblem(
  { id, capabilities }: AgentRecord,
  list: string,
  resources: Resources = [],
): OperationProblem | undefined {
  for (const [index, resource] of resources.entries()) {
    const needed = [
      ...(reservationRole(resource).includes("/") ? (["HIERARCHICAL_ROLE"] as const) : []),
      ...(resource.reservations.length > 1 ? (["RESERVATION_REFINEMENT"] as const) : []),
    ]
    const missing = needed.find((capability) => !capabilities.includes(capability))
    if (missing !== undefined)
      return problem(
        `${list}[${index}].reservations`,
        `Agent ${id} lacks the capability ${missing}`,
      )
  }
  return undefined
}

/** A persistence id is unique per role on an agent, because it names the volume's directory. */
function createdProblem(agent: AgentRecord, volumes: Resources): OperationProblem | undefined {
  const idOf = (volume: Resource) =>
    `${reservationRole(volume)} ${String(volume.disk?.persistence?.id)}`
  const taken = new Set(persistentVolumes(agent.total).map(idOf))
  for (const [index, volume] of volumes.entries())
    if (taken.has(idOf(volume)))
      return problem(
        `create.volumes[${index}].disk.persistence.id`,
        `Persistence ID '${String(volume.disk?.persistence?.id)}' already exists for role '${reservationRole(volume)}' on agent ${agent.id}`,
      )
  return undefined
}

function destroyedProblem(agent: AgentRecord, volumes: Resources): OperationProblem | undefined {
  const used = unallocate(persistentVolumes(agent.used))
  for (const [index, volume] of unallocate(volumes).entries()) {
    const field = `destroy.volumes[${index}]`
    if (!holds(agent.total, volume)) return problem(field, "The persistent volume does not exist")
    if (holds(used, volume)) return problem(field, "The persistent volume is in use by a task")
  }
  return undefined
}

const holds = (resources: Resources, volume: Resource): boolean =>
  containsResources(resources, normalizeResources([volume]))

/** Reservations and volumes are made in the name of the one who makes them, when that is known. */
export function principalProblem(
  principal: string | undefined,
  operation: ResourceOperation,
): OperationProblem | undefined {
  if (principal === undefined) return undefined
  const named: readonly (readonly [field: string, principal: string | undefined])[] =
    operation.kind === "reserve"
      ? (operation.resources ?? []).map(({ reservations }, index) => [
          `reserve.resources[${index}].reservations[${reservations.length - 1}].principal`,
          reservations.at(-1)?.principal,
        ])
      : operation.kind === "create"
        ? (operation.volumes ?? []).map(({ disk }, index) => [
            `create.volumes[${index}].disk.persistence.principal`,
            disk?.persistence?.principal,
          ])
        : []
  for (const [field, owner] of named)
    if (owner !== principal)
      return problem(
        field,
        owner === undefined
          ? `It must be '${principal}', who asks for it`
          : `'${owner}' is not '${principal}', who asks for it`,
      )
  return undefined
}
