import {
  addRanges,
  encodeMessage,
  fromMilli,
  renderValue,
  reservationsByRole,
  unreserved,
  type Range,
  type Resource,
  type Resources,
} from "#lib/mesos/index.ts"

/** Resources as the older endpoints show them: scalars as numbers, the rest as text. */
export type FlatResources = Readonly<Record<string, number | string>>

/**
 * `flattenResources` of a list that is kept, such as what an agent has: worked out once, as most of a
 * cluster is the same each time it is asked for.
 */
export function flatResources(resources: Resources): FlatResources {
  let flat = known.get(resources)
  if (flat === undefined) known.set(resources, (flat = flattenResources(resources)))
  return flat
}

/** The forms of lists that are still there. */
const known = new WeakMap<Resources, FlatResources>()

/**
 * Sums by name, whatever the reservation; `cpus`, `gpus`, `mem` and `disk` are always there, and
 * revocable amounts have names of their own. Source: apache/mesos: src/common/http.cpp (model).
 */
export function flattenResources(...lists: readonly Resources[]): FlatResources {
  const milli: Record<string, number> = { cpus: 0, gpus: 0, mem: 0, disk: 0 }
  const ranges: Record<string, readonly Range[]> = {}
  const items: Record<string, Set<string>> = {}
  for (const list of lists)
    for (const resource of list) {
      const name = resource.revocable ? `${resource.name}_revocable` : resource.name
      const { value } = resource
      if (value.kind === "scalar") milli[name] = (milli[name] ?? 0) + value.milli
      else if (value.kind === "ranges") ranges[name] = addRanges(ranges[name] ?? [], value.ranges)
      else items[name] = new Set([...(items[name] ?? []), ...value.items])
    }
  const flat: Record<string, number | string> = {}
  for (const [name, amount] of Object.entries(milli)) flat[name] = fromMilli(amount)
  for (const [name, list] of Object.entries(ranges))
    flat[name] = renderValue({ kind: "ranges", ranges: list })
  for (const [name, all] of Object.entries(items))
    flat[name] = renderValue({ kind: "set", items: [...all].sort() })
  return flat
}

/** Reserved resources by role, each role's as `render` shows them. */
export const byRole = <T>(
  resources: Resources,
  render: (resources: Resources) => T,
): Readonly<Record<string, T>> =>
  Object.fromEntries([...reservationsByRole(resources)].map(([role, own]) => [role, render(own)]))

/** The unreserved ones, flat. */
export const flatUnreserved = (resources: Resources): FlatResources =>
  flatResources(unreserved(resources))

/** Resource messages with reservations in both forms, for operators. */
export const fullResources = (resources: Resources): readonly object[] =>
  resources.map((resource: Resource) => encodeMessage("mesos.v1.Resource", resource, "endpoint"))
