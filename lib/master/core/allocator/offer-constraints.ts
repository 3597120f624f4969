import type { AgentInfo, scheduler } from "#lib/mesos/index.ts"
import { assert } from "#lib/std/assert.ts"
import { compilePattern, type Pattern } from "./pattern.ts"

type Value =
  | { readonly kind: "absent" }
  | { readonly kind: "text"; readonly text: string }
  /** A scalar or ranges attribute: text predicates hold for it whatever they say. */
  | { readonly kind: "other" }

/** Constraints of one framework: each is compiled at once and tried on every agent. */
const CONSTRAINTS_MAX = 1_000

/** What is wrong with offer constraints, or undefined. `roles` are those of the framework. */
export function offerConstraintsProblem(
  constraints: scheduler.OfferConstraints | undefined,
  roles: readonly string[],
): string | undefined {
  let count = 0
  for (const [role, { groups = [] }] of Object.entries(constraints?.roleConstraints ?? {})) {
    if (!roles.includes(role))
      return `Offer constraints are given for role '${role}', which is not among the roles`
    if (groups.length === 0) return `Offer constraints of role '${role}' have no groups`
    for (const { attributeConstraints = [] } of groups) {
      if (attributeConstraints.length === 0)
        return `Offer constraints of role '${role}' have a group without attribute constraints`
      count += attributeConstraints.length
      if (count > CONSTRAINTS_MAX) return `There are more than ${CONSTRAINTS_MAX} offer constraints`
      for (const constraint of attributeConstraints) {
        const problem = constraintProblem(constraint)
        if (problem !== undefined)
          return `An offer constraint of role '${role}' is invalid: ${problem}`
      }
    }
  }
  return undefined
}

function constraintProblem({
  selector,
  predicate,
}: scheduler.AttributeConstraint): string | undefined {
  const { attributeName, pseudoattributeType } = selector
  if ((attributeName === undefined) === (pseudoattributeType === undefined))
    return "its selector must name an attribute or a pseudoattribute"
  if (pseudoattributeType === "UNKNOWN") return "its pseudoattribute is unknown"
  if (Object.values(predicate).filter((value) => value !== undefined).length !== 1)
    return "it must have exactly one predicate"
  const pattern = predicate.textMatches?.regex ?? predicate.textNotMatches?.regex
  if (pattern === undefined) return undefined
  const compiled = compilePattern(pattern)
  return compiled.ok ? undefined : compiled.error
}

/** Whether an agent satisfies the constraints of one role; they were found valid before. */
export class OfferConstraintFilter {
  readonly #groups: readonly (readonly ((info: AgentInfo) => boolean)[])[]

  constructor(constraints: scheduler.OfferConstraintsRoleConstraints) {
    this.#groups = (constraints.groups ?? []).map(({ attributeConstraints = [] }) =>
      attributeConstraints.map(compile),
    )
  }

  admits(info: AgentInfo): boolean {
    return this.#groups.some((group) => group.every((holds) => holds(info)))
  }
}

function patternOf(source: string): Pattern {
  const compiled = compilePattern(source)
  assert(compiled.ok, `offer constraint with '${source}' was not refused`)
  return compiled.value
}

function compile({
  selector,
  predicate,
}: scheduler.AttributeConstraint): (info: AgentInfo) => boolean {
  const test = compilePredicate(predicate)
  return (info) => test(select(selector, info))
}

function compilePredicate(
  predicate: scheduler.AttributeConstraintPredicate,
): (value: Value) => boolean {
  const { exists, notExists, textEquals, textNotEquals, textMatches, textNotMatches } = predicate
  if (exists !== undefined) return (value) => value.kind !== "absent"
  if (notExists !== undefined) return (value) => value.kind === "absent"
  if (textEquals !== undefined) return holdsFor((text) => text === textEquals.value, false)
  if (textNotEquals !== undefined) return holdsFor((text) => text !== textNotEquals.value, true)
  if (textMatches !== undefined) {
    const pattern = patternOf(textMatches.regex)
    return holdsFor((text) => pattern.matches(text), false)
  }
  if (textNotMatches !== undefined) {
    const pattern = patternOf(textNotMatches.regex)
    return holdsFor((text) => !pattern.matches(text), true)
  }
  return () => false
}

const holdsFor =
  (test: (text: string) => boolean, whenAbsent: boolean) =>
  (value: Value): boolean =>
    value.kind === "absent" ? whenAbsent : value.kind === "other" || test(value.text)

function select(selector: scheduler.AttributeConstraintSelector, info: AgentInfo): Value {
  switch (selector.pseudoattributeType) {
    case "HOSTNAME":
      return { kind: "text", text: info.hostname }
    case "REGION":
      return textOrAbsent(info.domain?.faultDomain?.region.name)
    case "ZONE":
      return textOrAbsent(info.domain?.faultDomain?.zone.name)
    case "UNKNOWN":
    case undefined:
      break
    default:
      selector.pseudoattributeType satisfies never
  }
  const attribute = info.attributes?.find(({ name }) => name === selector.attributeName)
  if (attribute === undefined) return { kind: "absent" }
  return attribute.text === undefined
    ? { kind: "other" }
    : { kind: "text", text: attribute.text.value }
}

const textOrAbsent = (text: string | undefined): Value =>
  text === undefined ? { kind: "absent" } : { kind: "text", text }
