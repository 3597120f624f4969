import { describe, expect, test } from "bun:test"
import type { AgentInfo, scheduler } from "#lib/mesos/index.ts"
import { OfferConstraintFilter, offerConstraintsProblem } from "./offer-constraints.ts"

const agent: AgentInfo = {
  hostname: "a1.example.org",
  attributes: [
    { name: "rack", type: "TEXT", text: { value: "r7" } },
    { name: "rack", type: "TEXT", text: { value: "r8" } },
    { name: "level", type: "SCALAR", scalar: { value: 3 } },
  ],
  domain: { faultDomain: { region: { name: "eu" }, zone: { name: "eu-a" } } },
}

const rack = { attributeName: "rack" }
const level = { attributeName: "level" }
const absent = { attributeName: "nowhere" }

function admits(
  selector: scheduler.AttributeConstraintSelector,
  predicate: scheduler.AttributeConstraintPredicate,
  info = agent,
): boolean {
  const groups = [{ attributeConstraints: [{ selector, predicate }] }]
  return new OfferConstraintFilter({ groups }).admits(info)
}

describe("one constraint", () => {
  test.each([
    ["exists", rack, { exists: {} }, true],
    ["exists", absent, { exists: {} }, false],
    ["notExists", rack, { notExists: {} }, false],
    ["notExists", absent, { notExists: {} }, true],
    ["equals: the first of that name counts", rack, { textEquals: { value: "r7" } }, true],
    ["equals: not a later one", rack, { textEquals: { value: "r8" } }, false],
    ["equals: absent", absent, { textEquals: { value: "r7" } }, false],
    ["equals: holds for what is no text", level, { textEquals: { value: "9" } }, true],
    ["notEquals", rack, { textNotEquals: { value: "r7" } }, false],
    ["notEquals: absent", absent, { textNotEquals: { value: "r7" } }, true],
    ["matches", rack, { textMatches: { regex: "r[0-9]" } }, true],
    ["matches the whole text only", rack, { textMatches: { regex: "r" } }, false],
    ["matches: absent", absent, { textMatches: { regex: ".*" } }, false],
    ["matches: alternatives stay inside", rack, { textMatches: { regex: "x|r" } }, false],
    ["notMatches", rack, { textNotMatches: { regex: "r7|r8" } }, false],
    ["notMatches: absent", absent, { textNotMatches: { regex: ".*" } }, true],
    ["notMatches: holds for what is no text", level, { textNotMatches: { regex: ".*" } }, true],
    [
      "hostname",
      { pseudoattributeType: "HOSTNAME" },
      { textEquals: { value: "a1.example.org" } },
      true,
    ],
    ["region", { pseudoattributeType: "REGION" }, { textEquals: { value: "eu" } }, true],
    ["zone", { pseudoattributeType: "ZONE" }, { textEquals: { value: "eu-b" } }, false],
  ] as const)("%s", (_name, selector, predicate, expected) => {
    expect(admits(selector, predicate)).toBe(expected)
  })

  test("a region of an agent without a domain is absent", () => {
    const region = { pseudoattributeType: "REGION" } as const
    expect(admits(region, { exists: {} }, { hostname: "a1" })).toBe(false)
    expect(admits(region, { textNotEquals: { value: "eu" } }, { hostname: "a1" })).toBe(true)
  })
})

describe("groups", () => {
  const yes = { selector: rack, predicate: { exists: {} } }
  const no = { selector: rack, predicate: { notExists: {} } }
  test.each([
    ["one group, all hold", [[yes, yes]], true],
    ["one group, one fails", [[yes, no]], false],
    ["two groups, one holds", [[no], [yes]], true],
    ["two groups, none holds", [[no], [yes, no]], false],
  ] as const)("%s", (_name, groups, expected) => {
    const filter = new OfferConstraintFilter({
      groups: groups.map((attributeConstraints) => ({ attributeConstraints })),
    })
    expect(filter.admits(agent)).toBe(expected)
  })
})

describe("validation", () => {
  const problem = (
    group: scheduler.OfferConstraintsRoleConstraintsGroup,
    role = "web",
  ): string | undefined =>
    offerConstraintsProblem({ roleConstraints: { [role]: { groups: [group] } } }, ["web"])
  const one = (
    selector: scheduler.AttributeConstraintSelector,
    predicate: scheduler.AttributeConstraintPredicate,
  ) => problem({ attributeConstraints: [{ selector, predicate }] })

  test("accepts none and good ones", () => {
    expect(offerConstraintsProblem(undefined, ["web"])).toBeUndefined()
    expect(offerConstraintsProblem({}, ["web"])).toBeUndefined()
    expect(one(rack, { textMatches: { regex: "r[0-9]+" } })).toBeUndefined()
  })

  test("names what is wrong", () => {
    expect(problem({}, "db")).toContain("role 'db', which is not among the roles")
    expect(problem({})).toContain("without attribute constraints")
    expect(offerConstraintsProblem({ roleConstraints: { web: {} } }, ["web"])).toContain(
      "no groups",
    )
    expect(one({}, { exists: {} })).toContain("selector must name")
    expect(one({ ...rack, pseudoattributeType: "ZONE" }, { exists: {} })).toContain("selector")
    expect(one({ pseudoattributeType: "UNKNOWN" }, { exists: {} })).toContain("unknown")
    expect(one(rack, {})).toContain("exactly one predicate")
    expect(one(rack, { exists: {}, notExists: {} })).toContain("exactly one predicate")
    expect(one(rack, { textMatches: { regex: "(" } })).toContain("from pattern '('")
    expect(one(rack, { textNotMatches: { regex: "a".repeat(1025) } })).toContain("too large")
  })
})
