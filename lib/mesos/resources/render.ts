import type { Reservation, Resource, Resources, ResourceValue } from "#lib/mesos/resource.ts"
import type { Labels } from "#lib/mesos/v1/core.ts"
import { fromMilli } from "./scalar.ts"

/** A value as Mesos writes it: `4.5`, `[31000-32000]`, `{a, b}`. */
export function renderValue(value: ResourceValue): string {
  switch (value.kind) {
    case "scalar":
      return String(fromMilli(value.milli))
    case "ranges":
      return `[${value.ranges.map(({ begin, end }) => `${begin}-${end}`).join(", ")}]`
    case "set":
      return `{${value.items.join(", ")}}`
    default:
      return value satisfies never
  }
}

/**
 * Resources for people and logs: `cpus:4;mem(db):1024`. What `parseResources` can read comes back
 * unchanged; dynamic reservations, allocations, disks and markers are written as Mesos does in its
 * messages. Source: apache/mesos: src/common/resources.cpp (operator<<).
 */
export const renderResources = (resources: Resources): string =>
  resources.length === 0 ? "{}" : resources.map(renderResource).join(";")

/** One resource, as in `renderResources`. */
export const renderResource = (resource: Resource): string =>
  resource.name +
  (resource.allocationRole === undefined ? "" : `(allocated: ${resource.allocationRole})`) +
  renderReservations(resource.reservations) +
  renderDisk(resource) +
  (resource.revocable ? "{REV}" : "") +
  (resource.shared ? "<SHARED>" : "") +
  `:${renderValue(resource.value)}`

function renderReservations(reservations: readonly Reservation[]): string {
  const [first] = reservations
  if (first === undefined) return ""
  if (reservations.length === 1 && first.type === "STATIC") return `(${first.role})`
  const links = reservations.map(({ type, role, principal, labels }) =>
    [
      type,
      role,
      ...(principal ? [principal] : []),
      ...(labels ? [renderLabels(labels)] : []),
    ].join(),
  )
  return `(reservations: [${links.map((link) => `(${link})`).join(",")}])`
}

const renderLabels = ({ labels }: Labels): string =>
  `{${(labels ?? []).map(({ key, value }) => (value === undefined ? key : `${key}: ${value}`)).join(", ")}}`

function renderDisk({ disk }: Resource): string {
  if (disk === undefined) return ""
  const { source, persistence, volume } = disk
  const parts: string[] = []
  if (source !== undefined) {
    const root = source.path?.root ?? source.mount?.root
    const id = source.id ?? source.profile
    parts.push(`${source.type}(${[id, root].filter((part) => part !== undefined).join(",")})`)
  }
  if (persistence !== undefined)
    parts.push([persistence.id, volume?.containerPath].filter(Boolean).join(":"))
  return `[${parts.join(",")}]`
}
