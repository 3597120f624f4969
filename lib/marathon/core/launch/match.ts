import type { Offer, Resource } from "#lib/mesos/index.ts"
import type { App } from "#lib/marathon/model/index.ts"
import { placementOf, satisfies } from "#lib/marathon/core/constraints.ts"
import type { Core } from "#lib/marathon/core/core.ts"
import type { Instance, Placement } from "#lib/marathon/core/records.ts"
import type { RejectReason } from "#lib/marathon/core/view.ts"
import type { AcceptedRoles, OfferPool, PortWish, Take } from "./offer-pool.ts"

/** What an instance gets from an offer, already subtracted from the pool. */
export type Grant = {
  readonly placement: Placement
  readonly resources: readonly Resource[]
  /** One entry per port declaration; null where no host port was asked. */
  readonly ports: readonly (number | null)[]
}

/** A match, or every reason against it. */
export type Match =
  | { readonly ok: true; readonly grant: Grant }
  | { readonly ok: false; readonly reasons: readonly RejectReason[] }

/** Tries to place one more instance of a definition on what is left of an offer. Source: section 6.7. */
export function matchOffer(core: Core, app: App, offer: Offer, pool: OfferPool): Match {
  const placement = placementOf(offer)
  const roles = acceptedRoles(core, app)
  const reasons = new Set<RejectReason>()
  if (!pool.offers(roles)) reasons.add("UnfulfilledRole")
  if (!constraintsHold(core, app, placement)) reasons.add("UnfulfilledConstraint")
  if (needsReservation(app)) reasons.add("NoCorrespondingReservationFound")
  if (isUnderMaintenance(core, offer)) {
    reasons.add("AgentMaintenance")
    reasons.add("UnfulfilledConstraint")
  }
  const takes: Take[] = []
  for (const [name, amount, reason] of scalarsOf(app)) {
    const found = amount === 0 ? [] : pool.findScalar(name, amount, roles)
    if (found === undefined) reasons.add(reason)
    else takes.push(...found)
  }
  const ports = pool.findPorts(portWishes(app), roles, core.random)
  if (ports === undefined) reasons.add("InsufficientPorts")
  if (isScarce(core, app, pool, roles)) reasons.add("DeclinedScarceResources")
  if (reasons.size > 0 || ports === undefined) return { ok: false, reasons: [...reasons] }
  const resources = pool.take([...takes, ...ports.takes])
  return { ok: true, grant: { placement, resources, ports: ports.ports } }
}

/** The host ports that a definition asks for, in the order of its port declarations. */
export function portWishes(app: App): readonly PortWish[] {
  if (app.networks.some((network) => network.mode === "host"))
    return app.portDefinitions.map(({ port }) => (app.requirePorts && port !== 0 ? port : "any"))
  return (app.container?.portMappings ?? []).map(({ hostPort }) => {
    if (hostPort === undefined) return "none"
    return hostPort === 0 ? "any" : hostPort
  })
}

/** Scalars that an instance of the definition takes: name, thousandths, and the reason when short. */
function scalarsOf(app: App): readonly (readonly [string, number, RejectReason])[] {
  const extra = app.executor === "" || app.executor === "//cmd" ? undefined : app.executorResources
  const milli = (amount: number): number => Math.round(amount * 1000)
  return [
    ["cpus", milli(app.cpus + (extra?.cpus ?? 0)), "InsufficientCpus"],
    ["mem", milli(app.mem + (extra?.mem ?? 0)), "InsufficientMemory"],
    ["disk", milli(app.disk + (extra?.disk ?? 0)), "InsufficientDisk"],
    ["gpus", milli(app.gpus), "InsufficientGpus"],
  ]
}

function acceptedRoles(core: Core, app: App): AcceptedRoles {
  const named = app.acceptedResourceRoles
  const fallback = core.options.acceptedResourceRolesDefault
  return {
    role: app.role,
    reserved: named === undefined ? fallback !== "unreserved" : named.includes(app.role),
    unreserved: named === undefined ? fallback !== "reserved" : named.includes("*"),
  }
}

function constraintsHold(core: Core, app: App, here: Placement): boolean {
  const { masterRegion } = core.link
  const away =
    masterRegion !== undefined && here.region !== undefined && here.region !== masterRegion
  if (away && !app.constraints.some(({ field }) => field === "@region" || field === "@zone"))
    return false
  if (app.constraints.length === 0) return true
  const placed = placedInstances(core, app)
  return app.constraints.every((constraint) => satisfies(constraint, here, { app, placed }))
}

// Instances of this configuration or a newer one that hold a place.
function placedInstances(core: Core, app: App): readonly Placement[] {
  const holds = (instance: Instance): boolean =>
    instance.condition !== "Unreachable" &&
    instance.condition !== "UnreachableInactive" &&
    core.state.definition(instance).versionInfo.lastConfigChangeAt >=
      app.versionInfo.lastConfigChangeAt
  const placed: Placement[] = []
  for (const instance of core.state.apps.get(app.id)?.instances.values() ?? [])
    if (instance.placement !== undefined && holds(instance)) placed.push(instance.placement)
  return placed
}

// Persistent volumes need reservations, which operations on offers will bring.
const needsReservation = (app: App): boolean =>
  app.container?.volumes.some((volume) => volume.kind === "persistent") === true

function isUnderMaintenance(core: Core, offer: Offer): boolean {
  const { unavailability } = offer
  if (unavailability === undefined) return false
  const startMs = unavailability.start.nanoseconds / 1_000_000 - core.options.drainingMs
  const { duration } = unavailability
  const endMs =
    duration === undefined
      ? Number.POSITIVE_INFINITY
      : unavailability.start.nanoseconds / 1_000_000 + duration.nanoseconds / 1_000_000
  return core.now >= startMs && core.now < endMs
}

function isScarce(core: Core, app: App, pool: OfferPool, roles: AcceptedRoles): boolean {
  if (app.gpus > 0) return false
  const behavior = app.labels["GPU_SCHEDULING_BEHAVIOR"] ?? core.options.gpuScheduling
  return behavior === "restricted" && pool.available("gpus", roles) > 0
}
