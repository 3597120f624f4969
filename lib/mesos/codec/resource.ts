import type { Reservation, Resource, ResourceValue } from "#lib/mesos/resource.ts"
import { equalReservations } from "#lib/mesos/resources/compare.ts"
import { fromMilli, toMilli } from "#lib/mesos/resources/scalar.ts"
import { DEFAULT_ROLE } from "#lib/mesos/roles.ts"
import { isObject, type Codec, type Members, type ReservationForm } from "./codec.ts"
import type { Decoding } from "./decoding.ts"
import { encodeDouble } from "./scalars.ts"

/** A Resource as its field table describes it, in camelCase. */
type WireResource = {
  readonly providerId?: Resource["providerId"]
  readonly name: string
  readonly type: "SCALAR" | "RANGES" | "SET" | "TEXT"
  readonly scalar?: { readonly value: number }
  readonly ranges?: { readonly range?: readonly { readonly begin: number; readonly end: number }[] }
  readonly set?: { readonly item?: readonly string[] }
  readonly role?: string
  readonly allocationInfo?: { readonly role?: string }
  readonly reservation?: Partial<Reservation>
  readonly reservations?: readonly Partial<Reservation>[]
  readonly disk?: Resource["disk"]
  readonly revocable?: object
  readonly shared?: object
}

/**
 * Resources keep the form of lib/mesos/resource.ts; `plain` reads and writes the message as its fields
 * stand. Amounts are taken over as they are: validate and normalise them before doing arithmetic.
 * Source: apache/mesos: src/common/resources_utils.cpp (upgradeResource, downgradeResource).
 */
export const resourceCodec = (plain: Codec): Codec => ({
  decode(json, decoding) {
    if (isObject(json) && json["type"] === "TEXT")
      return decoding.fail("invalid", "a resource cannot be of type TEXT")
    const wire = plain.decode(json, decoding) as WireResource | undefined
    if (wire === undefined) return undefined
    const value = decodeValue(wire, decoding)
    const reservations = decodeReservations(wire, decoding)
    if (value === undefined || reservations === undefined) return undefined
    const out: { -readonly [Name in keyof Resource]: Resource[Name] } = {
      name: wire.name,
      value,
      reservations,
    }
    if (wire.allocationInfo?.role !== undefined) out.allocationRole = wire.allocationInfo.role
    if (wire.providerId !== undefined) out.providerId = wire.providerId
    if (wire.disk !== undefined) out.disk = wire.disk
    if (wire.revocable !== undefined) out.revocable = true
    if (wire.shared !== undefined) out.shared = true
    return out
  },
  encode: (value, form) => encodeResource(value as Resource, form, plain),
})

function decodeValue(wire: WireResource, decoding: Decoding): ResourceValue | undefined {
  switch (wire.type) {
    case "SCALAR":
      if (wire.scalar !== undefined) return { kind: "scalar", milli: milliOf(wire.scalar.value) }
      break
    case "RANGES":
      if (wire.ranges !== undefined) return { kind: "ranges", ranges: wire.ranges.range ?? [] }
      break
    case "SET":
      if (wire.set !== undefined) return { kind: "set", items: wire.set.item ?? [] }
      break
    case "TEXT":
      break
    default:
      return wire.type satisfies never
  }
  return decoding.fail("missing", `resource '${wire.name}' of type ${wire.type} has no such value`)
}

/** What is not zero must not be taken for it: an amount that rounds to nothing stays, to be refused. */
const milliOf = (value: number): number => toMilli(value) || value * 1000

/** Both forms in one resource are admitted exactly if they say the same, as what operators see does. */
function decodeReservations(
  wire: WireResource,
  decoding: Decoding,
): readonly Reservation[] | undefined {
  const { name, role = DEFAULT_ROLE, reservation, reservations } = wire
  const old: readonly Reservation[] =
    reservation !== undefined
      ? [{ ...reservation, type: "DYNAMIC", role: reservation.role ?? role }]
      : role === DEFAULT_ROLE
        ? []
        : [{ type: "STATIC", role }]
  if (reservations === undefined || reservations.length === 0) return old
  const stack: Reservation[] = []
  for (const [i, link] of reservations.entries()) {
    const { type, role: owner } = link
    if ((type !== "STATIC" && type !== "DYNAMIC") || owner === undefined)
      return decoding.fail(
        "invalid",
        `reservations[${i}] of resource '${name}' needs a type (STATIC or DYNAMIC) and a role`,
      )
    stack.push({ ...link, type, role: owner })
  }
  const usesOld = wire.role !== undefined || reservation !== undefined
  if (usesOld && !equalReservations(old, stack))
    return decoding.fail(
      "invalid",
      `resource '${name}' has both 'reservations' and a contradicting 'role' or 'reservation'`,
    )
  return stack
}

function encodeResource(resource: Resource, form: ReservationForm, plain: Codec): unknown {
  const { reservations } = resource
  const last = reservations.at(-1)
  const refined = reservations.length > 1
  const out: Record<string, unknown> = {}
  if (resource.providerId !== undefined) out["provider_id"] = { value: resource.providerId }
  out["name"] = resource.name
  encodeValue(resource.value, out)
  if (form !== "new" && !refined) out["role"] = last?.role ?? DEFAULT_ROLE
  if (resource.allocationRole !== undefined)
    out["allocation_info"] = { role: resource.allocationRole }
  const rest = plain.encode(nested(resource), form) as Members
  const links = rest["reservations"] as readonly Members[] | undefined
  if (form !== "new" && !refined && last?.type === "DYNAMIC") {
    const { type: _type, role: _role, ...link } = links?.[0] ?? {}
    out["reservation"] = link
  }
  if (links !== undefined && (form !== "old" || refined)) out["reservations"] = links
  if (rest["disk"] !== undefined) out["disk"] = rest["disk"]
  if (resource.revocable) out["revocable"] = {}
  if (resource.shared) out["shared"] = {}
  return out
}

const NOTHING = {}

/** The members that are messages of their own; most resources have none. */
const nested = ({ disk, reservations }: Resource): object =>
  disk === undefined && reservations.length === 0 ? NOTHING : { disk, reservations }

function encodeValue(value: ResourceValue, out: Record<string, unknown>): void {
  switch (value.kind) {
    case "scalar":
      out["type"] = "SCALAR"
      out["scalar"] = { value: encodeDouble(fromMilli(value.milli)) }
      return
    case "ranges":
      out["type"] = "RANGES"
      out["ranges"] = { range: value.ranges }
      return
    case "set":
      out["type"] = "SET"
      out["set"] = { item: value.items }
      return
    default:
      return value satisfies never
  }
}
