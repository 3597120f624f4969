import { encodeMessage } from "#lib/mesos/codec/messages.ts"
import type { Resource, Resources, ResourceValue } from "#lib/mesos/resource.ts"
import { renderValue } from "#lib/mesos/resources/render.ts"
import { reservationsByRole, unreserved } from "#lib/mesos/resources/reservation.ts"
import { fromMilli } from "#lib/mesos/resources/scalar.ts"
import { addValues } from "#lib/mesos/resources/value.ts"

/** Resources as the older endpoints show them: scalars as numbers, the rest as text. */
export type FlatResources = Readonly<Record<string, number | string>>

/**
 * Sums by name, whatever the reservation; `cpus`, `gpus`, `mem` and `disk` are always there, and
 * revocable amounts have names of their own. Source: apache/mesos: src/common/http.cpp (model).
 */
export function flattenResources(...lists: readonly Resources[]): FlatResources {
  let cpus = 0
  let gpus = 0
  let mem = 0
  let disk = 0
  const rest: Sum[] = []
  for (const list of lists)
    for (const { name, value, revocable } of list) {
      const milli = value.kind === "scalar" && revocable === undefined ? value.milli : undefined
      if (milli !== undefined && name === "cpus") cpus += milli
      else if (milli !== undefined && name === "gpus") gpus += milli
      else if (milli !== undefined && name === "mem") mem += milli
      else if (milli !== undefined && name === "disk") disk += milli
      else addTo(rest, revocable ? `${name}_revocable` : name, value)
    }
  const flat: Record<string, number | string> = {
    cpus: fromMilli(cpus),
    gpus: fromMilli(gpus),
    mem: fromMilli(mem),
    disk: fromMilli(disk),
  }
  for (const { name, value } of rest)
    flat[name] = value.kind === "scalar" ? fromMilli(value.milli) : renderValue(value)
  return flat
}

type Sum = { readonly name: string; value: ResourceValue }

/** There are one or two: looking through them is faster than any index. */
function addTo(sums: Sum[], name: string, value: ResourceValue): void {
  const before = sums.find((sum) => sum.name === name)
  if (before === undefined) sums.push({ name, value })
  else before.value = addValues(before.value, value)
}

/** Reserved resources by role, each role's as `render` shows them. */
export const reservedByRole = <T>(
  resources: Resources,
  render: (resources: Resources) => T,
): Readonly<Record<string, T>> =>
  Object.fromEntries([...reservationsByRole(resources)].map(([role, own]) => [role, render(own)]))

/** The unreserved ones, flat. */
export const flattenUnreserved = (resources: Resources): FlatResources =>
  flattenResources(unreserved(resources))

/** Resource messages with reservations in both forms, for operators. */
export const fullResources = (resources: Resources): readonly object[] =>
  resources.map((resource: Resource) => encodeMessage("mesos.v1.Resource", resource, "endpoint"))
