import { expect, test } from "bun:test"
import type { Resources } from "#lib/mesos/resource.ts"
import { parseResources } from "#lib/mesos/resources/parse.ts"
import {
  reservedByRole,
  flattenResources,
  flattenUnreserved,
  fullResources,
} from "./flat-resources.ts"

const read = (text: string): Resources => {
  const parsed = parseResources(text)
  if (!parsed.ok) throw new Error(parsed.error.message)
  return parsed.value
}
const some = read("cpus:1.5;cpus(db):1;mem(db):64;ports:[5-6,1-2];ports(db):[3-3];tags:{b,a}")

test("sums are by name, with the four usual ones always there", () => {
  expect(flattenResources(some)).toEqual({
    cpus: 2.5,
    gpus: 0,
    mem: 64,
    disk: 0,
    ports: "[1-3, 5-6]",
    tags: "{a, b}",
  })
  expect(flattenResources([])).toEqual({ cpus: 0, gpus: 0, mem: 0, disk: 0 })
})

test("several sums are one", () => {
  expect(flattenResources(read("cpus:1"), read("cpus:2;mem:3"))).toMatchObject({ cpus: 3, mem: 3 })
})

test("revocable amounts have names of their own", () => {
  const revocable = read("cpus:2").map((resource) => ({ ...resource, revocable: true as const }))
  expect(flattenResources(read("cpus:1"), revocable)).toMatchObject({ cpus: 1, cpus_revocable: 2 })
})

test("reserved ones stand by role, the others apart", () => {
  expect(reservedByRole(some, (own) => flattenResources(own))).toEqual({
    db: { cpus: 1, gpus: 0, mem: 64, disk: 0, ports: "[3-3]" },
  })
  expect(flattenUnreserved(some)).toMatchObject({ cpus: 1.5, mem: 0 })
})

test("in full, reservations are written in both forms", () => {
  expect(fullResources(read("cpus(db):1"))).toEqual([
    {
      name: "cpus",
      type: "SCALAR",
      scalar: { value: 1 },
      role: "db",
      reservations: [{ type: "STATIC", role: "db" }],
    },
  ])
})
