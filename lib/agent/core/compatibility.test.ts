import { expect, test } from "bun:test"
import {
  parseAttributes,
  parseResources,
  type AgentInfo,
  type Attribute,
  type Resources,
} from "#lib/mesos/index.ts"
import { identityProblem, type ReconfigurationPolicy } from "./compatibility.ts"
import { AGENT_ID } from "./test-world.ts"

function resources(text: string): Resources {
  const parsed = parseResources(text)
  if (!parsed.ok) throw new Error(text)
  return parsed.value
}
function attributes(text: string): readonly Attribute[] {
  const parsed = parseAttributes(text)
  if (!parsed.ok) throw new Error(text)
  return parsed.value
}

const domain = (region: string) => ({
  faultDomain: { region: { name: region }, zone: { name: "a" } },
})

const before: AgentInfo = {
  hostname: "a1",
  port: 5051,
  resources: resources("cpus:4;mem:1024;ports:[1-10]"),
  attributes: attributes("rack:r7;level:3;keys:[1-5]"),
}

const problem = (change: Partial<AgentInfo>, policy: ReconfigurationPolicy, old = before) =>
  identityProblem({ agentId: AGENT_ID, info: old }, { ...before, ...change }, policy)

const FINE = undefined

test.each([
  [{}, FINE, FINE, FINE],
  [{ hostname: "a2" }, "hostname was 'a1', now", "hostname", "hostname"],
  [{ port: 6000 }, "port was '5051', now it is '6000'", "port", FINE],
  [{ resources: resources("cpus:8;mem:1024;ports:[1-20]") }, "resources was 'cpus:4", FINE, FINE],
  [{ resources: resources("cpus:8;mem:1000;ports:[1-10]") }, "resources", "resources", FINE],
  [{ domain: domain("eu") }, "domain was not set, now it is 'eu/a'", FINE, FINE],
  [
    { attributes: attributes("rack:r7;level:3;keys:[1-9];new:x") },
    "attribute keys was '[1-5]', now it is '[1-9]'",
    FINE,
    FINE,
  ],
  [
    { attributes: attributes("rack:r8;level:3;keys:[1-5]") },
    "attribute rack",
    "attribute rack",
    FINE,
  ],
  [{ attributes: attributes("level:3;keys:[1-5]") }, "now it is not set", "attribute rack", FINE],
  [
    { attributes: attributes("rack:7;level:3;keys:[1-5]") },
    "attribute rack",
    "attribute rack",
    FINE,
  ],
  [
    { attributes: attributes("rack:r7;level:3;keys:[1-5];new:x") },
    "attribute new was not set",
    FINE,
    FINE,
  ],
] as const)("%j: equal %p, additive %p, any %p", (change, equal, additive, any) => {
  const wanted = { equal, additive, any }
  for (const policy of ["equal", "additive", "any"] as const) {
    const found = problem(change, policy)
    if (wanted[policy] === undefined) expect(found).toBeUndefined()
    else expect(found).toContain(wanted[policy])
  }
})

test("a domain that was there must stay", () => {
  const old = { ...before, domain: domain("eu") }
  expect(problem({ domain: domain("us") }, "additive", old)).toContain("'eu/a', now it is 'us/a'")
})

test.each([
  [{ resources: resources("cpus:8;mem:1024;ports:[1-10]") }, "equal", "additive"],
  [{ resources: resources("cpus:2;mem:1024;ports:[1-10]") }, "equal", "any"],
  [{ attributes: attributes("rack:r8;level:3;keys:[1-5]") }, "additive", "any"],
] as const)("says which policy would allow %j, not %s but %s", (change, policy, other) => {
  expect(problem(change, policy)).toContain(`: allow it with --reconfiguration-policy=${other}, `)
})

test("says of no policy that it would allow another host name", () => {
  expect(problem({ hostname: "a2" }, "equal")).not.toContain("--reconfiguration-policy")
})
