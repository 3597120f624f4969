import { describe, expect, test } from "bun:test"
import type { Resource, Resources } from "#lib/mesos/resource.ts"
import { isStrictSubrole, roleProblem } from "#lib/mesos/roles.ts"
import { normalizeResources } from "./normal.ts"
import {
  containsQuantities,
  quantitiesOf,
  quantityOf,
  scalarOf,
  subtractQuantities,
} from "./quantities.ts"
import { renderResources } from "./render.ts"
import {
  allocatableTo,
  flatten,
  nonRevocable,
  persistentVolumes,
  popReservation,
  rangesOf,
  rangesResource,
  reservationsByRole,
  reserved,
  reservedTo,
  revocable,
  scalarResource,
  shared,
  unreserved,
} from "./reservation.ts"

const cpus = (milli: number, role?: string, extra: Partial<Resource> = {}): Resource => ({
  ...scalarResource("cpus", milli),
  ...(role === undefined ? {} : { reservations: [{ type: "STATIC", role }] }),
  ...extra,
})
const volume = cpus(500, "eng", { name: "disk", disk: { persistence: { id: "v" } } })
const all: Resources = normalizeResources([
  cpus(1000),
  cpus(2000, "eng"),
  cpus(3000, "eng/web"),
  cpus(4000, "ops"),
  cpus(5000, undefined, { revocable: true }),
  volume,
  { ...volume, shared: true },
])

describe("choosing by reservation", () => {
  test.each<[string, Resources, number]>([
    ["unreserved", unreserved(all), 6000],
    ["reserved", reserved(all), 9000],
    ["reserved to eng", reservedTo(all, "eng"), 2000],
    ["reserved to *", reservedTo(all, "*"), 6000],
    ["allocatable to eng", allocatableTo(all, "eng"), 8000],
    ["allocatable to eng/web", allocatableTo(all, "eng/web"), 11_000],
    ["allocatable to engine", allocatableTo(all, "engine"), 6000],
    ["revocable", revocable(all), 5000],
    ["not revocable", nonRevocable(all), 10_000],
  ])("%s", (_, chosen, milli) => {
    expect(scalarOf(chosen, "cpus")).toBe(milli)
    expect(normalizeResources(chosen)).toBe(chosen)
  })

  test("volumes, shared ones, and reservations by role", () => {
    expect(persistentVolumes(all)).toHaveLength(2)
    expect(shared(all)).toHaveLength(1)
    expect([...reservationsByRole(all).keys()]).toEqual(["eng", "eng/web", "ops"])
  })

  test("flattening joins what only reservations kept apart", () => {
    expect(renderResources(flatten(nonRevocable(normalizeResources(all.slice(0, 5)))))).toBe(
      "cpus:10",
    )
  })

  test("popping what has no reservation is a bug", () => {
    expect(() => popReservation([cpus(1)])).toThrow("cpus has no reservation to pop")
  })

  test("ranges of a name are those of all its entries, in order", () => {
    const ports = normalizeResources([
      {
        ...rangesResource("ports", [{ begin: 1, end: 2 }]),
        reservations: [{ type: "STATIC", role: "r" }],
      },
      rangesResource("ports", [{ begin: 5, end: 6 }]),
    ])
    expect(rangesOf(ports, "ports")).toEqual([
      { begin: 1, end: 2 },
      { begin: 5, end: 6 },
    ])
  })
})

describe("quantities", () => {
  const some = quantitiesOf([
    ["mem", 2],
    ["cpus", 1],
    ["mem", 3],
    ["disk", 0],
  ])
  test("are summed, sorted and above zero", () => {
    expect(some).toEqual([
      { name: "cpus", milli: 1 },
      { name: "mem", milli: 5 },
    ])
    expect(quantityOf(some, "gpus")).toBe(0)
  })

  test("stop at zero when subtracted", () => {
    const rest = subtractQuantities(
      some,
      quantitiesOf([
        ["cpus", 9],
        ["mem", 1],
      ]),
    )
    expect(rest).toEqual([{ name: "mem", milli: 4 }])
    expect(containsQuantities(some, rest)).toBe(true)
    expect(containsQuantities(rest, some)).toBe(false)
  })
})

describe("roles", () => {
  test.each(["*", "eng", "eng/web.v2", "a-b", ".x"])("%p is a role", (role) => {
    expect(roleProblem(role)).toBeUndefined()
  })
  test.each(["", "/", "a/", "/a", "a//b", ".", "a/..", "a/*", "-a", "a b", "a\u007f", "a\ud800"])(
    "%p is none",
    (role) => {
      expect(roleProblem(role)).toBeString()
    },
  )
  test("only a whole component makes a sub-role", () => {
    expect(isStrictSubrole("eng/web", "eng")).toBe(true)
    expect(isStrictSubrole("engine", "eng")).toBe(false)
    expect(isStrictSubrole("eng", "eng")).toBe(false)
    expect(isStrictSubrole("eng/", "eng")).toBe(false)
  })
})
