import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import type { Resource, Resources } from "#lib/mesos/resource.ts"
import { addResources, containsResources, equalResources, subtractResources } from "./arithmetic.ts"
import { isDivisible } from "./compare.ts"
import { normalizeResources } from "./normal.ts"
import { must } from "#lib/std/assert.ts"
import { parseResources } from "./parse.ts"
import { addQuantities, containsQuantities, scalarQuantities } from "./quantities.ts"
import { renderResources } from "./render.ts"
import { sumDisjoint, sumInUse, sumResources } from "./sum.ts"
import { allocate, flatten, popReservation, pushReservation, unallocate } from "./reservation.ts"

const scalar = fc.record({
  name: fc.constantFrom("cpus", "mem", "disk", "gpus"),
  milli: fc.nat(5000),
})
const range = fc
  .tuple(fc.nat(60), fc.nat(6))
  .map(([begin, size]) => ({ begin, end: begin + size - 1 }))
const value = fc.oneof(
  scalar.map(({ name, milli }) => ({ name, value: { kind: "scalar" as const, milli } })),
  fc.array(range, { maxLength: 4 }).map((ranges) => ({
    name: "ports",
    value: { kind: "ranges" as const, ranges },
  })),
  fc
    .array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 4 })
    .map((items) => ({ name: "tags", value: { kind: "set" as const, items } })),
)
const reservations = fc.constantFrom<Resource["reservations"]>(
  [],
  [],
  [{ type: "STATIC", role: "eng" }],
  [{ type: "DYNAMIC", role: "eng", principal: "p" }],
  [
    { type: "STATIC", role: "eng" },
    { type: "DYNAMIC", role: "eng/web", labels: { labels: [{ key: "k", value: "v" }] } },
  ],
)
const extras = fc.constantFrom<Partial<Resource>>(
  {},
  {},
  {},
  { revocable: true },
  { allocationRole: "eng" },
  { disk: { source: { type: "PATH", path: { root: "/a" } } } },
  { disk: { source: { type: "MOUNT", mount: { root: "/m" } } } },
  { disk: { persistence: { id: "v1" }, volume: { containerPath: "data", mode: "RW" } } },
  { disk: { persistence: { id: "v2" } }, shared: true },
)
const resource: fc.Arbitrary<Resource> = fc
  .tuple(value, reservations, extras)
  .map(([head, stack, extra]) => ({ ...head, reservations: stack, ...extra }))
const list = fc.array(resource, { maxLength: 8 })
const normal = list.map(normalizeResources)
const scalars = normal.map((all) =>
  normalizeResources(all.filter((each) => each.value.kind === "scalar")),
)

describe("the algebra holds for any resources", () => {
  test("the normal form does not depend on the order of the list", () => {
    fc.assert(
      fc.property(
        list.chain((all) =>
          fc.tuple(
            fc.constant(all),
            fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length }),
          ),
        ),
        ([all, shuffled]) =>
          expect(normalizeResources(shuffled)).toEqual(normalizeResources(all) as Resource[]),
      ),
    )
  })

  test("normalising twice changes nothing", () => {
    fc.assert(fc.property(normal, (all) => expect(normalizeResources(all)).toBe(all)))
  })

  test("sums commute, associate and are normal", () => {
    fc.assert(
      fc.property(normal, normal, normal, (a, b, c) => {
        const sum = addResources(a, b)
        expect(sum).toEqual(addResources(b, a) as Resource[])
        expect(normalizeResources(sum)).toBe(sum)
        expect(addResources(sum, c)).toEqual(addResources(a, addResources(b, c)) as Resource[])
      }),
    )
  })

  test("the sum of many is the sum of sums", () => {
    fc.assert(
      fc.property(fc.array(normal, { maxLength: 5 }), (all) => {
        const sum = sumResources(all)
        const one: Resources = []
        expect(sum).toEqual(all.reduce(addResources, one) as Resource[])
        expect(normalizeResources(sum)).toBe(sum)
      }),
    )
  })

  test("a sum of what is disjoint can be taken apart again, in any order", () => {
    fc.assert(
      fc.property(fc.array(normal, { maxLength: 4 }), (all) => {
        const sum = sumDisjoint(all)
        if (sum === undefined) return
        expect(sum).toEqual(sumResources(all) as Resource[])
        let left = sum
        for (const part of all) {
          expect(containsResources(left, part)).toBe(true)
          left = subtractResources(left, part)
        }
        expect(left).toEqual([])
      }),
    )
  })

  test("what is in use is the disjoint sum without allocations", () => {
    fc.assert(
      fc.property(fc.array(normal, { maxLength: 4 }), (all) => {
        const sum = sumDisjoint(all)
        expect(sumInUse(all)).toEqual((sum && unallocate(sum)) as Resource[] | undefined)
      }),
    )
  })

  test("a sum holds its parts, and scalars come back whole: a + b - b = a", () => {
    fc.assert(
      fc.property(normal, normal, scalars, (a, b, s) => {
        const sum = addResources(a, b)
        expect(containsResources(sum, a)).toBe(true)
        expect(containsResources(sum, b)).toBe(true)
        expect(subtractResources(addResources(a, s), s)).toEqual(a as Resource[])
      }),
    )
  })

  test("what is contained can be taken and given back: a - b + b = a", () => {
    fc.assert(
      fc.property(normal, normal, (a, b) => {
        const rest = subtractResources(a, b)
        expect(normalizeResources(rest)).toBe(rest)
        expect(containsResources(a, rest)).toBe(true)
        if (containsResources(a, b)) expect(addResources(rest, b)).toEqual(a as Resource[])
      }),
    )
  })

  test("equal means contained both ways", () => {
    fc.assert(
      fc.property(normal, normal, (a, b) => {
        const both = containsResources(a, b) && containsResources(b, a)
        expect(equalResources(a, b)).toBe(both)
        expect(equalResources(a, normalizeResources([...a].reverse()))).toBe(true)
      }),
    )
  })

  test("allocation and reservation can be undone", () => {
    fc.assert(
      fc.property(normal, (all) => {
        const free = unallocate(all)
        expect(unallocate(allocate(free, "eng"))).toEqual(free as Resource[])
        const pushed = pushReservation(all, { type: "DYNAMIC", role: "z/y" })
        expect(popReservation(pushed)).toEqual(all as Resource[])
      }),
    )
  })

  test("quantities of a sum are the sum of the quantities", () => {
    fc.assert(
      fc.property(normal, normal, (a, b) => {
        const plain = (all: Resources) =>
          normalizeResources(all.filter((each) => each.shared === undefined))
        const sum = scalarQuantities(addResources(plain(a), plain(b)))
        expect(sum).toEqual([
          ...addQuantities(scalarQuantities(plain(a)), scalarQuantities(plain(b))),
        ])
        expect(containsQuantities(sum, scalarQuantities(plain(a)))).toBe(true)
        expect(scalarQuantities(flatten(plain(a)))).toEqual([...scalarQuantities(plain(a))])
      }),
    )
  })

  test("text reads back what text can say", () => {
    const sayable = normal.map((all) =>
      normalizeResources(
        all.filter(
          (each) =>
            isDivisible(each) &&
            !each.disk &&
            !each.revocable &&
            !each.allocationRole &&
            each.name !== "gpus" &&
            each.reservations.every((link) => link.type === "STATIC"),
        ),
      ),
    )
    fc.assert(
      fc.property(sayable, (all) => {
        const text = all.length === 0 ? "" : renderResources(all)
        expect(parseResources(text)).toEqual({ ok: true, value: all })
      }),
    )
  })
})

const read = (text: string): Resources => {
  const parsed = parseResources(text)
  if (!parsed.ok) throw new Error(parsed.error.message)
  return parsed.value
}
const disk = (milli: number, extra: Partial<Resource>): Resource => ({
  name: "disk",
  value: { kind: "scalar", milli },
  reservations: [],
  ...extra,
})

describe("merging", () => {
  test("thousandths add up without drift", () => {
    const tenths = sumResources(Array.from({ length: 10 }, () => read("cpus:0.1")))
    expect(renderResources(tenths)).toBe("cpus:1")
  })

  test("a great many ranges join", () => {
    const odd = Array.from({ length: 6000 }, (_, n) => read(`ports:[${2 * n}-${2 * n}]`))
    const even = Array.from({ length: 6000 }, (_, n) => read(`ports:[${2 * n + 1}-${2 * n + 1}]`))
    expect(renderResources(sumResources([...odd, ...even]))).toBe("ports:[0-11999]")
  })

  test("of more kinds than are looked through, in any order, none is counted twice or lost", () => {
    const kinds = Array.from({ length: 200 }, (_, kind) => `r${(kind * 37) % 200}`)
    const lists = [kinds, kinds.toReversed(), kinds.slice(50)].map((names) =>
      names.map((name) => must(read(`${name}:1`)[0], name)),
    )
    const expected = normalizeResources(lists.flat())
    expect(sumResources(lists)).toEqual(expected as Resource[])
    expect(sumDisjoint(lists)).toEqual(expected as Resource[])
    const ports = kinds.map((name) => must(read(`${name}:[1-5]`)[0], name))
    expect(sumDisjoint([ports])).toBeDefined()
    expect(sumDisjoint([ports, ports.slice(-1)])).toBeUndefined()
    expect(sumInUse([ports, ports.slice(-1)])).toBeUndefined()
  })

  test("what names a port or an item twice is not disjoint, whatever the role", () => {
    const inRole = (role: string, text: string) => allocate(read(text), role)
    expect(sumDisjoint([read("ports:[1-5]"), read("ports:[6-9]")])).toEqual(
      read("ports:[1-9]") as Resource[],
    )
    expect(sumDisjoint([read("ports:[1-5]"), read("ports:[5-9]")])).toBeUndefined()
    expect(sumDisjoint([read("tags:{a,b}"), read("tags:{b}")])).toBeUndefined()
    expect(sumDisjoint([inRole("a", "ports:[1-5]"), inRole("b", "ports:[5-5]")])).toBeUndefined()
    expect(sumDisjoint([inRole("a", "cpus:1"), inRole("b", "cpus:1")])).toHaveLength(2)
  })

  test("ranges and sets join and split", () => {
    const sum = addResources(read("ports:[1-5,10-12];tags:{a,b}"), read("ports:[6-7];tags:{c}"))
    expect(renderResources(sum)).toBe("ports:[1-7, 10-12];tags:{a, b, c}")
    const rest = subtractResources(sum, read("ports:[3-4,11-11];tags:{b}"))
    expect(renderResources(rest)).toBe("ports:[1-2, 5-7, 10-10, 12-12];tags:{a, c}")
  })

  test("reservations keep amounts apart", () => {
    expect(renderResources(read("cpus(db):1;cpus:2;cpus(web):1;cpus(db):1"))).toBe(
      "cpus:2;cpus(db):2;cpus(web):1",
    )
    expect(containsResources(read("cpus(db):2"), read("cpus:1"))).toBe(false)
  })

  test("labels in another order are the same reservation", () => {
    const labelled = (labels: { key: string }[]): Resource =>
      disk(1000, { reservations: [{ type: "DYNAMIC", role: "r", labels: { labels } }] })
    expect(
      normalizeResources([
        labelled([{ key: "a" }, { key: "b" }]),
        labelled([{ key: "b" }, { key: "a" }]),
      ]),
    ).toHaveLength(1)
  })

  test.each<[string, Partial<Resource>]>([
    ["persistent volumes", { disk: { persistence: { id: "v" } } }],
    ["MOUNT disks", { disk: { source: { type: "MOUNT", mount: { root: "/m" } } } }],
    ["BLOCK disks", { disk: { source: { type: "BLOCK" } } }],
    ["RAW disks", { disk: { source: { type: "RAW", profile: "fast" } } }],
    ["shared volumes", { disk: { persistence: { id: "v" } }, shared: true }],
  ])("%s never merge and are taken whole", (_, extra) => {
    const one = [disk(5000, extra)]
    const two = addResources(one, one)
    expect(two).toHaveLength(2)
    expect(subtractResources(two, one)).toEqual(one)
    expect(containsResources(one, [disk(1000, extra)])).toBe(false)
    expect(subtractResources(one, [disk(1000, extra)])).toEqual(one)
  })

  test("PATH disks merge and split", () => {
    const path: Partial<Resource> = { disk: { source: { type: "PATH", path: { root: "/p" } } } }
    expect(addResources([disk(5000, path)], [disk(1000, path)])).toEqual([disk(6000, path)])
    expect(containsResources([disk(5000, path)], [disk(1000, path)])).toBe(true)
  })

  test("a shared volume counts once among quantities", () => {
    const one = [disk(5000, { disk: { persistence: { id: "v" } }, shared: true })]
    expect(scalarQuantities(addResources(one, one))).toEqual([{ name: "disk", milli: 5000 }])
  })

  test("taking more than there is leaves nothing, never less", () => {
    expect(subtractResources(read("cpus:1"), read("cpus:3"))).toEqual([])
  })
})
