import type { Resource, Resources } from "#lib/mesos/resource.ts"
import { assert, AssertionError } from "#lib/std/assert.ts"
import { err, ok, type Result } from "#lib/std/result.ts"
import { addResources, containsResources, subtractResources } from "./arithmetic.ts"
import { normalizeResources } from "./normal.ts"
import {
  operationProblem,
  withoutVolume,
  type OperationProblem,
  type ResourceOperation,
} from "./operation-rules.ts"
import { renderResources } from "./render.ts"
import { popReservation, unallocate } from "./reservation.ts"
import { toMilli } from "./scalar.ts"

/** What an operation turns into what; both in normal form and of the same amounts. */
export type Conversion = { readonly consumed: Resources; readonly converted: Resources }

/** A sum of resources after an operation, and what of it changed. */
export type AppliedOperation = Conversion & { readonly resources: Resources }

/**
 * Whether later operations of the same ACCEPT may use what it makes. The others have effect only once
 * the agent says so.
 */
export const isSpeculative = ({ kind }: ResourceOperation): boolean =>
  kind === "reserve" || kind === "unreserve" || kind === "create" || kind === "destroy"

/** The member of each operation that says what it consumes, for messages. */
export const CONSUMED_FIELDS: Readonly<Record<ResourceOperation["kind"], string>> = {
  reserve: "reserve.resources",
  unreserve: "unreserve.resources",
  create: "create.volumes",
  destroy: "destroy.volumes",
  growVolume: "grow_volume",
  shrinkVolume: "shrink_volume.volume",
  createDisk: "create_disk.source",
  destroyDisk: "destroy_disk.source",
}

/** What a valid operation turns into what, or the first rule that it breaks. */
export function conversionOf(operation: ResourceOperation): Result<Conversion, OperationProblem> {
  const problem = operationProblem(operation)
  return problem === undefined ? ok(convert(operation)) : err(problem)
}

function convert(operation: ResourceOperation): Conversion {
  switch (operation.kind) {
    case "reserve": {
      const { source = [] } = operation
      const converted = normalizeResources(operation.resources ?? [])
      const consumed = source.length > 0 ? normalizeResources(source) : popReservation(converted)
      return { consumed, converted }
    }
    case "unreserve": {
      const consumed = normalizeResources(operation.resources ?? [])
      return { consumed, converted: popReservation(consumed) }
    }
    case "create": {
      const converted = normalizeResources(operation.volumes ?? [])
      return { consumed: normalizeResources(converted.map(withoutVolume)), converted }
    }
    case "destroy": {
      const consumed = normalizeResources(operation.volumes ?? [])
      return { consumed, converted: normalizeResources(consumed.map(withoutVolume)) }
    }
    case "growVolume": {
      const { volume, addition } = operation
      const grown = resized(volume, milliOf(volume) + milliOf(addition))
      return { consumed: normalizeResources([volume, addition]), converted: [grown] }
    }
    case "shrinkVolume": {
      const { volume } = operation
      const milli = toMilli(operation.subtract.value)
      const freed = resized(withoutVolume(volume), milli)
      const kept = resized(volume, milliOf(volume) - milli)
      return { consumed: [volume], converted: normalizeResources([kept, freed]) }
    }
    case "createDisk":
    case "destroyDisk":
      throw new AssertionError(`${operation.kind} has no resource provider`)
    default:
      return operation satisfies never
  }
}

function milliOf({ name, value }: Resource): number {
  assert(value.kind === "scalar", `${name} is not a scalar`)
  return value.milli
}

const resized = (resource: Resource, milli: number): Resource => ({
  ...resource,
  value: { kind: "scalar", milli },
})

/** Replaces what is consumed by what it becomes; refused when not all of it is there. */
export function applyConversion(
  resources: Resources,
  { consumed, converted }: Conversion,
  field: string,
): Result<Resources, OperationProblem> {
  if (!containsResources(resources, consumed)) {
    const [needed, held] = [consumed, resources].map((each) => renderResources(unallocate(each)))
    return err({ field, message: `${needed} is not contained in ${held}` })
  }
  return ok(addResources(subtractResources(resources, consumed), converted))
}

/**
 * Applies an operation to all that an agent has: resources in normal form without allocation roles.
 * The operation's own allocation roles, which say whose it is, are left out.
 */
export function applyOperation(
  total: Resources,
  operation: ResourceOperation,
): Result<AppliedOperation, OperationProblem> {
  const conversion = conversionOf(operation)
  if (!conversion.ok) return conversion
  const bare = bareConversion(conversion.value)
  const resources = applyConversion(total, bare, CONSUMED_FIELDS[operation.kind])
  return resources.ok ? ok({ resources: resources.value, ...bare }) : resources
}

/** The conversion of what an agent has, whoever it is allocated to. */
export const bareConversion = ({ consumed, converted }: Conversion): Conversion => ({
  consumed: unallocate(consumed),
  converted: unallocate(converted),
})
