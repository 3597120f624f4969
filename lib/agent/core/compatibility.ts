import {
  attributeText,
  containsRanges,
  containsResources,
  equalResources,
  normalizeResources,
  renderResources,
  type AgentInfo,
  type Attribute,
} from "#lib/mesos/index.ts"
import type { AgentIdentity } from "./types.ts"

/**
 * What may change between two starts of an agent: nothing, only more (`additive`), or all but the
 * host name (`any`, ours).
 */
export type ReconfigurationPolicy = "equal" | "additive" | "any"

/**
 * Why an agent may not carry on with the identity it stored, or undefined when it may.
 * Source: apache/mesos: src/slave/compatibility.cpp.
 */
export function identityProblem(
  { agentId, info: before }: AgentIdentity,
  after: AgentInfo,
  policy: ReconfigurationPolicy,
): string | undefined {
  const change = changeUnder(policy, before, after)
  if (change === undefined) return undefined
  // The first that allows it, which is none of those that are as strict.
  const allows = (["additive", "any"] as const).find(
    (each) => changeUnder(each, before, after) === undefined,
  )
  const remedy =
    allows === undefined
      ? "start the agent with what it had"
      : `allow it with --reconfiguration-policy=${allows}, start the agent with what it had`
  return `this agent is registered as ${agentId}, and ${change}: ${remedy}, or with an empty work directory to become a new agent`
}

/** The first thing that the policy does not let change. */
const changeUnder = (
  policy: ReconfigurationPolicy,
  before: AgentInfo,
  after: AgentInfo,
): string | undefined =>
  policy === "any" ? hostChange(before, after) : firstChange(before, after, policy === "additive")

const changed = (what: string, before: string, after: string): string | undefined =>
  before === after
    ? undefined
    : `its ${what} was ${before === "" ? "not set" : `'${before}'`}, now it is ${after === "" ? "not set" : `'${after}'`}`

const hostChange = (before: AgentInfo, after: AgentInfo): string | undefined =>
  changed("hostname", before.hostname, after.hostname)

/** The first thing that is not as before; with `additive` only what is less than before. */
const firstChange = (before: AgentInfo, after: AgentInfo, additive: boolean): string | undefined =>
  hostChange(before, after) ??
  changed("port", String(before.port ?? ""), String(after.port ?? "")) ??
  domainChange(before, after, additive) ??
  resourceChange(before, after, additive) ??
  attributeChange(before.attributes ?? [], after.attributes ?? [], additive)

function domainChange(before: AgentInfo, after: AgentInfo, additive: boolean): string | undefined {
  if (additive && before.domain === undefined) return undefined
  const text = ({ domain }: AgentInfo): string => {
    const fault = domain?.faultDomain
    return fault === undefined ? "" : `${fault.region.name}/${fault.zone.name}`
  }
  return changed("domain", text(before), text(after))
}

function resourceChange(
  before: AgentInfo,
  after: AgentInfo,
  additive: boolean,
): string | undefined {
  const had = normalizeResources(before.resources ?? [])
  const has = normalizeResources(after.resources ?? [])
  const fits = additive ? containsResources(has, had) : equalResources(has, had)
  return fits ? undefined : changed("resources", renderResources(had), renderResources(has))
}

function attributeChange(
  before: readonly Attribute[],
  after: readonly Attribute[],
  additive: boolean,
): string | undefined {
  for (const old of before) {
    const same = after.some((one) => isKept(old, one, additive))
    if (same) continue
    const now = after.find(({ name }) => name === old.name)
    return changed(`attribute ${old.name}`, attributeText(old), now ? attributeText(now) : "")
  }
  if (additive) return undefined
  const added = after.find(({ name }) => !before.some((old) => old.name === name))
  return added && changed(`attribute ${added.name}`, "", attributeText(added))
}

function isKept(old: Attribute, now: Attribute, additive: boolean): boolean {
  if (old.name !== now.name || old.type !== now.type) return false
  if (additive && old.ranges !== undefined)
    return containsRanges(now.ranges?.range ?? [], old.ranges.range ?? [])
  return attributeText(old) === attributeText(now)
}
