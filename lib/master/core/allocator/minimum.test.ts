import { describe, expect, test } from "bun:test"
import { resources } from "#lib/master/core/builders.ts"
import { DEFAULT_MINIMUM, minimumOf, reachesMinimum, scalarMilli } from "./minimum.ts"

describe("the default minimum", () => {
  test.each([
    ["cpus:0.01", true],
    ["cpus:0.009", false],
    ["mem:32", true],
    ["mem:31.999", false],
    ["cpus:0.009;mem:31", false],
    ["cpus:0.009;mem:32", true],
    ["disk:100000;ports:[1-10]", false],
    ["gpus:8", false],
  ] as const)("%s: %p", (text, reached) => {
    expect(reachesMinimum(resources(text), DEFAULT_MINIMUM)).toBe(reached)
  })

  test("counts reserved and unreserved amounts together", () => {
    expect(reachesMinimum(resources("mem:20;mem(db):12"), DEFAULT_MINIMUM)).toBe(true)
    expect(scalarMilli(resources("mem:20;mem(db):12;cpus:1"), "mem")).toBe(32_000)
  })
})

describe("a framework's own minimum", () => {
  test("names alternatives, each of which must be there in full", () => {
    const minimum = minimumOf({
      minAllocatableResources: {
        quantities: [
          { quantities: { cpus: { value: 2 }, mem: { value: 1024 } } },
          { quantities: { gpus: { value: 1 } } },
        ],
      },
    })!
    expect(reachesMinimum(resources("cpus:2;mem:1024"), minimum)).toBe(true)
    expect(reachesMinimum(resources("cpus:8;mem:1023"), minimum)).toBe(false)
    expect(reachesMinimum(resources("gpus:1"), minimum)).toBe(true)
  })

  test("may be nothing at all", () => {
    const minimum = minimumOf({ minAllocatableResources: { quantities: [] } })!
    expect(reachesMinimum(resources("disk:1"), minimum)).toBe(true)
    expect(reachesMinimum([], minimum)).toBe(false)
  })

  test("is absent where the framework says nothing", () => {
    expect(minimumOf(undefined)).toBeUndefined()
    expect(minimumOf({})).toBeUndefined()
  })
})
