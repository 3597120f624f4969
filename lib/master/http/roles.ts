import {
  DEFAULT_ROLE,
  flattenResources,
  fromMilli,
  isStrictSubrole,
  nonRevocable,
  reservationsByRole,
  scalarQuantities,
  sumResources,
  unreserved,
  type FrameworkId,
  type Resources,
} from "#lib/mesos/index.ts"
import type { MasterView } from "#lib/master/core/views.ts"
import { plainAmounts } from "./operator-settings.ts"

/** What a role holds. */
export type RoleSummary = {
  readonly allocated: Resources
  readonly offered: Resources
  readonly reserved: Resources
  readonly frameworks: readonly FrameworkId[]
}

/** The parts of a role's sums, before they are added up. */
class RoleParts {
  readonly allocated: Resources[] = []
  readonly offered: Resources[] = []
  readonly reserved: Resources[] = []
  readonly frameworks: FrameworkId[] = []

  get summary(): RoleSummary {
    return {
      allocated: sumResources(this.allocated),
      offered: sumResources(this.offered),
      reserved: sumResources(this.reserved),
      frameworks: this.frameworks,
    }
  }
}

/** Roles with frameworks, allocations, reservations, quota or weight, and always "*"; ascending. */
export function collectRoles(view: MasterView): ReadonlyMap<string, RoleSummary> {
  const roles = new Map<string, RoleParts>([[DEFAULT_ROLE, new RoleParts()]])
  const partsOf = (name: string): RoleParts => {
    let parts = roles.get(name)
    if (parts === undefined) roles.set(name, (parts = new RoleParts()))
    return parts
  }
  for (const name of [...view.quotas.keys(), ...view.weights.keys()]) partsOf(name)
  for (const framework of view.frameworks.values())
    for (const name of framework.roles) partsOf(name).frameworks.push(framework.id)
  for (const agent of view.agents.values()) {
    for (const resource of agent.used)
      partsOf(resource.allocationRole ?? DEFAULT_ROLE).allocated.push([resource])
    for (const resource of agent.offered)
      partsOf(resource.allocationRole ?? DEFAULT_ROLE).offered.push([resource])
    for (const [name, reserved] of reservationsByRole(agent.total))
      partsOf(name).reserved.push(reserved)
  }
  return new Map(
    [...roles]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, parts]) => [name, parts.summary] as const),
  )
}

/**
 * What counts against a role's quota: all reservations of it and below, and what it and those below
 * hold of unreserved resources for good. Source: apache/mesos: docs/quota.md.
 */
function consumed(
  name: string,
  roles: ReadonlyMap<string, RoleSummary>,
): Readonly<Record<string, number>> {
  const totals: Record<string, number> = {}
  for (const [other, { allocated, reserved }] of roles) {
    if (other !== name && !isStrictSubrole(other, name)) continue
    for (const list of [reserved, unreserved(nonRevocable(allocated))])
      for (const quantity of scalarQuantities(list))
        totals[quantity.name] = (totals[quantity.name] ?? 0) + quantity.milli
  }
  return Object.fromEntries(
    Object.entries(totals).map(([resource, milli]) => [resource, fromMilli(milli)]),
  )
}

/** Roles with what they hold, at `/roles`. Source: apache/mesos: src/master/readonly_handler.cpp. */
export function renderRoles(view: MasterView): object {
  const roles = collectRoles(view)
  return {
    roles: [...roles].map(([name, role]) => ({
      name,
      weight: view.weight(name),
      quota: {
        role: name,
        guarantee: plainAmounts(view.quotas.get(name)?.guarantees),
        limit: plainAmounts(view.quotas.get(name)?.limits),
        consumed: consumed(name, roles),
      },
      resources: flattenResources(role.allocated, role.offered),
      allocated: flattenResources(role.allocated),
      offered: flattenResources(role.offered),
      reserved: flattenResources(role.reserved),
      frameworks: role.frameworks,
    })),
  }
}
