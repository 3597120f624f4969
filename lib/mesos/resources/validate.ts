import { idProblem } from "#lib/mesos/ids.ts"
import type { Range, Reservation, Resource, Resources } from "#lib/mesos/resource.ts"
import type { ResourceDiskInfo, ResourceDiskInfoSource } from "#lib/mesos/v1/core.ts"
import { DEFAULT_ROLE, isStrictSubrole, roleProblem } from "#lib/mesos/roles.ts"
import { reservationRole } from "./reservation.ts"

/** Why a list of resources is refused; `field` is its place, such as "[2].reservations[0].role". */
export type ResourceProblem = { readonly field: string; readonly message: string }

/**
 * The first thing wrong with a list as it came from outside, or undefined when all is well. Run it
 * before `normalizeResources`, which would hide overlaps.
 * Source: apache/mesos: src/common/resources.cpp (validate), src/master/validation.cpp (resource).
 */
export function validateResources(list: Resources): ResourceProblem | undefined {
  const volumes = new Set<string>()
  for (const [index, resource] of list.entries()) {
    const problem = validateResource(resource)
    if (problem !== undefined)
      return { field: `[${index}].${problem.field}`, message: problem.message }
    const id = resource.disk?.persistence?.id
    if (id === undefined || resource.shared) continue
    const key = `${reservationRole(resource)} ${id}`
    if (volumes.has(key))
      return {
        field: `[${index}].disk.persistence.id`,
        message: `Persistence ID '${id}' is not unique`,
      }
    volumes.add(key)
  }
  return undefined
}

/** The first thing wrong with one resource, or undefined. */
export function validateResource(resource: Resource): ResourceProblem | undefined {
  if (resource.name === "") return { field: "name", message: "Empty resource name" }
  return validateAmount(resource) ?? validateReservations(resource) ?? validateKind(resource)
}

function validateAmount({ name, value }: Resource): ResourceProblem | undefined {
  switch (value.kind) {
    case "scalar":
      return validateScalar(name, value.milli)
    case "ranges":
      return validateRanges(name, value.ranges)
    case "set":
      return new Set(value.items).size === value.items.length
        ? undefined
        : { field: "set", message: `Resource '${name}' names an item of its set twice` }
    default:
      return value satisfies never
  }
}

function validateScalar(name: string, milli: number): ResourceProblem | undefined {
  const refuse = (message: string): ResourceProblem => ({ field: "scalar.value", message })
  if (!Number.isFinite(milli)) return refuse(`Resource '${name}' is not a finite number`)
  if (milli < 0) return refuse(`Resource '${name}' is negative: ${milli / 1000}`)
  if (milli > 0 && milli < 1) return refuse(`Resource '${name}' is less than 0.001`)
  if (!Number.isSafeInteger(milli)) return refuse(`Resource '${name}' is too large`)
  if (name === "gpus" && milli % 1000 !== 0)
    return refuse(`The 'gpus' resource must be a whole number, not ${milli / 1000}`)
  return undefined
}

function validateRanges(name: string, ranges: readonly Range[]): ResourceProblem | undefined {
  const refuse = (message: string): ResourceProblem => ({ field: "ranges.range", message })
  for (const { begin, end } of ranges) {
    if (!Number.isSafeInteger(begin) || !Number.isSafeInteger(end) || begin < 0)
      return refuse(`Resource '${name}' has a range out of bounds: ${begin}-${end}`)
    if (begin > end)
      return refuse(`Resource '${name}' has a range that ends before it begins: ${begin}-${end}`)
  }
  const sorted = [...ranges].sort((a, b) => a.begin - b.begin)
  for (let i = 1; i < sorted.length; i++) {
    const before = sorted[i - 1] as Range
    const { begin, end } = sorted[i] as Range
    if (begin <= before.end)
      return refuse(
        `Resource '${name}' has overlapping ranges: ${before.begin}-${before.end} and ${begin}-${end}`,
      )
  }
  return undefined
}

function validateReservations({ name, reservations }: Resource): ResourceProblem | undefined {
  for (const [index, reservation] of reservations.entries()) {
    const field = `reservations[${index}]`
    const problem = validateLink(reservation, reservations[index - 1])
    if (problem !== undefined)
      return {
        field: `${field}.${problem.field}`,
        message: `Invalid reservation of '${name}': ${problem.message}`,
      }
  }
  return undefined
}

function validateLink(
  { type, role, principal, labels }: Reservation,
  below: Reservation | undefined,
): ResourceProblem | undefined {
  if (role === DEFAULT_ROLE)
    return { field: "role", message: "Resources cannot be reserved to role '*'" }
  const problem = roleProblem(role)
  if (problem !== undefined) return { field: "role", message: problem }
  if (below !== undefined && type === "STATIC")
    return { field: "type", message: "Only the first reservation of a stack may be static" }
  if (below !== undefined && !isStrictSubrole(role, below.role))
    return {
      field: "role",
      message: `Role '${role}' is not a refinement of role '${below.role}'`,
    }
  if (type === "STATIC" && principal !== undefined)
    return { field: "principal", message: "Static reservations have no principal" }
  if (type === "STATIC" && labels !== undefined)
    return { field: "labels", message: "Static reservations have no labels" }
  return undefined
}

/** Rules between disk, reservation, revocability and sharing. */
function validateKind(resource: Resource): ResourceProblem | undefined {
  const { name, disk, reservations } = resource
  const persistence = disk?.persistence
  if (disk !== undefined && name !== "disk")
    return { field: "disk", message: `DiskInfo must not be set for resource '${name}'` }
  const origin = disk?.source && validateDiskSource(disk.source)
  if (origin !== undefined) return origin
  if (resource.revocable && reservations.length > 0)
    return { field: "revocable", message: `Revocable resource '${name}' cannot be reserved` }
  if (resource.revocable && persistence !== undefined)
    return { field: "revocable", message: "Persistent volumes cannot be revocable" }
  if (resource.shared && persistence === undefined)
    return { field: "shared", message: "Only persistent volumes can be shared" }
  if (persistence === undefined) return disk && notPersistent(disk)
  const problem = idProblem(persistence.id)
  if (problem !== undefined) return { field: "disk.persistence.id", message: problem }
  if (reservations.length === 0)
    return {
      field: "reservations",
      message: "Persistent volumes cannot be created from unreserved resources",
    }
  if (resource.value.kind !== "scalar")
    return { field: "type", message: "A persistent volume must be a scalar" }
  if (disk?.volume === undefined)
    return {
      field: "disk.volume",
      message: "A persistent volume needs it: where tasks see the data",
    }
  return disk.volume.hostPath === undefined
    ? undefined
    : { field: "disk.volume.host_path", message: "It must not be set: the agent chooses the place" }
}

/** Source: apache/mesos: src/common/resources.cpp (validate). */
function validateDiskSource({
  type,
  mount,
  path,
}: ResourceDiskInfoSource): ResourceProblem | undefined {
  if (type === "UNKNOWN") return { field: "disk.source.type", message: "It is unknown" }
  if (type === "PATH" || type === "MOUNT") return undefined
  const root = mount === undefined ? (path === undefined ? undefined : "path") : "mount"
  return root === undefined
    ? undefined
    : { field: `disk.source.${root}`, message: `It must not be set for a ${type} disk` }
}

/** What a DiskInfo that makes no persistent volume says. */
function notPersistent({ volume, source }: ResourceDiskInfo): ResourceProblem | undefined {
  if (volume !== undefined)
    return { field: "disk.volume", message: "Non-persistent volume not supported" }
  return source === undefined ? { field: "disk", message: "DiskInfo is set but empty" } : undefined
}
