import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import type { Resource, Resources } from "#lib/mesos/resource.ts"
import { equalResources } from "./arithmetic.ts"
import { normalizeResources } from "./normal.ts"
import {
  operationProblem,
  operationProblemText,
  type ResourceOperation,
} from "./operation-rules.ts"
import { applyConversion, applyOperation, conversionOf } from "./operations.ts"
import { parseResources } from "./parse.ts"
import { addQuantities, quantitiesOf, scalarQuantities } from "./quantities.ts"
import { allocate, pushReservation, toUnreserved } from "./reservation.ts"

function plain(text: string): Resources {
  const parsed = parseResources(text)
  if (!parsed.ok) throw new Error(text)
  return parsed.value
}
const dynamic = (role: string) => ({ type: "DYNAMIC", role, principal: "p" }) as const
const reserved = (text: string, ...roles: readonly string[]): Resources =>
  roles.reduce((all, role) => pushReservation(all, dynamic(role)), plain(text))
const one = (resources: Resources): Resource => resources[0]!
const volume = (mib: number, over: Partial<Resource> = {}): Resource => ({
  ...one(reserved(`disk:${mib}`, "db")),
  disk: {
    persistence: { id: "v1", principal: "p" },
    volume: { containerPath: "data", mode: "RW" },
  },
  ...over,
})
const MOUNT = { type: "MOUNT", mount: { root: "/mnt" } } as const

const total = plain("cpus:4;mem:1024;disk:100;ports:[31000-31010]")
const apply = (resources: Resources, ...operations: readonly ResourceOperation[]): Resources =>
  operations.reduce((sum, operation) => {
    const applied = applyOperation(sum, operation)
    if (!applied.ok) throw new Error(operationProblemText(applied.error))
    return applied.value.resources
  }, resources)

const reserve = (resources: Resources): ResourceOperation => ({ kind: "reserve", resources })
const unreserve = (resources: Resources): ResourceOperation => ({ kind: "unreserve", resources })
const create = (...volumes: Resources): ResourceOperation => ({ kind: "create", volumes })
const destroy = (...volumes: Resources): ResourceOperation => ({ kind: "destroy", volumes })
const grow = (from: Resource, addition: Resource): ResourceOperation => ({
  kind: "growVolume",
  volume: from,
  addition,
})
const shrink = (from: Resource, value: number): ResourceOperation => ({
  kind: "shrinkVolume",
  volume: from,
  subtract: { value },
})

describe("applying", () => {
  test("RESERVE moves what it names under the reservation, UNRESERVE takes it back", () => {
    const mine = reserved("cpus:1;ports:[31003-31004]", "db")
    const after = apply(total, reserve(mine))
    expect(after).toEqual(
      normalizeResources([
        ...plain("cpus:3;mem:1024;disk:100;ports:[31000-31002,31005-31010]"),
        ...mine,
      ]),
    )
    expect(apply(after, unreserve(mine))).toEqual(total)
  })

  test("a reservation is refined and un-refined one role at a time", () => {
    const after = apply(
      total,
      reserve(reserved("cpus:2", "db")),
      reserve(reserved("cpus:1", "db", "db/x")),
    )
    expect(after).toContainEqual(one(reserved("cpus:1", "db", "db/x")))
    expect(apply(after, unreserve(reserved("cpus:1", "db", "db/x")))).toContainEqual(
      one(reserved("cpus:2", "db")),
    )
  })

  test("RESERVE with a source moves from one reservation to another in one step", () => {
    const before = apply(total, reserve(reserved("cpus:2", "db")))
    const source = reserved("cpus:1", "db")
    const after = apply(before, { kind: "reserve", source, resources: reserved("cpus:1", "web") })
    expect(after).toContainEqual(one(reserved("cpus:1", "web")))
    expect(after).toContainEqual(one(reserved("cpus:1", "db")))
  })

  test("CREATE makes a volume of reserved disk, DESTROY makes disk of it", () => {
    const before = apply(total, reserve(reserved("disk:50", "db")))
    const after = apply(before, create(volume(20)))
    expect(after).toContainEqual(volume(20))
    expect(after).toContainEqual(one(reserved("disk:30", "db")))
    expect(apply(after, destroy(volume(20)))).toEqual(before)
  })

  test("a volume on a MOUNT disk takes all of it and leaves it whole", () => {
    const bare = { ...one(reserved("disk:50", "db")), disk: { source: MOUNT } }
    const made = volume(50)
    const whole = { ...made, disk: { ...made.disk, source: MOUNT } }
    const after = apply([bare], create(whole))
    expect(after).toEqual([whole])
    expect(apply(after, destroy(whole))).toEqual([bare])
  })

  test("a shared volume becomes disk that is not shared", () => {
    const before = reserved("disk:50", "db")
    const mine = volume(20, { shared: true })
    expect(apply(apply(before, create(mine)), destroy(mine))).toEqual(before)
  })

  test("GROW_VOLUME and SHRINK_VOLUME change the size, keep the rest, and undo each other", () => {
    const before = apply(reserved("disk:50", "db"), create(volume(20)))
    const grown = apply(before, grow(volume(20), one(reserved("disk:5", "db"))))
    expect(grown).toEqual(normalizeResources([volume(25), ...reserved("disk:25", "db")]))
    expect(apply(grown, shrink(volume(25), 5))).toEqual(before)
  })

  test("allocation roles say whose an operation is and do not matter to the agent", () => {
    const mine = allocate(reserved("cpus:1", "db"), "db")
    expect(apply(total, reserve(mine))).toEqual(apply(total, reserve(reserved("cpus:1", "db"))))
  })

  test("what is not there cannot be converted, and the message says what is", () => {
    const applied = applyOperation(plain("cpus:1"), reserve(reserved("cpus:2", "db")))
    expect(applied).toEqual({
      ok: false,
      error: { field: "reserve.resources", message: "cpus:2 is not contained in cpus:1" },
    })
  })
})

describe("rules", () => {
  const staticCpus = {
    ...one(plain("cpus:1")),
    reservations: [{ type: "STATIC", role: "db" }],
  } as const
  const withVolume = (change: object): Resource => ({
    ...volume(5),
    disk: { ...volume(5).disk, volume: { containerPath: "data", mode: "RW", ...change } },
  })
  const raw: Resource = { ...one(plain("disk:5")), disk: { source: { type: "RAW", id: "d" } } }
  test.each<[string, ResourceOperation, string]>([
    ["reserve nothing", reserve([]), "reserve.resources"],
    ["reserve to nobody", reserve(plain("cpus:1")), "reserve.resources[0].reservations"],
    ["reserve statically", reserve([staticCpus]), "reserve.resources[0].reservations"],
    ["reserve to *", reserve(reserved("cpus:1", "*")), "reserve.resources[0].reservations[0].role"],
    [
      "refine to a role beside",
      reserve(reserved("cpus:1", "db", "web")),
      "reserve.resources[0].reservations[1].role",
    ],
    [
      "reserve revocable",
      reserve([{ ...one(reserved("cpus:1", "db")), revocable: true }]),
      "reserve.resources[0].revocable",
    ],
    ["reserve a volume", reserve([volume(5)]), "reserve.resources[0].disk.persistence"],
    [
      "reserve of two providers",
      reserve([
        one(reserved("cpus:1", "db")),
        { ...one(reserved("mem:1", "db")), providerId: "x" as never },
      ]),
      "reserve.resources.provider_id",
    ],
    [
      "re-reserve another amount",
      { kind: "reserve", source: reserved("cpus:2", "a"), resources: reserved("cpus:1", "b") },
      "reserve.source",
    ],
    [
      "re-reserve what is static",
      { kind: "reserve", source: [staticCpus], resources: reserved("cpus:1", "b") },
      "reserve.source.reservations[0]",
    ],
    ["unreserve nothing", unreserve([]), "unreserve.resources"],
    [
      "unreserve what nobody reserved",
      unreserve(plain("cpus:1")),
      "unreserve.resources[0].reservations",
    ],
    [
      "unreserve statically reserved",
      unreserve([staticCpus]),
      "unreserve.resources[0].reservations",
    ],
    ["unreserve a volume", unreserve([volume(5)]), "unreserve.resources[0].disk.persistence"],
    ["create no volume", create(...reserved("disk:5", "db")), "create.volumes[0].disk.persistence"],
    [
      "create without mount",
      create({ ...volume(5), disk: { persistence: { id: "v" } } }),
      "create.volumes[0].disk.volume",
    ],
    ["create read-only", create(withVolume({ mode: "RO" })), "create.volumes[0].disk.volume.mode"],
    [
      "create at a host path",
      create(withVolume({ hostPath: "/x" })),
      "create.volumes[0].disk.volume.host_path",
    ],
    [
      "create without a path",
      create(withVolume({ containerPath: "" })),
      "create.volumes[0].disk.volume.container_path",
    ],
    ["create one id twice", create(volume(5), volume(6)), "create.volumes[1].disk.persistence.id"],
    [
      "create unreserved",
      create({ ...volume(5), reservations: [] }),
      "create.volumes[0].reservations",
    ],
    [
      "destroy plain disk",
      destroy(...reserved("disk:5", "db")),
      "destroy.volumes[0].disk.persistence",
    ],
    [
      "grow plain disk",
      grow(one(reserved("disk:5", "db")), one(reserved("disk:5", "db"))),
      "grow_volume.volume.disk.persistence",
    ],
    [
      "grow by nothing",
      grow(
        volume(5),
        one(
          reserved("disk:5", "db").map((r) => ({
            ...r,
            value: { kind: "scalar", milli: 0 } as const,
          })),
        ),
      ),
      "grow_volume.addition.scalar.value",
    ],
    [
      "grow by another's disk",
      grow(volume(5), one(reserved("disk:5", "web"))),
      "grow_volume.addition",
    ],
    ["grow by a volume", grow(volume(5), volume(5)), "grow_volume.addition"],
    [
      "grow a shared volume",
      grow(volume(5, { shared: true }), one(reserved("disk:5", "db"))),
      "grow_volume.volume.shared",
    ],
    [
      "grow a provider's",
      grow(volume(5, { providerId: "x" as never }), one(reserved("disk:5", "db"))),
      "grow_volume.volume.provider_id",
    ],
    ["shrink by nothing", shrink(volume(5), 0), "shrink_volume.subtract"],
    ["shrink by no number", shrink(volume(5), Number.NaN), "shrink_volume.subtract"],
    ["shrink to nothing", shrink(volume(5), 5), "shrink_volume.subtract"],
    [
      "shrink a shared volume",
      shrink(volume(5, { shared: true }), 1),
      "shrink_volume.volume.shared",
    ],
    [
      "shrink a MOUNT disk",
      shrink(volume(5, { disk: { ...volume(5).disk, source: MOUNT } }), 1),
      "shrink_volume.volume.disk.source.type",
    ],
    [
      "create a disk of nothing raw",
      { kind: "createDisk", source: one(plain("disk:5")), targetType: "MOUNT" },
      "create_disk.source.disk.source.type",
    ],
    [
      "create a raw disk",
      { kind: "createDisk", source: raw, targetType: "RAW" },
      "create_disk.target_type",
    ],
    [
      "create a disk of no profile",
      { kind: "createDisk", source: raw, targetType: "BLOCK" },
      "create_disk.target_profile",
    ],
    [
      "create a disk",
      { kind: "createDisk", source: raw, targetType: "BLOCK", targetProfile: "fast" },
      "create_disk.source.provider_id",
    ],
    [
      "destroy no disk",
      { kind: "destroyDisk", source: one(plain("disk:5")) },
      "destroy_disk.source.disk.source.type",
    ],
    ["destroy a disk", { kind: "destroyDisk", source: raw }, "destroy_disk.source.provider_id"],
  ])("%s is refused at its field", (_, operation, field) => {
    expect(operationProblem(operation)?.field).toBe(field)
    expect(conversionOf(operation).ok).toBe(false)
  })

  test("disks without a resource provider are refused in words", () => {
    const operation = {
      kind: "createDisk",
      source: { ...raw, providerId: "x" as never },
      targetType: "MOUNT",
      targetProfile: "fast",
    } as const
    expect(operationProblemText(operationProblem(operation)!)).toBe(
      "'create_disk.source.provider_id' is invalid: There is no resource provider 'x'",
    )
  })
})

describe("whatever is converted", () => {
  const amounts = fc.record({
    cpus: fc.integer({ min: 1, max: 4000 }),
    disk: fc.integer({ min: 2, max: 100_000 }),
  })
  const scalar = (name: string, milli: number, role: string): Resource => ({
    name,
    value: { kind: "scalar", milli },
    reservations: [dynamic(role)],
  })
  const quantities = (resources: Resources) =>
    scalarQuantities(normalizeResources(resources)).reduce(
      (sum, each) => addQuantities(sum, [each]),
      quantitiesOf([]),
    )

  test("amounts are kept, and the reverse operation restores what was", () => {
    fc.assert(
      fc.property(amounts, fc.constantFrom("db", "web"), (milli, role) => {
        const mine = normalizeResources([
          scalar("cpus", milli.cpus, role),
          scalar("disk", milli.disk, role),
        ])
        const made = {
          ...volume(1),
          value: { kind: "scalar", milli: milli.disk } as const,
          reservations: [dynamic(role)],
        }
        const part = Math.ceil(milli.disk / 2)
        const small: Resource = { ...made, value: { kind: "scalar", milli: part } }
        const rest = { ...scalar("disk", milli.disk - part, role) }
        const steps: [ResourceOperation, ResourceOperation][] = [
          [reserve(mine), unreserve(mine)],
          [create(small), destroy(small)],
          [
            grow(small, rest),
            shrink(made, rest.value.kind === "scalar" ? rest.value.milli / 1000 : 0),
          ],
        ]
        let state = total
        const before: Resources[] = []
        for (const [forth] of steps) {
          before.push(state)
          const next = apply(state, forth)
          expect(quantities(next)).toEqual(quantities(state))
          state = next
        }
        for (const [, back] of steps.toReversed()) {
          state = apply(state, back)
          expect(state).toEqual(before.pop()!)
        }
        expect(equalResources(toUnreserved(state), total)).toBe(true)
      }),
      { numRuns: 200 },
    )
  })

  test("a refused conversion changes nothing", () => {
    const held = plain("cpus:1")
    const conversion = { consumed: plain("cpus:2"), converted: reserved("cpus:2", "db") }
    expect(applyConversion(held, conversion, "x").ok).toBe(false)
    expect(held).toEqual(plain("cpus:1"))
  })
})
