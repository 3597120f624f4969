import { describe, expect, test } from "bun:test"
import { brandId } from "#lib/mesos/index.ts"
import type { OfferId, Resource } from "#lib/mesos/index.ts"
import { testOffer, testScalar } from "#lib/marathon/core/test-master.ts"
import { Random } from "#lib/std/random.ts"
import { OfferPool } from "./offer-pool.ts"

const pool = (...resources: Resource[]): OfferPool =>
  new OfferPool(testOffer(brandId<OfferId>("o"), { id: "a1" }, resources))

const ports = (begin: number, end: number, reservedFor?: string): Resource => ({
  ...testScalar("ports", 0, reservedFor),
  value: { kind: "ranges", ranges: [{ begin, end }] },
})

const ANY = { role: "web", reserved: true, unreserved: true }

describe("scalars of an offer", () => {
  test("come from the reserved ones first", () => {
    const both = pool(testScalar("cpus", 1000), testScalar("cpus", 500, "web"))
    const found = both.findScalar("cpus", 700, ANY) ?? []
    expect(both.take(found).map(({ value, reservations }) => [value, reservations.length])).toEqual(
      [
        [{ kind: "scalar", milli: 500 }, 1],
        [{ kind: "scalar", milli: 200 }, 0],
      ],
    )
    expect(both.available("cpus", ANY)).toBe(800)
  })

  test("are not there when the sum is short or of another role", () => {
    const some = pool(testScalar("cpus", 1000), testScalar("cpus", 5000, "other"))
    expect(some.findScalar("cpus", 1001, ANY)).toBeUndefined()
    expect(some.findScalar("cpus", 1000, { ...ANY, unreserved: false })).toBeUndefined()
    expect(some.offers({ ...ANY, unreserved: false })).toBe(false)
  })

  test("leave volumes, revocable and labelled reservations alone", () => {
    const foreign = pool(
      { ...testScalar("disk", 1000), disk: { persistence: { id: "v" } } },
      { ...testScalar("disk", 1000), revocable: true },
      {
        ...testScalar("disk", 1000),
        reservations: [{ type: "DYNAMIC", role: "web", labels: { labels: [] } }],
      },
    )
    expect(foreign.available("disk", ANY)).toBe(0)
  })
})

describe("ports of an offer", () => {
  test("answer each wish in order", () => {
    const grant = pool(ports(31_000, 31_009)).findPorts([31_005, "none", "any"], ANY, new Random(1))
    expect(grant?.ports.slice(0, 2)).toEqual([31_005, null])
    const [, , any] = grant?.ports ?? []
    expect(any).toBeGreaterThanOrEqual(31_000)
    expect(any).toBeLessThanOrEqual(31_009)
    expect(any).not.toBe(31_005)
  })

  test("never come twice, and run out", () => {
    const ten = pool(ports(31_000, 31_009))
    const seen = new Set<number>()
    for (let count = 0; count < 10; count++) {
      const grant = ten.findPorts(["any"], ANY, new Random(count))
      ten.take(grant?.takes ?? [])
      seen.add(grant?.ports[0] ?? 0)
    }
    expect(seen.size).toBe(10)
    expect(ten.findPorts(["any"], ANY, new Random(1))).toBeUndefined()
  })

  test("that are wanted by number must be free", () => {
    const one = pool(ports(31_000, 31_000))
    expect(one.findPorts([80], ANY, new Random(1))).toBeUndefined()
    expect(one.findPorts([31_000, 31_000], ANY, new Random(1))).toBeUndefined()
    expect(one.findPorts([31_000], ANY, new Random(1))?.ports).toEqual([31_000])
  })

  test("keep the reservation they come from", () => {
    const mixed = pool(ports(1, 1, "web"), ports(2, 2))
    const grant = mixed.findPorts([1, 2], ANY, new Random(1))
    const taken = mixed.take(grant?.takes ?? [])
    expect(taken.map(({ value, reservations }) => [value, reservations.length])).toEqual([
      [{ kind: "ranges", ranges: [{ begin: 1, end: 1 }] }, 1],
      [{ kind: "ranges", ranges: [{ begin: 2, end: 2 }] }, 0],
    ])
  })

  test("are joined into ranges", () => {
    const grant = pool(ports(10, 20)).findPorts([12, 10, 11, 15], ANY, new Random(1))
    const [resource] = pool(ports(10, 20)).take(grant?.takes ?? [])
    expect(resource?.value).toEqual({
      kind: "ranges",
      ranges: [
        { begin: 10, end: 12 },
        { begin: 15, end: 15 },
      ],
    })
  })
})
