import { expect, test } from "bun:test"
import fc from "fast-check"
import type { Reservation, Resource } from "#lib/mesos/resource.ts"
import { normalizeResources } from "./normal.ts"
import { quantityOf, scalarQuantities } from "./quantities.ts"
import { containsResources, subtractResources } from "./arithmetic.ts"
import { sumDisjoint } from "./sum.ts"
import { validateResources } from "./validate.ts"

const odd = fc.constantFrom(Number.NaN, Infinity, -Infinity, -1, 0, 0.3, 1, 500, 2 ** 53, 1e300)
const value = fc.oneof(
  fc.record({ kind: fc.constant("scalar" as const), milli: odd }),
  fc.record({
    kind: fc.constant("ranges" as const),
    ranges: fc.array(fc.record({ begin: odd, end: odd }), { maxLength: 4 }),
  }),
  fc.record({
    kind: fc.constant("set" as const),
    items: fc.array(fc.constantFrom("a", "b", ""), { maxLength: 3 }),
  }),
)
const role = fc.constantFrom("a", "a/b", "a/b/c", "*", "", "a//b", "..")
const reservation: fc.Arbitrary<Reservation> = fc.record(
  {
    type: fc.constantFrom("STATIC" as const, "DYNAMIC" as const),
    role,
    principal: fc.constantFrom("p", ""),
  },
  { requiredKeys: ["type", "role"] },
)
const disk = fc.record(
  {
    persistence: fc.record({ id: fc.constantFrom("v", "w", "", "a/b") }),
    volume: fc.record(
      {
        containerPath: fc.constantFrom("d", ""),
        mode: fc.constantFrom("RW" as const, "RO" as const),
        hostPath: fc.constant("/h"),
      },
      { requiredKeys: ["containerPath", "mode"] },
    ),
    source: fc.record({ type: fc.constantFrom("PATH", "MOUNT", "RAW", "UNKNOWN") }),
  },
  { requiredKeys: [] },
)
const resource = fc.record(
  {
    name: fc.constantFrom("cpus", "mem", "disk", "gpus", "ports", ""),
    value,
    reservations: fc.array(reservation, { maxLength: 3 }),
    allocationRole: role,
    disk,
    revocable: fc.constant(true as const),
    shared: fc.constant(true as const),
  },
  { requiredKeys: ["name", "value", "reservations"] },
) as fc.Arbitrary<Resource>

test("any list is refused with a place, or is fit for arithmetic", () => {
  let fit = 0
  const property = fc.property(fc.array(resource, { maxLength: 4 }), (list) => {
    const problem = validateResources(list)
    if (problem !== undefined) {
      expect(problem.field).toMatch(/^\[\d\]\./)
      expect(problem.message).not.toBe("")
      return
    }
    fit++
    const normal = normalizeResources(list)
    expect(normalizeResources(normal)).toEqual(normal)
    expect(containsResources(normal, normal)).toBe(true)
    expect(subtractResources(normal, normal)).toEqual([])
    const exact = list.every(({ value: { kind }, shared }) => kind === "scalar" && !shared)
    for (const name of exact ? ["cpus", "mem", "disk", "gpus"] : [])
      expect(quantityOf(scalarQuantities(normal), name)).toBe(
        list
          .filter((each) => each.name === name)
          .reduce((sum, each) => sum + (each.value.kind === "scalar" ? each.value.milli : 0), 0),
      )
    sumDisjoint([normal, normal])
  })
  fc.assert(property, { numRuns: 3_000 })
  expect(fit).toBeGreaterThan(100)
})
