import { beforeEach, describe, expect, test } from "bun:test"
import { AGENT_CAPABILITIES, resources } from "#lib/master/core/builders.ts"
import {
  allocate,
  conversionOf,
  normalizeResources,
  unallocate,
  type AgentId,
  type Conversion,
  type FrameworkId,
  type FrameworkInfoCapabilityType,
  type Resource,
  type ResourceOperation,
  type Resources,
} from "#lib/mesos/index.ts"
import { HierarchicalAllocator } from "./hierarchical.ts"

const A1 = "A1" as AgentId
const [F1, F2] = ["F1" as FrameworkId, "F2" as FrameworkId]
const reservations = [{ type: "DYNAMIC", role: "db" }] as const
const mine = (text: string): Resources => resources(text).map((each) => ({ ...each, reservations }))
const volume: Resource = {
  ...mine("disk:10")[0]!,
  disk: { persistence: { id: "v" }, volume: { containerPath: "data", mode: "RW" } },
  shared: true,
}

function conversion(operation: ResourceOperation): Conversion {
  const made = conversionOf(operation)
  if (!made.ok) throw new Error(made.error.message)
  const { consumed, converted } = made.value
  return { consumed: allocate(consumed, "db"), converted: allocate(converted, "db") }
}
const reserve = conversion({ kind: "reserve", resources: mine("cpus:1;disk:10") })
const create = conversion({ kind: "create", volumes: [volume] })
const destroy = conversion({ kind: "destroy", volumes: [volume] })

let allocator: HierarchicalAllocator
const grants = (): Resources[] => {
  const made = allocator.run(0).map((grant) => grant.resources)
  allocator.checkInvariants()
  return made
}
beforeEach(() => {
  allocator = new HierarchicalAllocator({ seed: 1 })
  const capabilities = new Set<FrameworkInfoCapabilityType>(["MULTI_ROLE", "SHARED_RESOURCES"])
  for (const id of [F1, F2])
    allocator.addFramework({ id, roles: ["db"], capabilities, suppressedRoles: new Set() }, true)
  allocator.suppress(F2, undefined)
  const total = resources("cpus:4;mem:1024;disk:100")
  const info = { hostname: "a1" }
  allocator.addAgent({ id: A1, info, capabilities: AGENT_CAPABILITIES, total }, true)
})

describe("an operation on what is allocated", () => {
  test("changes the allocation and the agent's total alike", () => {
    const [offer = []] = grants()
    allocator.updateAllocation(F1, A1, reserve)
    allocator.checkInvariants()
    allocator.recover(F1, A1, reserve.converted)
    expect(allocator.free(A1)).toEqual(unallocate(reserve.converted))
    allocator.recover(F1, A1, resources("cpus:3;mem:1024;disk:90", "db"))
    expect(unallocate(offer)).not.toEqual(allocator.free(A1))
    expect(grants()).toEqual([
      allocate(
        normalizeResources([...resources("cpus:3;mem:1024;disk:90"), ...mine("cpus:1;disk:10")]),
        "db",
      ),
    ])
  })

  test("of more than is allocated is a bug", () => {
    expect(() => allocator.updateAllocation(F1, A1, reserve)).toThrow()
  })
})

describe("a shared volume", () => {
  beforeEach(() => {
    grants()
    allocator.updateAllocation(F1, A1, reserve)
    allocator.updateAllocation(F1, A1, create)
  })

  test("stays free while it is used, and is offered to others beside what else is free", () => {
    expect(allocator.free(A1)).toEqual([volume])
    allocator.charge(F1, A1, allocate([volume], "db"))
    expect(allocator.free(A1)).toEqual([volume])
    expect(grants()).toEqual([])
    allocator.revive(F2, undefined)
    allocator.suppress(F1, undefined)
    allocator.recover(F1, A1, resources("cpus:2;mem:512", "db"))
    expect(grants()).toEqual([
      allocate(normalizeResources([...resources("cpus:2;mem:512"), volume]), "db"),
    ])
  })

  test("counts once in the share of its user, however many copies it holds", () => {
    const share = () => allocator.stats().allocatedMilli.get("disk")
    const before = share()
    allocator.charge(F1, A1, allocate([volume], "db"))
    expect(share()).toBe(before)
    allocator.recover(F1, A1, allocate([volume], "db"))
    expect(share()).toBe(before)
    allocator.recover(F1, A1, allocate([volume], "db"))
    expect(share()).toBe(before! - 10_000)
    allocator.checkInvariants()
  })

  test("is disk of one framework again once it is destroyed", () => {
    allocator.updateAllocation(F1, A1, destroy)
    allocator.checkInvariants()
    expect(allocator.free(A1)).toEqual([])
    allocator.recover(F1, A1, destroy.converted)
    expect(allocator.free(A1)).toEqual(mine("disk:10"))
  })
})
