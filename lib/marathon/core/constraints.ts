import type { Attribute, Offer } from "#lib/mesos/index.ts"
import type { App, Constraint } from "../model/index.ts"
import type { Placement } from "./records.ts"

/** The agent behind an offer as constraints see it. Source: marathon-api reference, section 7. */
export function placementOf(offer: Offer): Placement {
  const attributes: Record<string, string> = {}
  for (const attribute of offer.attributes ?? []) attributes[attribute.name] = textOf(attribute)
  return {
    agentId: offer.agentId,
    host: offer.hostname,
    region: offer.domain?.faultDomain?.region.name,
    zone: offer.domain?.faultDomain?.zone.name,
    attributes,
  }
}

/** The value of a constraint's field at a place; undefined where the place has none. */
export function placementValue(placement: Placement, field: string): string | undefined {
  switch (field) {
    case "hostname":
    case "@hostname":
      return placement.host
    case "@region":
      return placement.region
    case "@zone":
      return placement.zone
    default:
      return placement.attributes[field]
  }
}

/** Whether a constraint lets a further instance of the app run here, given where the others are. */
export function satisfies(
  constraint: Constraint,
  here: Placement,
  context: { readonly app: App; readonly placed: readonly Placement[] },
): boolean {
  const value = placementValue(here, constraint.field)
  if (constraint.operator === "UNLIKE") return value === undefined || !matches(value, constraint)
  if (value === undefined) return false
  const placed = context.placed.map((one) => placementValue(one, constraint.field))
  const same = placed.filter((one) => one === value).length
  switch (constraint.operator) {
    case "UNIQUE":
      return same === 0
    case "CLUSTER":
      if (constraint.value !== undefined && constraint.value !== "")
        return value === constraint.value
      return placed.length === 0 || placed[0] === value
    case "MAX_PER":
      return same === 0 || same < Number(constraint.value)
    case "LIKE":
      return matches(value, constraint)
    case "IS":
      return value === constraint.value || value === asScalar(constraint.value ?? "")
    case "GROUP_BY":
      return balances(placed, value, constraint.value, context.app.instances)
    default:
      return constraint.operator satisfies never
  }
}

// GROUP_BY: groups may differ by one. Without a number of groups, they are those seen so far.
function balances(
  placed: readonly (string | undefined)[],
  value: string,
  groupsWanted: string | undefined,
  instances: number,
): boolean {
  const counts = new Map<string, number>()
  for (const one of placed) if (one !== undefined) counts.set(one, (counts.get(one) ?? 0) + 1)
  const count = counts.get(value)
  const groups = groupsWanted === undefined ? 0 : Number(groupsWanted)
  if (!(groups > 0)) return count === undefined || count === Math.min(...counts.values())
  if (count === undefined) return counts.size < groups
  const per = Math.floor(instances / groups)
  const remainder = instances % groups
  let used = 0
  for (const other of counts.values()) used += Math.max(0, other - per)
  return count < per || (count === per && used < remainder)
}

const patterns = new WeakMap<Constraint, { readonly pattern: RegExp | undefined }>()

// The whole value must match, as in Java's String.matches. Compiled once for each definition.
function matches(value: string, constraint: Constraint): boolean {
  let known = patterns.get(constraint)
  if (known === undefined) {
    known = { pattern: compile(constraint.value ?? "") }
    patterns.set(constraint, known)
  }
  return known.pattern?.test(value) ?? false
}

function compile(source: string): RegExp | undefined {
  try {
    return new RegExp(`^(?:${source})$`)
  } catch {
    return undefined
  }
}

function textOf(attribute: Attribute): string {
  if (attribute.text !== undefined) return attribute.text.value
  if (attribute.scalar !== undefined) return scalarText(attribute.scalar.value)
  if (attribute.ranges !== undefined) {
    const ranges = [...(attribute.ranges.range ?? [])].sort((a, b) => a.begin - b.begin)
    return `[${ranges.map(({ begin, end }) => `${begin}-${end}`).join(",")}]`
  }
  return `{${[...(attribute.set?.item ?? [])].sort().join(",")}}`
}

const asScalar = (text: string): string =>
  /^-?\d+(\.\d+)?$/.test(text) ? scalarText(Number(text)) : text

// Up to three decimals, no trailing zeros.
const scalarText = (value: number): string => String(Math.round(value * 1000) / 1000)
