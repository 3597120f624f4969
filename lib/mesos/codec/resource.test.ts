import { describe, expect, test } from "bun:test"
import type { Reservation, Resource } from "#lib/mesos/resource.ts"
import type { ReservationForm } from "./codec.ts"
import { decodeMessage, encodeMessage } from "./messages.ts"

const cpus = { name: "cpus", type: "SCALAR", scalar: { value: 1.5 } }
const links: Record<string, readonly Reservation[]> = {
  none: [],
  static: [{ type: "STATIC", role: "r" }],
  dynamic: [{ type: "DYNAMIC", role: "r", principal: "p", labels: { labels: [{ key: "k" }] } }],
  bare: [{ type: "DYNAMIC", role: "r" }],
  refined: [
    { type: "STATIC", role: "r" },
    { type: "DYNAMIC", role: "r/s", principal: "p" },
  ],
}
const details = { principal: "p", labels: { labels: [{ key: "k" }] } }
const stack = (name: string): object => ({ reservations: links[name] })
const inside = (name: string): Resource => ({
  name: "cpus",
  value: { kind: "scalar", milli: 1500 },
  reservations: links[name] ?? [],
})

/** The table of forms, row by row: unreserved, static, dynamic, refined. */
const forms: [string, ReservationForm, object][] = [
  ["none", "old", { role: "*" }],
  ["none", "new", {}],
  ["none", "endpoint", { role: "*" }],
  ["static", "old", { role: "r" }],
  ["static", "new", stack("static")],
  ["static", "endpoint", { role: "r", ...stack("static") }],
  ["dynamic", "old", { role: "r", reservation: details }],
  ["dynamic", "new", stack("dynamic")],
  ["dynamic", "endpoint", { role: "r", reservation: details, ...stack("dynamic") }],
  ["bare", "old", { role: "r", reservation: {} }],
  ["refined", "new", stack("refined")],
  ["refined", "endpoint", stack("refined")],
]

describe("reservations", () => {
  test.each(forms)("%s in the %s form is written and read back", (name, form, json) => {
    const written = encodeMessage("mesos.v1.Resource", inside(name), form)
    expect(written).toEqual({ ...cpus, ...json })
    expect(decodeMessage("mesos.v1.Resource", written)).toEqual({ ok: true, value: inside(name) })
  })

  test.each<[object, string]>([
    [{ role: "other", ...stack("static") }, "contradicting"],
    [{ role: "*", ...stack("static") }, "contradicting"],
    [{ reservation: {}, ...stack("static") }, "contradicting"],
    [{ reservations: [{ role: "r" }] }, "reservations[0] of resource 'cpus' needs a type"],
    [{ reservations: [{ type: "STATIC" }] }, "reservations[0] of resource 'cpus' needs a type"],
    [{ type: "RANGES" }, "resource 'cpus' of type RANGES has no such value"],
    [{ type: "TEXT" }, "cannot be of type TEXT"],
    [{ name: null }, "'name': is required"],
  ])("%j is refused", (change, message) => {
    const result = decodeMessage("mesos.v1.Resource", { ...cpus, ...change })
    expect(result.ok ? "" : result.error.message).toContain(message)
  })
})

test("every other member has its place", () => {
  const json = {
    provider_id: { value: "p" },
    name: "disk",
    type: "SCALAR",
    scalar: { value: 10 },
    allocation_info: { role: "r" },
    ...stack("static"),
    disk: {
      persistence: { id: "v", principal: "p" },
      volume: { mode: "RW", container_path: "data" },
      source: { type: "PATH", path: { root: "/a" } },
    },
    revocable: {},
    shared: {},
  }
  const result = decodeMessage("mesos.v1.Resource", json)
  if (!result.ok) throw new Error(result.error.message)
  expect(result.value.disk?.volume?.containerPath).toBe("data")
  expect(result.value.allocationRole).toBe("r")
  expect(encodeMessage("mesos.v1.Resource", result.value)).toEqual(json)
})

test.each([
  [{ name: "ports", type: "RANGES", ranges: { range: [{ begin: 5, end: 6 }] } }],
  [{ name: "tags", type: "SET", set: { item: ["b", "a"] } }],
])("%j comes back as it was", (json) => {
  const result = decodeMessage("mesos.v1.Resource", json)
  expect(result.ok && encodeMessage("mesos.v1.Resource", result.value)).toEqual(json)
})
