import type { Reservation, Resource } from "#lib/mesos/resource.ts"
import type { Label, Labels, ResourceDiskInfo } from "#lib/mesos/v1/core.ts"
import { compareValues } from "./value.ts"

const compareText = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1)

/** Absent sorts first. */
function compareOptional<T>(
  a: T | undefined,
  b: T | undefined,
  compare: (a: T, b: T) => number,
): number {
  if (a === b) return 0
  if (a === undefined) return -1
  return b === undefined ? 1 : compare(a, b)
}

/** A total order on JSON-like data; a member set to undefined equals an absent one. */
function compareData(a: unknown, b: unknown): number {
  if (a === b) return 0
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null)
    return compareText(`${typeof a} ${String(a)}`, `${typeof b} ${String(b)}`)
  const left = presentEntries(a)
  const right = presentEntries(b)
  for (let i = 0; i < left.length && i < right.length; i++) {
    const [leftKey, leftValue] = left[i] as [string, unknown]
    const [rightKey, rightValue] = right[i] as [string, unknown]
    const order = compareText(leftKey, rightKey) || compareData(leftValue, rightValue)
    if (order !== 0) return order
  }
  return left.length - right.length
}

const presentEntries = (data: object): [string, unknown][] =>
  Object.entries(data)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => compareText(a, b))

const compareLabel = (a: Label, b: Label): number =>
  compareText(a.key, b.key) || compareOptional(a.value, b.value, compareText)

/** Labels are a bag: their order says nothing. */
function compareLabels(a: Labels, b: Labels): number {
  const left = [...(a.labels ?? [])].sort(compareLabel)
  const right = [...(b.labels ?? [])].sort(compareLabel)
  for (let i = 0; i < left.length && i < right.length; i++) {
    const order = compareLabel(left[i] as Label, right[i] as Label)
    if (order !== 0) return order
  }
  return left.length - right.length
}

const compareReservation = (a: Reservation, b: Reservation): number =>
  compareText(a.role, b.role) ||
  compareText(a.type, b.type) ||
  compareOptional(a.principal, b.principal, compareText) ||
  compareOptional(a.labels, b.labels, compareLabels)

function compareReservations(a: readonly Reservation[], b: readonly Reservation[]): number {
  if (a === b) return 0
  for (let i = 0; i < a.length && i < b.length; i++) {
    const order = compareReservation(a[i] as Reservation, b[i] as Reservation)
    if (order !== 0) return order
  }
  return a.length - b.length
}

/** Whether two reservation stacks are the same. */
export const equalReservations = (a: readonly Reservation[], b: readonly Reservation[]): boolean =>
  compareReservations(a, b) === 0

/**
 * A disk is told by where it lies and by its persistence id. Where a task mounts it is the task's own
 * choice, each time anew. Source: apache/mesos: src/common/resources.cpp (operator== of DiskInfo).
 */
const compareDisks = (a: ResourceDiskInfo, b: ResourceDiskInfo): number =>
  compareOptional(a.persistence?.id, b.persistence?.id, compareText) ||
  compareOptional(a.source, b.source, compareData)

/**
 * Orders resources by everything that tells them apart except the amount. Zero means the same thing
 * in perhaps different quantity.
 */
export function compareIdentity(a: Resource, b: Resource): number {
  if (a === b) return 0
  return (
    compareKinds(a, b) ||
    compareOptional(a.allocationRole, b.allocationRole, compareText) ||
    compareOrigins(a, b)
  )
}

/** The same, whatever role they are allocated to. */
export const compareUnallocated = (a: Resource, b: Resource): number =>
  a === b ? 0 : compareKinds(a, b) || compareOrigins(a, b)

function compareKinds(a: Resource, b: Resource): number {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1
  if (a.value.kind !== b.value.kind) return a.value.kind < b.value.kind ? -1 : 1
  return 0
}

function compareOrigins(a: Resource, b: Resource): number {
  const order = compareReservations(a.reservations, b.reservations)
  if (order !== 0 || (isPlain(a) && isPlain(b))) return order
  return (
    compareOptional<string>(a.providerId, b.providerId, compareText) ||
    compareOptional(a.disk, b.disk, compareDisks) ||
    Number(a.revocable ?? false) - Number(b.revocable ?? false) ||
    Number(a.shared ?? false) - Number(b.shared ?? false)
  )
}

/** Most resources are: nothing but a name, an amount and perhaps reservations. */
const isPlain = ({ providerId, disk, revocable, shared }: Resource): boolean =>
  providerId === undefined && disk === undefined && revocable === undefined && shared === undefined

/**
 * Whether amounts of this resource may be joined and split. Persistent volumes, shared resources and
 * MOUNT, BLOCK and RAW disks exist only as wholes.
 */
export function isDivisible(resource: Resource): boolean {
  if (resource.shared) return false
  const { disk } = resource
  if (disk === undefined) return true
  if (disk.persistence !== undefined) return false
  const type = disk.source?.type
  return type !== "MOUNT" && type !== "BLOCK" && type !== "RAW"
}

/** The order of a normal form: by identity, then, where amounts stay apart, by amount. */
export const compareResources = (a: Resource, b: Resource): number =>
  compareIdentity(a, b) || (isDivisible(a) ? 0 : compareValues(a.value, b.value))
