import type { Range, Reservation, Resource, Resources } from "#lib/mesos/resource.ts"
import { DEFAULT_ROLE, isStrictSubrole } from "#lib/mesos/roles.ts"
import { assert } from "#lib/std/assert.ts"
import { normalizeResources } from "./normal.ts"

/** The role that the resource is reserved to, "*" when to nobody. */
export const reservationRole = (resource: Resource): string =>
  resource.reservations.at(-1)?.role ?? DEFAULT_ROLE

/** Whether frameworks of the role may get it: it is unreserved, or reserved to the role or above. */
export function isAllocatableTo(resource: Resource, role: string): boolean {
  const { reservations } = resource
  if (reservations.length === 0) return true
  const owner = (reservations[reservations.length - 1] as Reservation).role
  return owner === role || isStrictSubrole(role, owner)
}

/** Those that a filter keeps; the list itself when it keeps all. Keeps the normal form. */
function select(resources: Resources, keep: (resource: Resource) => boolean): Resources {
  return resources.every(keep) ? resources : resources.filter(keep)
}

/** Those that nobody reserved. */
export const unreserved = (resources: Resources): Resources =>
  select(resources, (resource) => resource.reservations.length === 0)

/** Those reserved to any role. */
export const reserved = (resources: Resources): Resources =>
  select(resources, (resource) => resource.reservations.length > 0)

/** Those reserved to exactly this role; for "*" those that are not reserved. */
export const reservedTo = (resources: Resources, role: string): Resources =>
  select(resources, (resource) => reservationRole(resource) === role)

/** Those that frameworks of the role may get. */
export const allocatableTo = (resources: Resources, role: string): Resources =>
  select(resources, (resource) => isAllocatableTo(resource, role))

/** Those that may be taken away again at any time. */
export const revocable = (resources: Resources): Resources =>
  select(resources, (resource) => resource.revocable === true)

/** Those that are given for good. */
export const nonRevocable = (resources: Resources): Resources =>
  select(resources, (resource) => resource.revocable === undefined)

/** Those that several tasks may use at once. */
export const shared = (resources: Resources): Resources =>
  select(resources, (resource) => resource.shared === true)

/** Those that only one may use at a time. */
export const exclusive = (resources: Resources): Resources =>
  select(resources, (resource) => resource.shared === undefined)

/** Volumes whose data outlives the task. */
export const persistentVolumes = (resources: Resources): Resources =>
  select(resources, (resource) => resource.disk?.persistence !== undefined)

/** The reserved ones by the role they are reserved to, roles in ascending order. */
export function reservationsByRole(resources: Resources): ReadonlyMap<string, Resources> {
  const byRole = new Map<string, Resource[]>()
  for (const resource of resources) {
    if (resource.reservations.length === 0) continue
    const role = reservationRole(resource)
    const group = byRole.get(role)
    if (group === undefined) byRole.set(role, [resource])
    else group.push(resource)
  }
  return new Map([...byRole].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** The same amounts with no reservations and no allocation: what the machine has. */
export const flatten = (resources: Resources): Resources => unallocate(toUnreserved(resources))

/** The same amounts with no reservations. */
export const toUnreserved = (resources: Resources): Resources =>
  resources.every((resource) => resource.reservations.length === 0)
    ? resources
    : normalizeResources(
        resources.map((resource) =>
          resource.reservations.length === 0 ? resource : { ...resource, reservations: [] },
        ),
      )

/** The same amounts as part of the role's allocation. */
export const allocate = (resources: Resources, role: string): Resources =>
  resources.every((resource) => resource.allocationRole === role)
    ? resources
    : normalizeResources(resources.map((resource) => ({ ...resource, allocationRole: role })))

/** The same amounts as part of no allocation. */
export const unallocate = (resources: Resources): Resources =>
  resources.every((resource) => resource.allocationRole === undefined)
    ? resources
    : normalizeResources(
        resources.map((resource) => {
          if (resource.allocationRole === undefined) return resource
          const { allocationRole: _, ...rest } = resource
          return rest
        }),
      )

/** The same amounts with one more reservation on top. */
export const pushReservation = (resources: Resources, reservation: Reservation): Resources =>
  normalizeResources(
    resources.map((resource) => ({
      ...resource,
      reservations: [...resource.reservations, reservation],
    })),
  )

/** The same amounts with the topmost reservation taken off; every entry must have one. */
export const popReservation = (resources: Resources): Resources =>
  normalizeResources(
    resources.map((resource) => {
      assert(resource.reservations.length > 0, `${resource.name} has no reservation to pop`)
      return { ...resource, reservations: resource.reservations.slice(0, -1) }
    }),
  )

/** An unreserved scalar in thousandths. */
export const scalarResource = (name: string, milli: number): Resource => ({
  name,
  value: { kind: "scalar", milli },
  reservations: [],
})

/** Unreserved ranges. */
export const rangesResource = (name: string, ranges: readonly Range[]): Resource => ({
  name,
  value: { kind: "ranges", ranges },
  reservations: [],
})

/** All numbers of the named range resources, such as "ports", whatever their reservation. */
export function rangesOf(resources: Resources, name: string): readonly Range[] {
  const ranges: Range[] = []
  for (const resource of resources)
    if (resource.name === name && resource.value.kind === "ranges")
      ranges.push(...resource.value.ranges)
  return ranges.sort((a, b) => a.begin - b.begin)
}
