import { beforeEach, describe, expect, test } from "bun:test"
import { AGENT_CAPABILITIES, resources } from "#lib/master/core/builders.ts"
import {
  renderResources,
  unallocate,
  type AgentId,
  type AgentInfo,
  type FrameworkId,
  type FrameworkInfoCapabilityType,
  type OfferFilters,
} from "#lib/mesos/index.ts"
import type { AllocatorAgent, AllocatorFramework, Grant } from "./allocator.ts"
import { HierarchicalAllocator } from "./hierarchical.ts"

const frameworkId = (id: string): FrameworkId => id as FrameworkId
const agentId = (id: string): AgentId => id as AgentId

function agent(
  id: string,
  text: string,
  over: Partial<Omit<AllocatorAgent, "info">> & { readonly info?: Partial<AgentInfo> } = {},
): AllocatorAgent {
  const { info, ...rest } = over
  return {
    id: agentId(id),
    info: { hostname: id, ...info },
    capabilities: AGENT_CAPABILITIES,
    total: resources(text),
    ...rest,
  }
}

function framework(
  id: string,
  roles: readonly string[],
  over: Partial<Omit<AllocatorFramework, "capabilities" | "suppressedRoles">> & {
    readonly caps?: readonly FrameworkInfoCapabilityType[]
    readonly suppressed?: readonly string[]
  } = {},
): AllocatorFramework {
  const { caps = ["MULTI_ROLE", "RESERVATION_REFINEMENT"], suppressed = [], ...rest } = over
  return {
    id: frameworkId(id),
    roles,
    capabilities: new Set(caps),
    suppressedRoles: new Set(suppressed),
    ...rest,
  }
}

let allocator: HierarchicalAllocator
beforeEach(() => {
  allocator = new HierarchicalAllocator({ seed: 1, region: "eu" })
})

const byName = ([a]: readonly [string, number], [b]: readonly [string, number]): number =>
  a < b ? -1 : 1

/** A run as text, one line per grant: "F1/web gets cpus:1 on A1". Sorted, because agents are shuffled. */
function run(now = 0): string[] {
  const grants = allocator.run(now)
  allocator.checkInvariants()
  return grants.map(show).sort()
}

const show = ({ frameworkId, role, agentId, resources }: Grant): string =>
  `${frameworkId}/${role} gets ${renderResources(unallocate(resources))} on ${agentId}`

function addFramework(...args: Parameters<typeof framework>): void {
  allocator.addFramework(framework(...args), true)
}

function addAgent(...args: Parameters<typeof agent>): void {
  allocator.addAgent(agent(...args), true)
}

function recover(
  [fw, role]: readonly [string, string],
  on: string,
  text: string,
  filter?: { readonly now: number; readonly refusedForMs: number },
): void {
  allocator.recover(frameworkId(fw), agentId(on), resources(text, role), filter)
}

describe("fairness, share by share", () => {
  test("two roles take turns so that their dominant shares stay close", () => {
    addFramework("F1", ["r1"])
    addAgent("A1", "cpus:2;mem:1024")
    // total: cpus 2, mem 1024; r1 share 0
    expect(run()).toEqual(["F1/r1 gets cpus:2;mem:1024 on A1"])

    // r1 share 1 (everything), r2 share 0
    addFramework("F2", ["r2"])
    expect(run()).toEqual([])

    // total: cpus 3, mem 1536; r1 share 2/3, r2 share 0
    addAgent("A2", "cpus:1;mem:512")
    expect(run()).toEqual(["F2/r2 gets cpus:1;mem:512 on A2"])

    // total: cpus 6, mem 3584; r1 share 1/3, r2 share 1/6
    addAgent("A3", "cpus:3;mem:2048")
    expect(run()).toEqual(["F2/r2 gets cpus:3;mem:2048 on A3"])

    // total: cpus 10, mem 7680; r1 share 0.2, r2 share 0.4
    addAgent("A4", "cpus:4;mem:4096")
    expect(run()).toEqual(["F1/r1 gets cpus:4;mem:4096 on A4"])

    // r1: 6/10 cpus = 0.6; r2: 0.4; a third role with nothing comes first
    addFramework("F3", ["r3"])
    addAgent("A5", "cpus:1;mem:512")
    expect(run()).toEqual(["F3/r3 gets cpus:1;mem:512 on A5"])
  })

  test("frameworks of one role take turns by what each of them holds", () => {
    addFramework("F1", ["r"])
    addFramework("F2", ["r"])
    addAgent("A1", "cpus:4;mem:1024")
    // F1 0, F2 0: by name
    expect(run()).toEqual(["F1/r gets cpus:4;mem:1024 on A1"])
    addAgent("A2", "cpus:2;mem:1024")
    // F1 4/6, F2 0
    expect(run()).toEqual(["F2/r gets cpus:2;mem:1024 on A2"])
    addAgent("A3", "cpus:2;mem:1024")
    // F1 4/8 cpus, F2 2/8 cpus and 1024/3072 mem
    expect(run()).toEqual(["F2/r gets cpus:2;mem:1024 on A3"])
    // F1 4/9, F2 2048/4096
    addAgent("A4", "cpus:1;mem:1024")
    expect(run()).toEqual(["F1/r gets cpus:1;mem:1024 on A4"])
  })

  test("many agents at once go round among equals", () => {
    for (const id of ["F1", "F2", "F3"]) addFramework(id, [`role-${id}`])
    for (let i = 0; i < 9; i++) addAgent(`A${i}`, "cpus:1;mem:128")
    const counts = new Map<string, number>()
    for (const { frameworkId } of allocator.run(0))
      counts.set(frameworkId, (counts.get(frameworkId) ?? 0) + 1)
    expect([...counts].sort(byName)).toEqual([
      ["F1", 3],
      ["F2", 3],
      ["F3", 3],
    ])
  })

  test("a role of twice the weight gets twice as much", () => {
    allocator.setWeight("heavy", 2)
    addFramework("F1", ["heavy"])
    addFramework("F2", ["light"])
    for (let i = 0; i < 30; i++) addAgent(`A${i}`, "cpus:1;mem:128")
    const heavy = allocator.run(0).filter(({ role }) => role === "heavy").length
    expect(heavy).toBe(20)
  })

  test("a weight that changes moves the next offers", () => {
    addFramework("F1", ["a"])
    addFramework("F2", ["b"])
    addAgent("A1", "cpus:3;mem:128")
    addAgent("A2", "cpus:3;mem:128")
    run()
    // a: 1/2, b: 1/2 served once each; a comes first by name unless b weighs more
    allocator.setWeight("b", 10)
    addAgent("A3", "cpus:1;mem:128")
    expect(run()).toEqual(["F2/b gets cpus:1;mem:128 on A3"])
  })

  test("sub-roles share what their parent gets", () => {
    addFramework("F1", ["eng/web"])
    addFramework("F2", ["eng/db"])
    addFramework("F3", ["ops"])
    for (let i = 0; i < 40; i++) addAgent(`A${i}`, "cpus:1;mem:128")
    const counts = new Map<string, number>()
    for (const { role } of allocator.run(0)) counts.set(role, (counts.get(role) ?? 0) + 1)
    // eng and ops 20 each; eng/web and eng/db 10 each
    expect([...counts].sort(byName)).toEqual([
      ["eng/db", 10],
      ["eng/web", 10],
      ["ops", 20],
    ])
  })

  test("tasks that an agent reports count for the share of their role", () => {
    addFramework("F1", ["a"])
    addFramework("F2", ["b"])
    allocator.addAgent(agent("A1", "cpus:4;mem:1024"), false)
    allocator.charge(frameworkId("F1"), agentId("A1"), resources("cpus:4;mem:1024", "a"))
    allocator.setAgentActive(agentId("A1"), true)
    addAgent("A2", "cpus:1;mem:1024")
    // a: 4/5, b: 0
    expect(run()).toEqual(["F2/b gets cpus:1;mem:1024 on A2"])
  })
})

describe("what is offered", () => {
  test("everything free on the agent, as one offer", () => {
    addAgent("A1", "cpus:2;mem:1024;disk:100;ports:[31000-32000]")
    addFramework("F1", ["web"])
    expect(run()).toEqual(["F1/web gets cpus:2;disk:100;mem:1024;ports:[31000-32000] on A1"])
    expect(allocator.free(agentId("A1"))).toEqual([])
  })

  test("only what is neither used nor offered", () => {
    addFramework("F1", ["web"])
    allocator.addAgent(agent("A1", "cpus:4;mem:1024;ports:[1-10]"), false)
    allocator.charge(
      frameworkId("F1"),
      agentId("A1"),
      resources("cpus:1;mem:24;ports:[3-4]", "web"),
    )
    allocator.setAgentActive(agentId("A1"), true)
    expect(run()).toEqual(["F1/web gets cpus:3;mem:1000;ports:[1-2, 5-10] on A1"])
  })

  test("nothing below the minimum", () => {
    addFramework("F1", ["web"])
    addAgent("A1", "cpus:0.009;mem:31;disk:1000;ports:[1-10]")
    expect(run()).toEqual([])
  })

  test("less than the usual minimum where a framework asks for it", () => {
    const web: OfferFilters = {
      minAllocatableResources: { quantities: [{ quantities: { disk: { value: 10 } } }] },
    }
    addAgent("A1", "disk:1000")
    addAgent("A2", "disk:9;cpus:8;mem:1024")
    addFramework("F1", ["web"], { offerFilters: { web } })
    expect(run()).toEqual(["F1/web gets disk:1000 on A1"])
  })

  test("a framework of two roles gets offers under the needier one", () => {
    addFramework("F1", ["a", "b"])
    addAgent("A1", "cpus:1;mem:128")
    addAgent("A2", "cpus:1;mem:128")
    const roles = allocator.run(0).map(({ role }) => role)
    expect(roles.sort()).toEqual(["a", "b"])
  })

  test("grants name the role they are allocated to", () => {
    addFramework("F1", ["web"])
    addAgent("A1", "cpus:1;mem:128")
    for (const { resources } of allocator.run(0))
      for (const resource of resources) expect(resource.allocationRole).toBe("web")
  })
})

describe("reservations", () => {
  test.each([
    ["to the role itself", "cpus(eng):1;mem(eng):128", "eng", true],
    ["to an ancestor", "cpus(eng):1;mem(eng):128", "eng/web", true],
    ["to a sub-role", "cpus(eng/web):1;mem(eng/web):128", "eng", false],
    ["to a role that only begins alike", "cpus(en):1;mem(en):128", "eng", false],
    ["to another role", "cpus(ops):1;mem(ops):128", "eng", false],
    ["to nobody", "cpus:1;mem:128", "eng", true],
  ] as const)("%s", (_name, text, role, offered) => {
    addAgent("A1", text)
    addFramework("F1", [role])
    expect(run().length).toBe(offered ? 1 : 0)
  })

  test("each role gets its own and one of them the rest, from the same agent", () => {
    addAgent("A1", "cpus:4;mem:1024;cpus(a):1;mem(a):128;cpus(b):2;mem(b):256")
    addFramework("F1", ["a"])
    addFramework("F2", ["b"])
    expect(run()).toEqual([
      "F1/a gets cpus:4;cpus(a):1;mem:1024;mem(a):128 on A1",
      "F2/b gets cpus(b):2;mem(b):256 on A1",
    ])
  })

  test("reserved resources return to their role and not to others", () => {
    addAgent("A1", "cpus(a):1;mem(a):128")
    addFramework("F1", ["a"])
    run()
    addFramework("F2", ["b"])
    recover(["F1", "a"], "A1", "cpus(a):1;mem(a):128", { now: 0, refusedForMs: 5_000 })
    expect(run()).toEqual([])
    expect(allocator.explain(frameworkId("F2"), "b")?.refusals).toEqual({ reservedForOthers: 1 })
  })
})

describe("capabilities", () => {
  test.each([
    ["GPU_RESOURCES", "cpus:1;mem:128;gpus:1"],
    ["REVOCABLE_RESOURCES", undefined],
  ] as const)("%s", (capability, text) => {
    const total = text
      ? resources(text)
      : resources("cpus:1;mem:128").map((each) => ({ ...each, revocable: true as const }))
    allocator.addAgent(agent("A1", "cpus:1", { total }), true)
    addFramework("plain", ["a"])
    expect(run()).toEqual([])
    addFramework("able", ["b"], { caps: ["MULTI_ROLE", capability] })
    expect(run().length).toBe(1)
  })

  test("refined reservations go only to frameworks that know them", () => {
    const [cpus, mem] = resources("cpus:1;mem:128")
    const reservations = [
      { type: "STATIC", role: "eng" },
      { type: "DYNAMIC", role: "eng/web" },
    ] as const
    const total = [
      { ...cpus!, reservations },
      { ...mem!, reservations },
    ]
    allocator.addAgent(agent("A1", "cpus:1", { total }), true)
    addFramework("old", ["eng/web"], { caps: ["MULTI_ROLE"] })
    expect(run()).toEqual([])
    addFramework("new", ["eng/web"])
    expect(run().length).toBe(1)
  })

  test("agents of another region go only to frameworks that know regions", () => {
    const domain = (region: string): AgentInfo["domain"] => ({
      faultDomain: { region: { name: region }, zone: { name: "a" } },
    })
    allocator.addAgent(agent("far", "cpus:1;mem:128", { info: { domain: domain("us") } }), true)
    allocator.addAgent(agent("near", "cpus:1;mem:128", { info: { domain: domain("eu") } }), true)
    allocator.addAgent(agent("none", "cpus:1;mem:128"), true)
    addFramework("F1", ["a"])
    expect(run()).toEqual(["F1/a gets cpus:1;mem:128 on near", "F1/a gets cpus:1;mem:128 on none"])
    addFramework("F2", ["b"], { caps: ["MULTI_ROLE", "REGION_AWARE"] })
    expect(run()).toEqual(["F2/b gets cpus:1;mem:128 on far"])
  })

  test("agents without MULTI_ROLE or HIERARCHICAL_ROLE serve only frameworks that need neither", () => {
    allocator.addAgent(agent("A1", "cpus:1;mem:128", { capabilities: [] }), true)
    addFramework("multi", ["a"])
    addFramework("deep", ["a/b"], { caps: [] })
    expect(run()).toEqual([])
    addFramework("old", ["c"], { caps: [] })
    expect(run()).toEqual(["old/c gets cpus:1;mem:128 on A1"])
  })

  test("offer constraints keep agents away", () => {
    const attributes = [{ name: "rack", type: "TEXT", text: { value: "r1" } }] as const
    allocator.addAgent(agent("A1", "cpus:1;mem:128", { info: { attributes } }), true)
    addAgent("A2", "cpus:1;mem:128")
    addFramework("F1", ["a"], {
      offerConstraints: {
        roleConstraints: {
          a: {
            groups: [
              {
                attributeConstraints: [
                  { selector: { attributeName: "rack" }, predicate: { exists: {} } },
                ],
              },
            ],
          },
        },
      },
    })
    expect(run()).toEqual(["F1/a gets cpus:1;mem:128 on A1"])
    expect(allocator.explain(frameworkId("F1"), "a")?.refusals).toEqual({
      nothingFree: 1,
      offerConstraints: 1,
    })
  })
})

describe("refused resources", () => {
  const refuse = (refusedForMs: number, now = 0): void =>
    recover(["F1", "a"], "A1", "cpus:4;mem:1024", { now, refusedForMs })

  beforeEach(() => {
    addAgent("A1", "cpus:4;mem:1024")
    addFramework("F1", ["a"])
    run()
  })

  test("do not come back before the time is over, and then at once", () => {
    refuse(5_000)
    expect(run(0)).toEqual([])
    expect(run(4_999)).toEqual([])
    expect(allocator.nextExpiry()).toBe(5_000)
    expect(run(5_000)).toEqual(["F1/a gets cpus:4;mem:1024 on A1"])
  })

  test("go to the next framework meanwhile", () => {
    addFramework("F2", ["b"])
    refuse(5_000)
    expect(run()).toEqual(["F2/b gets cpus:4;mem:1024 on A1"])
  })

  test("come back at once when no time was asked for", () => {
    refuse(0)
    expect(run()).toEqual(["F1/a gets cpus:4;mem:1024 on A1"])
  })

  test("come back when more is free than was refused", () => {
    recover(["F1", "a"], "A1", "cpus:1;mem:512", { now: 0, refusedForMs: 3_600_000 })
    expect(run()).toEqual([])
    // A task ends: 4 cpus and 1024 mem are free, of which 1 and 512 were refused.
    recover(["F1", "a"], "A1", "cpus:3;mem:512")
    expect(run()).toEqual(["F1/a gets cpus:4;mem:1024 on A1"])
  })

  test("stay hidden when less is free than was refused", () => {
    refuse(3_600_000)
    allocator.charge(frameworkId("F1"), agentId("A1"), resources("cpus:1", "a"))
    expect(run()).toEqual([])
    expect(allocator.explain(frameworkId("F1"), "a")?.refusals).toEqual({ declined: 1 })
  })

  test("come back on revive", () => {
    refuse(3_600_000)
    allocator.revive(frameworkId("F1"), ["a"])
    expect(run()).toEqual(["F1/a gets cpus:4;mem:1024 on A1"])
  })

  test("come back after the framework was away", () => {
    refuse(3_600_000)
    allocator.setFrameworkActive(frameworkId("F1"), false)
    expect(run()).toEqual([])
    allocator.setFrameworkActive(frameworkId("F1"), true)
    expect(run()).toEqual(["F1/a gets cpus:4;mem:1024 on A1"])
  })

  test("come back when the agent's attributes change, but not when only its totals do", () => {
    refuse(3_600_000)
    allocator.updateAgent(agent("A1", "cpus:4;mem:512"))
    expect(run()).toEqual([])
    const attributes = [{ name: "rack", type: "TEXT", text: { value: "r1" } }] as const
    allocator.updateAgent(agent("A1", "cpus:4;mem:512", { info: { attributes } }))
    expect(run()).toEqual(["F1/a gets cpus:4;mem:512 on A1"])
  })

  test("are forgotten with the agent", () => {
    refuse(3_600_000)
    allocator.removeAgent(agentId("A1"))
    expect(allocator.nextExpiry()).toBeUndefined()
    addAgent("A1", "cpus:4;mem:1024")
    expect(run()).toEqual(["F1/a gets cpus:4;mem:1024 on A1"])
  })

  test("are no filter when the framework is away already", () => {
    allocator.setFrameworkActive(frameworkId("F1"), false)
    refuse(3_600_000)
    expect(allocator.nextExpiry()).toBeUndefined()
  })

  test("end with the role", () => {
    refuse(3_600_000)
    allocator.updateFramework(framework("F1", ["b"]))
    expect(allocator.nextExpiry()).toBeUndefined()
    expect(run()).toEqual(["F1/b gets cpus:4;mem:1024 on A1"])
  })
})

describe("suppressed roles", () => {
  test("get nothing until revived", () => {
    addFramework("F1", ["a"], { suppressed: ["a"] })
    addAgent("A1", "cpus:1;mem:128")
    expect(run()).toEqual([])
    expect(allocator.explain(frameworkId("F1"), "a")).toMatchObject({
      suppressed: true,
      refusals: { eligible: 1 },
    })
    allocator.revive(frameworkId("F1"), undefined)
    expect(run()).toEqual(["F1/a gets cpus:1;mem:128 on A1"])
  })

  test("leave the framework's other roles alone", () => {
    addFramework("F1", ["a", "b"])
    allocator.suppress(frameworkId("F1"), ["a"])
    addAgent("A1", "cpus:1;mem:128")
    expect(run()).toEqual(["F1/b gets cpus:1;mem:128 on A1"])
  })

  test("of everybody leave a run with nothing to look at", () => {
    addFramework("F1", ["a"])
    addAgent("A1", "cpus:1;mem:128")
    run()
    allocator.suppress(frameworkId("F1"), undefined)
    expect(allocator.pending).toBe(false)
    recover(["F1", "a"], "A1", "cpus:1;mem:128")
    expect(run()).toEqual([])
    expect(allocator.pending).toBe(false)
  })

  test("update replaces them", () => {
    addFramework("F1", ["a", "b"], { suppressed: ["a"] })
    allocator.updateFramework(framework("F1", ["a", "b"], { suppressed: ["b"] }))
    addAgent("A1", "cpus:1;mem:128")
    expect(run()).toEqual(["F1/a gets cpus:1;mem:128 on A1"])
  })
})

describe("what a run looks at", () => {
  test("nothing when nothing happened", () => {
    addFramework("F1", ["a"])
    addAgent("A1", "cpus:1;mem:128")
    expect(allocator.pending).toBe(true)
    run()
    expect(allocator.pending).toBe(false)
    const { runs } = allocator
    run()
    expect(allocator.runs).toBe(runs)
  })

  test("nothing when a framework revives and no agent has anything free", () => {
    addFramework("F1", ["a"])
    for (let i = 0; i < 10; i++) addAgent(`A${i}`, "cpus:1;mem:128")
    run()
    allocator.revive(frameworkId("F1"), undefined)
    expect(allocator.pending).toBe(false)
  })

  test("an agent that comes back has everything looked at again", () => {
    addAgent("A1", "cpus:1;mem:128")
    allocator.setAgentActive(agentId("A1"), false)
    addFramework("F1", ["a"])
    expect(run()).toEqual([])
    expect(allocator.explain(frameworkId("F1"), "a")?.refusals).toEqual({ agentInactive: 1 })
    allocator.setAgentActive(agentId("A1"), true)
    expect(run()).toEqual(["F1/a gets cpus:1;mem:128 on A1"])
  })

  test("a bounded number of agents at once; the next runs look at the rest", () => {
    for (let i = 0; i < 2_500; i++) addAgent(`A${i}`, "cpus:1;mem:128")
    addFramework("F1", ["a"])
    const granted = [1, 2, 3].map(() => {
      expect(allocator.pending).toBe(true)
      return allocator.run(0)
    })
    expect(granted.map(({ length }) => length)).toEqual([1_000, 1_000, 500])
    expect(new Set(granted.flat().map(({ agentId }) => agentId)).size).toBe(2_500)
    expect(allocator.pending).toBe(false)
  })

  test("agents that left or came between two runs neither break nor miss them", () => {
    for (let i = 0; i < 1_500; i++) addAgent(`A${i}`, "cpus:1;mem:128")
    addFramework("F1", ["a"])
    const first = new Set(allocator.run(0).map(({ agentId }) => agentId))
    const left = Array.from({ length: 1_500 }, (_, i) => agentId(`A${i}`)).filter(
      (id) => !first.has(id),
    )
    for (const id of left.slice(0, 100)) allocator.removeAgent(id)
    addAgent("new", "cpus:1;mem:128")
    const rest = [...allocator.run(0), ...allocator.run(0)].map(({ agentId }) => agentId)
    expect(rest.length).toBe(401)
    expect(rest).toContain(agentId("new"))
    expect(allocator.pending).toBe(false)
  })

  test("agents in an order that the seed decides", () => {
    const order = (seed: number): string[] => {
      const shuffled = new HierarchicalAllocator({ seed })
      for (let i = 0; i < 20; i++) shuffled.addAgent(agent(`A${i}`, "cpus:1;mem:128"), true)
      shuffled.addFramework(framework("F1", ["a"]), true)
      return shuffled.run(0).map(({ agentId }) => agentId)
    }
    expect(order(7)).toEqual(order(7))
    expect(order(7)).not.toEqual(order(8))
  })
})

describe("the books", () => {
  test("a role that the framework left is kept while it holds something there", () => {
    addFramework("F1", ["a"])
    addAgent("A1", "cpus:2;mem:256")
    run()
    recover(["F1", "a"], "A1", "cpus:1;mem:128", { now: 0, refusedForMs: 0 })
    allocator.updateFramework(framework("F1", ["b"]))
    expect(run()).toEqual(["F1/b gets cpus:1;mem:128 on A1"])
    expect([...allocator.stats().shareByRole.keys()]).toEqual(["a", "b"])
    recover(["F1", "a"], "A1", "cpus:1;mem:128")
    expect([...allocator.stats().shareByRole.keys()]).toEqual(["b"])
  })

  test("parts of several roles are freed together", () => {
    addAgent("A1", "cpus(a):1;mem(a):128;cpus(b):1;mem(b):128")
    addFramework("F1", ["a", "b"])
    expect(run().length).toBe(2)
    const both = [
      ...resources("cpus(a):1;mem(a):128", "a"),
      ...resources("cpus(b):1;mem(b):128", "b"),
    ]
    allocator.recover(frameworkId("F1"), agentId("A1"), both)
    allocator.checkInvariants()
    expect(run().length).toBe(2)
  })

  test("refuse to free what is not allocated, and to allocate what is not free", () => {
    addFramework("F1", ["a"])
    addAgent("A1", "cpus:1;mem:128")
    run()
    expect(() => recover(["F1", "a"], "A1", "cpus:2")).toThrow("freeing more than is allocated")
    expect(() =>
      allocator.charge(frameworkId("F1"), agentId("A1"), resources("cpus:1", "a")),
    ).toThrow("allocating more than is free")
  })

  test("refuse to remove an agent or framework that still holds something", () => {
    addFramework("F1", ["a"])
    addAgent("A1", "cpus:1;mem:128")
    run()
    expect(() => allocator.removeAgent(agentId("A1"))).toThrow("still has allocations")
    expect(() => allocator.removeFramework(frameworkId("F1"))).toThrow("still has allocations")
  })

  test("a removed framework leaves nothing behind", () => {
    addFramework("F1", ["a", "a/b"], { offerFilters: { a: {} } })
    allocator.removeFramework(frameworkId("F1"))
    expect([...allocator.stats().shareByRole]).toEqual([])
    addAgent("A1", "cpus:1;mem:128")
    expect(run()).toEqual([])
    addFramework("F1", ["a"])
    expect(run()).toEqual(["F1/a gets cpus:1;mem:128 on A1"])
  })

  test("shrinking below what is allocated is a bug", () => {
    addFramework("F1", ["a"])
    addAgent("A1", "cpus:2;mem:128")
    run()
    expect(() => allocator.updateAgent(agent("A1", "cpus:1;mem:128"))).toThrow("shrank below")
  })

  test("tell totals, allocations, filters and shares", () => {
    addFramework("F1", ["a"])
    addAgent("A1", "cpus:4;mem:1024")
    addAgent("A2", "cpus:4;mem:1024")
    run()
    recover(["F1", "a"], "A1", "cpus:4;mem:1024", { now: 0, refusedForMs: 5_000 })
    const stats = allocator.stats()
    expect(stats.totalMilli.get("cpus")).toBe(8_000)
    expect(stats.allocatedMilli.get("cpus")).toBe(4_000)
    expect(stats.filtersByRole.get("a")).toBe(1)
    expect(stats.shareByRole.get("a")).toBe(0.5)
  })
})

describe("why not", () => {
  test("counts what stands in the way on each agent", () => {
    addFramework("F1", ["a"])
    addAgent("small", "cpus:0.001")
    addAgent("gpu", "cpus:1;mem:128;gpus:1")
    addAgent("other", "cpus(b):1;mem(b):128")
    addAgent("taken", "cpus:1;mem:128")
    run()
    expect(allocator.explain(frameworkId("F1"), "a")).toEqual({
      role: "a",
      active: true,
      suppressed: false,
      // mem 128 of 384; cpus only 1 of 3.001
      roleShare: 1 / 3,
      agents: 4,
      refusals: { belowMinimum: 1, gpuWithoutCapability: 1, reservedForOthers: 1, nothingFree: 1 },
    })
  })

  test("has no answer for who is not there", () => {
    addFramework("F1", ["a"])
    expect(allocator.explain(frameworkId("F2"), "a")).toBeUndefined()
    expect(allocator.explain(frameworkId("F1"), "b")).toBeUndefined()
  })
})
