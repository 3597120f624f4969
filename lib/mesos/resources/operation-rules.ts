import type { Resource, Resources } from "#lib/mesos/resource.ts"
import type { OfferOperation } from "#lib/mesos/v1/core.ts"
import { equalResources } from "./arithmetic.ts"
import { equalReservations } from "./compare.ts"
import { normalizeResources } from "./normal.ts"
import { toUnreserved } from "./reservation.ts"
import { validateResource, validateResources } from "./validate.ts"

/** An operation that changes resources, rather than launching on them. */
export type ResourceOperation = Exclude<
  OfferOperation,
  { readonly kind: "launch" } | { readonly kind: "launchGroup" }
>

/** Why an operation is refused; `field` is its place, such as "reserve.resources[0].reservations". */
export type OperationProblem = { readonly field: string; readonly message: string }

/** A problem as one sentence that names the field. */
export const operationProblemText = ({ field, message }: OperationProblem): string =>
  `'${field}' is invalid: ${message}`

const problem = (field: string, message: string): OperationProblem => ({ field, message })

/**
 * The first rule that an operation breaks whoever asks for it and wherever it is applied, or
 * undefined. Roles, principals and capabilities are the master's to check.
 * Source: apache/mesos: src/master/validation.cpp (operation).
 */
export function operationProblem(operation: ResourceOperation): OperationProblem | undefined {
  switch (operation.kind) {
    case "reserve":
      return (
        listProblem("reserve.resources", operation.resources, reserveProblem) ??
        sourceProblem(operation.source ?? [], operation.resources ?? [])
      )
    case "unreserve":
      return listProblem("unreserve.resources", operation.resources, dynamicProblem)
    case "create":
      return listProblem("create.volumes", operation.volumes, createProblem)
    case "destroy":
      return listProblem("destroy.volumes", operation.volumes, persistentProblem)
    case "growVolume":
      return growProblem(operation.volume, operation.addition)
    case "shrinkVolume":
      return shrinkProblem(operation.volume, operation.subtract.value)
    case "createDisk":
      return createDiskProblem(operation)
    case "destroyDisk":
      return destroyDiskProblem(operation.source)
    default:
      return operation satisfies never
  }
}

/** Any rule of single entries on top of what holds for every list of resources. */
function listProblem(
  field: string,
  list: Resources = [],
  rule: (resource: Resource) => OperationProblem | undefined,
): OperationProblem | undefined {
  if (list.length === 0) return problem(field, "it must not be empty")
  const invalid = validateResources(list)
  if (invalid !== undefined) return problem(`${field}${invalid.field}`, invalid.message)
  for (const [index, resource] of list.entries()) {
    const found = rule(resource)
    if (found !== undefined) return problem(`${field}[${index}].${found.field}`, found.message)
  }
  return list.some(({ providerId }) => providerId !== list[0]?.providerId)
    ? problem(`${field}.provider_id`, "all resources must be of the same resource provider")
    : undefined
}

const isPersistent = ({ disk }: Resource): boolean => disk?.persistence !== undefined

function dynamicProblem(resource: Resource): OperationProblem | undefined {
  const { name, reservations } = resource
  if (reservations.at(-1)?.type !== "DYNAMIC")
    return problem("reservations", `Resource '${name}' is not dynamically reserved`)
  return isPersistent(resource)
    ? problem("disk.persistence", "A persistent volume must be destroyed first")
    : undefined
}

function reserveProblem(resource: Resource): OperationProblem | undefined {
  return resource.revocable
    ? problem("revocable", `Revocable resource '${resource.name}' cannot be reserved`)
    : dynamicProblem(resource)
}

/**
 * The resources that a re-reservation starts from: of one reservation each side, the same amounts,
 * and nothing static taken away.
 */
function sourceProblem(source: Resources, resources: Resources): OperationProblem | undefined {
  const [first] = source
  const [target] = resources
  if (first === undefined || target === undefined) return undefined
  const field = "reserve.source"
  const invalid = validateResources(source)
  if (invalid !== undefined) return problem(`${field}${invalid.field}`, invalid.message)
  if (!source.every(({ reservations }) => equalReservations(reservations, first.reservations)))
    return problem(field, "all of its resources must have the same reservations")
  if (!resources.every(({ reservations }) => equalReservations(reservations, target.reservations)))
    return problem("reserve.resources", "all of them must have the same reservations")
  if (source.some(isPersistent))
    return problem(`${field}.disk.persistence`, "A persistent volume cannot be reserved anew")
  const amounts = toUnreserved(normalizeResources(source))
  if (!equalResources(amounts, toUnreserved(normalizeResources(resources))))
    return problem(field, "its amounts differ from those of 'reserve.resources'")
  const bottom = first.reservations[0]
  return bottom?.type === "STATIC" && !equalReservations([bottom], target.reservations.slice(0, 1))
    ? problem(`${field}.reservations[0]`, "A static reservation cannot be taken away")
    : undefined
}

function persistentProblem(resource: Resource): OperationProblem | undefined {
  return isPersistent(resource)
    ? undefined
    : problem("disk.persistence", `Resource '${resource.name}' is not a persistent volume`)
}

function createProblem(resource: Resource): OperationProblem | undefined {
  const volume = resource.disk?.volume
  if (!isPersistent(resource)) return persistentProblem(resource)
  if (volume?.containerPath === "")
    return problem("disk.volume.container_path", "It must not be empty")
  return volume?.mode === "RW" ? undefined : problem("disk.volume.mode", "It must be RW")
}

/** What growing and shrinking ask of the volume itself. */
function resizeProblem(field: string, volume: Resource): OperationProblem | undefined {
  const invalid = validateResource(volume) ?? persistentProblem(volume)
  if (invalid !== undefined) return problem(`${field}.${invalid.field}`, invalid.message)
  if (volume.shared)
    return problem(`${field}.shared`, "A shared persistent volume cannot be resized")
  if (volume.providerId !== undefined)
    return problem(`${field}.provider_id`, "A volume of a resource provider cannot be resized")
  return volume.disk?.source?.type === "MOUNT"
    ? problem(`${field}.disk.source.type`, "A volume on a MOUNT disk cannot be resized")
    : undefined
}

function growProblem(volume: Resource, addition: Resource): OperationProblem | undefined {
  const found = resizeProblem("grow_volume.volume", volume)
  if (found !== undefined) return found
  const field = "grow_volume.addition"
  const invalid = validateResource(addition)
  if (invalid !== undefined) return problem(`${field}.${invalid.field}`, invalid.message)
  if (addition.value.kind !== "scalar" || addition.value.milli <= 0)
    return problem(`${field}.scalar.value`, "It must be greater than zero")
  const same = equalResources(
    [withoutVolume({ ...volume, value: addition.value })],
    [withoutVolume(addition)],
  )
  return same && !isPersistent(addition)
    ? undefined
    : problem(field, "It must be of the same disk and reservation as 'grow_volume.volume'")
}

function shrinkProblem(volume: Resource, subtract: number): OperationProblem | undefined {
  const found = resizeProblem("shrink_volume.volume", volume)
  if (found !== undefined) return found
  const field = "shrink_volume.subtract"
  if (!(subtract >= 0.001)) return problem(field, "It must be greater than zero")
  return volume.value.kind === "scalar" && Math.round(subtract * 1000) < volume.value.milli
    ? undefined
    : problem(field, "It must be less than the size of the volume")
}

function createDiskProblem({
  source,
  targetType: target,
  targetProfile: profile,
}: Extract<ResourceOperation, { readonly kind: "createDisk" }>): OperationProblem | undefined {
  const field = "create_disk.source"
  const invalid = validateResource(source)
  if (invalid !== undefined) return problem(`${field}.${invalid.field}`, invalid.message)
  if (source.disk?.source?.type !== "RAW")
    return problem(`${field}.disk.source.type`, "It must be RAW")
  if (target !== "MOUNT" && target !== "BLOCK")
    return problem("create_disk.target_type", "It must be MOUNT or BLOCK")
  const hasProfile = source.disk.source.profile !== undefined
  if (hasProfile === (profile !== undefined))
    return problem(
      "create_disk.target_profile",
      hasProfile
        ? `It must not be set when '${field}' has a profile`
        : `It must be set when '${field}' has no profile`,
    )
  return noProvider(field, source)
}

function destroyDiskProblem(source: Resource): OperationProblem | undefined {
  const field = "destroy_disk.source"
  const invalid = validateResource(source)
  if (invalid !== undefined) return problem(`${field}.${invalid.field}`, invalid.message)
  const { type, id } = source.disk?.source ?? {}
  if (type !== "MOUNT" && type !== "BLOCK" && type !== "RAW")
    return problem(`${field}.disk.source.type`, "It must be MOUNT, BLOCK or RAW")
  if (id === undefined) return problem(`${field}.disk.source.id`, "It must be set")
  if (isPersistent(source))
    return problem(`${field}.disk.persistence`, "A persistent volume must be destroyed first")
  return noProvider(field, source)
}

/** No agent of ours has storage that a resource provider manages. */
const noProvider = (field: string, { providerId }: Resource): OperationProblem =>
  problem(
    `${field}.provider_id`,
    providerId === undefined
      ? "It must name a resource provider, and no agent has one"
      : `There is no resource provider '${providerId}'`,
  )

/** The disk space that a persistent volume takes, as it was before the volume was made. */
export function withoutVolume(volume: Resource): Resource {
  const { disk, shared: _, ...rest } = volume
  return disk?.source === undefined ? rest : { ...rest, disk: { source: disk.source } }
}
