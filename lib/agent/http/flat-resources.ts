import {
  addRanges,
  encodeMessage,
  fromMilli,
  renderValue,
  reservationsByRole,
  type Range,
  type Resources,
} from "#lib/mesos/index.ts"

/** Resources as the older endpoints show them: scalars as numbers, the rest as text. */
export type FlatResources = Readonly<Record<string, number | string>>

/**
 * Sums by name, whatever the reservation; cpus, gpus, mem and disk are always there, and revocable
 * amounts have names of their own. Source: apache/mesos: src/common/http.cpp (model).
 */
export function flatResources(resources: Resources): FlatResources {
  const scalars = new Map([
    ["cpus", 0],
    ["gpus", 0],
    ["mem", 0],
    ["disk", 0],
  ])
  const ranges = new Map<string, readonly Range[]>()
  const sets = new Map<string, readonly string[]>()
  for (const resource of resources) {
    const name = resource.revocable ? `${resource.name}_revocable` : resource.name
    const { value } = resource
    switch (value.kind) {
      case "scalar":
        scalars.set(name, (scalars.get(name) ?? 0) + value.milli)
        break
      case "ranges":
        ranges.set(name, addRanges(ranges.get(name) ?? [], value.ranges))
        break
      case "set":
        sets.set(name, [...new Set([...(sets.get(name) ?? []), ...value.items])].sort())
        break
      default:
        value satisfies never
    }
  }
  const flat: Record<string, number | string> = {}
  for (const [name, milli] of scalars) flat[name] = fromMilli(milli)
  for (const [name, list] of ranges) flat[name] = renderValue({ kind: "ranges", ranges: list })
  for (const [name, items] of sets) flat[name] = renderValue({ kind: "set", items })
  return flat
}

/** Reserved resources by role, each role's as `render` shows them. */
export function reservedByRole<T>(
  resources: Resources,
  render: (resources: Resources) => T,
): Readonly<Record<string, T>> {
  const roles = [...reservationsByRole(resources)]
  return Object.fromEntries(roles.map(([role, own]) => [role, render(own)]))
}

/** Resource messages with reservations in both forms, for operators. */
export const fullResources = (resources: Resources): readonly object[] =>
  resources.map((resource) => encodeMessage("mesos.v1.Resource", resource, "endpoint"))
