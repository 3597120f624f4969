import { describe, expect, test } from "bun:test"
import { AGENT_CAPABILITIES, resources } from "#lib/master/core/builders.ts"
import {
  normalizeResources,
  pushReservation,
  renderResources,
  type AgentId,
  type FrameworkId,
  type FrameworkInfoCapabilityType,
  type Resources,
} from "#lib/mesos/index.ts"
import type { AllocatorAgent, AllocatorFramework, Refusal } from "./allocator.ts"
import { agentRefusal, Client, knownAgent, offerable, type AgentRules } from "./eligibility.ts"
import { DEFAULT_MINIMUM } from "./minimum.ts"
import { QuotaBook } from "./quota-book.ts"
import { ShareTree } from "./share-tree.ts"

type Caps = readonly FrameworkInfoCapabilityType[]

function clientOf(role: string, caps: Caps, over: Partial<AllocatorFramework> = {}): Client {
  const client = new Client("F" as FrameworkId, role, {
    tree: new ShareTree<Client>(),
    quotas: new QuotaBook(),
    minimum: DEFAULT_MINIMUM,
  })
  const framework = { id: client.frameworkId, roles: [role], suppressedRoles: new Set<string>() }
  client.configure({ ...framework, capabilities: new Set(caps), ...over }, true)
  return client
}

const agentOf = (over: Partial<AllocatorAgent> = {}, text = "cpus:1;mem:100"): AllocatorAgent => ({
  id: "A" as AgentId,
  info: { hostname: "a" },
  capabilities: AGENT_CAPABILITIES,
  total: resources(text),
  ...over,
})

const inRegion = (name: string): Partial<AllocatorAgent> => ({
  info: { hostname: "a", domain: { faultDomain: { region: { name }, zone: { name: "z" } } } },
})
const without = (...missing: readonly string[]): Partial<AllocatorAgent> => ({
  capabilities: AGENT_CAPABILITIES.filter((each) => !missing.includes(each)),
})

describe("an agent and a client go together", () => {
  type Case = readonly [
    says: string,
    agent: AllocatorAgent,
    client: Client,
    rules: AgentRules,
    refusal: Refusal | undefined,
  ]
  const MULTI: Caps = ["MULTI_ROLE"]
  const plain = clientOf("web", MULTI)
  const constraints: Partial<AllocatorFramework> = {
    offerConstraints: {
      roleConstraints: {
        web: {
          groups: [
            {
              attributeConstraints: [
                {
                  selector: { pseudoattributeType: "HOSTNAME" },
                  predicate: { textEquals: { value: "b" } },
                },
              ],
            },
          ],
        },
      },
    },
  }
  test.each<Case>([
    ["nothing stands in the way", agentOf(), plain, {}, undefined],
    [
      "an old agent and many roles",
      agentOf(without("MULTI_ROLE")),
      plain,
      {},
      "agentLacksCapability",
    ],
    [
      "an old agent and one role",
      agentOf(without("MULTI_ROLE")),
      clientOf("web", []),
      {},
      undefined,
    ],
    [
      "an old agent and a role below another",
      agentOf(without("HIERARCHICAL_ROLE")),
      clientOf("web/a", MULTI),
      {},
      "agentLacksCapability",
    ],
    ["the same, and a top-level role", agentOf(without("HIERARCHICAL_ROLE")), plain, {}, undefined],
    ["GPUs nobody asked for", agentOf({}, "cpus:1;gpus:1"), plain, {}, "gpuWithoutCapability"],
    [
      "GPUs for one who knows them",
      agentOf({}, "cpus:1;gpus:1"),
      clientOf("web", ["MULTI_ROLE", "GPU_RESOURCES"]),
      {},
      undefined,
    ],
    [
      "GPUs that an operator lets go to anybody",
      agentOf({}, "cpus:1;gpus:1"),
      plain,
      { filterGpus: false },
      undefined,
    ],
    ["the master's region", agentOf(inRegion("eu")), plain, { region: "eu" }, undefined],
    ["another region", agentOf(inRegion("us")), plain, { region: "eu" }, "remoteRegion"],
    ["a region, and a master without", agentOf(inRegion("us")), plain, {}, "remoteRegion"],
    [
      "another region for one who knows them",
      agentOf(inRegion("us")),
      clientOf("web", ["MULTI_ROLE", "REGION_AWARE"]),
      { region: "eu" },
      undefined,
    ],
    ["an agent of no region", agentOf(), plain, { region: "eu" }, undefined],
    [
      "an agent that constraints keep away",
      agentOf(),
      clientOf("web", MULTI, constraints),
      {},
      "offerConstraints",
    ],
    ["constraints of another role", agentOf(), clientOf("db", MULTI, constraints), {}, undefined],
  ])("%s", (_, agent, client, rules, refusal) => {
    expect(agentRefusal(knownAgent(agent), client, rules)).toBe(refusal)
  })
})

describe("of what is free, a client may have", () => {
  const refined = pushReservation(resources("cpus(eng):2"), { type: "DYNAMIC", role: "eng/web" })
  const spare = resources("cpus:3").map((each) => ({ ...each, revocable: true as const }))
  const volume = resources("disk(eng):9").map((each) => ({
    ...each,
    disk: {
      persistence: { id: "v" },
      volume: { containerPath: "v", mode: "RW" as const },
    },
    shared: true as const,
  }))
  const mixed = normalizeResources([
    ...resources("cpus:1;cpus(eng):4;mem(ops):100"),
    ...refined,
    ...spare,
    ...volume,
  ])
  const ALL: Caps = [
    "MULTI_ROLE",
    "RESERVATION_REFINEMENT",
    "REVOCABLE_RESOURCES",
    "SHARED_RESOURCES",
  ]
  const of = (role: string, caps: Caps, free: Resources = mixed): number | string => {
    const outcome = offerable(free, clientOf(role, caps))
    return typeof outcome === "string" ? outcome : outcome.length
  }

  test.each<[role: string, caps: Caps, free: Resources | undefined, outcome: number | string]>([
    // Unreserved, eng's, eng/web's, revocable, and eng's volume.
    ["eng/web", ALL, undefined, 5],
    ["eng/web", ["MULTI_ROLE", "RESERVATION_REFINEMENT"], undefined, 3],
    ["eng/web", ["MULTI_ROLE"], undefined, 2],
    // Not what was refined for web.
    ["eng", ALL, undefined, 4],
    // Unreserved, its own, and revocable.
    ["ops", ALL, undefined, 3],
    ["other", ["MULTI_ROLE"], undefined, 1],
    ["other", ["MULTI_ROLE"], resources("cpus(eng):4"), "reservedForOthers"],
    ["other", ["MULTI_ROLE"], [], "nothingFree"],
    ["other", ["MULTI_ROLE"], resources("cpus:0.005;mem:1"), "belowMinimum"],
    ["other", ["MULTI_ROLE"], spare, "reservedForOthers"],
    ["other", ["MULTI_ROLE"], resources("ephemeral_ports:[1-9]"), "reservedForOthers"],
  ])("role %s with %j", (role, caps, free, outcome) => {
    expect(of(role, caps, free)).toBe(outcome)
  })

  test("exactly what is free, when all of it fits", () => {
    const free = resources("cpus:1;mem:100;ports:[1-9]")
    expect(offerable(free, clientOf("web", []))).toBe(free)
    expect(renderResources(free)).toBe("cpus:1;mem:100;ports:[1-9]")
  })
})

describe("a client", () => {
  test("follows what its framework says anew", () => {
    const client = clientOf("web", ["GPU_RESOURCES"])
    expect([client.wantsGpus, client.multiRole, client.hasCustomMinimum]).toEqual([
      true,
      false,
      false,
    ])
    client.configure(
      {
        id: client.frameworkId,
        roles: ["web"],
        capabilities: new Set(["MULTI_ROLE"]),
        suppressedRoles: new Set(),
        offerFilters: {
          web: {
            minAllocatableResources: { quantities: [{ quantities: { cpus: { value: 2 } } }] },
          },
        },
      },
      false,
    )
    expect([client.wantsGpus, client.multiRole, client.hasCustomMinimum]).toEqual([
      false,
      true,
      true,
    ])
    expect(client.subscribed).toBe(false)
  })
})
