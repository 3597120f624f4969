import {
  addResources,
  isStrictSubrole,
  nonRevocable,
  NO_RESOURCES,
  DEFAULT_ROLE,
  reservationsByRole,
  scalarQuantities,
  unreserved,
  fromMilli,
  type FrameworkId,
  type Resources,
} from "#lib/mesos/index.ts"
import type { MasterView } from "#lib/master/core/views.ts"
import { flatResources } from "./flat-resources.ts"

/** What a role holds. */
export type RoleSummary = {
  allocated: Resources
  offered: Resources
  reserved: Resources
  readonly frameworks: Set<FrameworkId>
}

/** Roles with frameworks, allocations or reservations, and always "*"; in ascending order. */
export function collectRoles(view: MasterView): ReadonlyMap<string, RoleSummary> {
  const roles = new Map<string, RoleSummary>()
  const role = (name: string): RoleSummary => {
    const known = roles.get(name)
    if (known !== undefined) return known
    const fresh: RoleSummary = {
      allocated: NO_RESOURCES,
      offered: NO_RESOURCES,
      reserved: NO_RESOURCES,
      frameworks: new Set(),
    }
    roles.set(name, fresh)
    return fresh
  }
  role(DEFAULT_ROLE)
  for (const framework of view.frameworks.values())
    for (const name of framework.roles) role(name).frameworks.add(framework.id)
  for (const agent of view.agents.values()) {
    for (const resource of agent.used) {
      const entry = role(resource.allocationRole ?? DEFAULT_ROLE)
      entry.allocated = addResources(entry.allocated, [resource])
    }
    for (const resource of agent.offered) {
      const entry = role(resource.allocationRole ?? DEFAULT_ROLE)
      entry.offered = addResources(entry.offered, [resource])
    }
    for (const [name, reserved] of reservationsByRole(agent.total)) {
      const entry = role(name)
      entry.reserved = addResources(entry.reserved, reserved)
    }
  }
  return new Map([...roles].sort(([a], [b]) => (a < b ? -1 : 1)))
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
      quota: { role: name, guarantee: {}, limit: {}, consumed: consumed(name, roles) },
      resources: flatResources(role.allocated, role.offered),
      allocated: flatResources(role.allocated),
      offered: flatResources(role.offered),
      reserved: flatResources(role.reserved),
      frameworks: [...role.frameworks],
    })),
  }
}
