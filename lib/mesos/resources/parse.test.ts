import { describe, expect, test } from "bun:test"
import type { Resource } from "#lib/mesos/resource.ts"
import { attributeText, parseAttributes } from "./attributes.ts"
import { parseResources } from "./parse.ts"
import { renderResource, renderResources } from "./render.ts"
import { validateResource, validateResources } from "./validate.ts"

const rendered = (text: string, role?: string): string => {
  const parsed = parseResources(text, role)
  return parsed.ok ? renderResources(parsed.value) : `error: ${parsed.error.message}`
}

describe("resource text", () => {
  test.each([
    ["cpus:4;mem:1024;ports:[31000-32000]", "cpus:4;mem:1024;ports:[31000-32000]"],
    [" cpus : 0.5 ; disk( db ) : 100 ;", "cpus:0.5;disk(db):100"],
    ["tags:{b, a,b}", "error: Resource 'tags' names an item of its set twice"],
    ["cpus(*):1\nmem:1", "cpus:1;mem:1"],
    ["ports:[5-6, 1-4]", "ports:[1-6]"],
    ["cpus:0", "{}"],
    ["", "{}"],
    ["cpus", "error: Bad value for resources, missing or extra ':' in 'cpus'"],
    ["cpus:1:2", "error: Bad value for resources, missing or extra ':' in 'cpus:1:2'"],
    ["cpus(db:1", "error: Bad value for resources, mismatched parentheses in 'cpus(db:1'"],
    [":1", "error: Bad value for resources, missing name in ':1'"],
    ["cpus:", "error: Bad value for resource 'cpus': the value is empty"],
    ["cpus:many", "error: Bad value for resource 'cpus': 'many' is not an amount"],
    ["cpus:-1", "error: Resource 'cpus' is negative: -1"],
    ["cpus:1e999", "error: Bad value for resource 'cpus': '1e999' is not a finite number"],
    ["gpus:0.5", "error: The 'gpus' resource must be a whole number, not 0.5"],
    ["ports:[1-2", "error: Bad value for resource 'ports': '[1-2' lacks a closing ']'"],
    ["ports:[1]", "error: Bad value for resource 'ports': '1' is not a range such as 31000-32000"],
    ["ports:[2-1]", "error: Bad value for resource 'ports': range '2-1' ends before it begins"],
    ["ports:[1-5,4-6]", "error: Resource 'ports' has overlapping ranges: 1-5 and 4-6"],
    [
      "cpus(a/../b):1",
      "error: Invalid reservation of 'cpus': Role 'a/../b' contains the disallowed component '..'",
    ],
  ])("%p reads as %p", (text, expected) => {
    expect(rendered(text)).toBe(expected)
  })

  test("the default role takes what names none", () => {
    expect(rendered("cpus:1;mem(*):2", "eng")).toBe("cpus(eng):1;mem:2")
  })

  test("amounts are rounded to thousandths", () => {
    expect(rendered("cpus:0.12345")).toBe("cpus:0.123")
    expect(rendered("cpus:0.0006")).toBe("cpus:0.001")
  })

  test("what text cannot carry back is written as Mesos writes it", () => {
    expect(
      renderResource(
        resource({
          allocationRole: "eng",
          reservations: [{ type: "DYNAMIC", role: "eng", principal: "p" }],
          disk: { persistence: { id: "v" }, volume: { mode: "RW", containerPath: "data" } },
          shared: true,
        }),
      ),
    ).toBe("disk(allocated: eng)(reservations: [(DYNAMIC,eng,p)])[v:data]<SHARED>:1")
  })
})

const resource = (change: Partial<Resource>): Resource => ({
  name: "disk",
  value: { kind: "scalar", milli: 1000 },
  reservations: [],
  ...change,
})
const role = (...roles: string[]): Resource["reservations"] =>
  roles.map((each) => ({ type: "DYNAMIC", role: each }))
const seen = { mode: "RW", containerPath: "data" } as const
const volume = { persistence: { id: "v" }, volume: seen }

describe("validation", () => {
  test.each<[string, string, Partial<Resource>]>([
    ["name", "Empty resource name", { name: "" }],
    ["scalar.value", "not a finite number", { value: { kind: "scalar", milli: Number.NaN } }],
    ["scalar.value", "negative", { value: { kind: "scalar", milli: -1 } }],
    [
      "ranges.range",
      "out of bounds",
      { value: { kind: "ranges", ranges: [{ begin: -1, end: 1 }] } },
    ],
    [
      "ranges.range",
      "before it begins",
      { value: { kind: "ranges", ranges: [{ begin: 2, end: 1 }] } },
    ],
    ["reservations[0].role", "cannot be reserved to role '*'", { reservations: role("*") }],
    ["reservations[1].role", "not a refinement of role 'a'", { reservations: role("a", "ab") }],
    [
      "reservations[1].type",
      "may be static",
      { reservations: [...role("a"), { type: "STATIC", role: "a/b" }] },
    ],
    [
      "reservations[0].principal",
      "no principal",
      { reservations: [{ type: "STATIC", role: "a", principal: "p" }] },
    ],
    ["revocable", "cannot be reserved", { revocable: true, reservations: role("a") }],
    ["disk", "must not be set for resource 'cpus'", { name: "cpus", disk: {} }],
    ["shared", "Only persistent volumes", { shared: true }],
    ["reservations", "unreserved", { disk: volume }],
    ["scalar.value", "less than 0.001", { value: { kind: "scalar", milli: 0.4 } }],
    ["disk", "set but empty", { disk: {} }],
    ["disk.volume", "Non-persistent volume", { disk: { volume: seen } }],
    [
      "disk.volume",
      "where tasks see",
      { disk: { persistence: { id: "v" } }, reservations: role("a") },
    ],
    [
      "disk.volume.host_path",
      "the agent chooses",
      { disk: { ...volume, volume: { ...seen, hostPath: "/d" } }, reservations: role("a") },
    ],
    ["disk.source.type", "unknown", { disk: { source: { type: "UNKNOWN" } } }],
    ["disk.source.path", "RAW disk", { disk: { source: { type: "RAW", path: { root: "/d" } } } }],
    [
      "disk.source.mount",
      "BLOCK disk",
      { disk: { source: { type: "BLOCK", mount: { root: "/d" } } } },
    ],
    ["disk.persistence.id", "invalid characters", { disk: { persistence: { id: "a/b" } } }],
  ])("%s: %s", (field, message, change) => {
    const problem = validateResource(resource(change))
    expect(problem?.field).toBe(field)
    expect(problem?.message).toContain(message)
  })

  test("good resources pass", () => {
    expect(
      validateResource(resource({ disk: volume, reservations: role("a", "a/b") })),
    ).toBeUndefined()
  })

  test("a persistence id is unique per role, unless the volume is shared", () => {
    const one = resource({ disk: volume, reservations: role("a") })
    expect(validateResources([one, one])).toEqual({
      field: "[1].disk.persistence.id",
      message: "Persistence ID 'v' is not unique",
    })
    expect(validateResources([one, { ...one, reservations: role("b") }])).toBeUndefined()
    const sharedOne: Resource = { ...one, shared: true }
    expect(validateResources([sharedOne, sharedOne])).toBeUndefined()
  })
})

describe("attribute text", () => {
  test("reads numbers, ranges and text, and writes them back", () => {
    const parsed = parseAttributes("rack:r7; level:3;keys:[1-2,4-4];path:/a/b.c-d_e")
    if (!parsed.ok) throw new Error(parsed.error.message)
    expect(parsed.value.map((each) => `${each.name} ${each.type} ${attributeText(each)}`)).toEqual([
      "rack TEXT r7",
      "level SCALAR 3",
      "keys RANGES [1-2, 4-4]",
      "path TEXT /a/b.c-d_e",
    ])
  })

  test.each(["rack", "rack:", ":r7", "rack:{a}", "rack:a b", "rack:[1"])("refuses %p", (text) => {
    expect(parseAttributes(text).ok).toBe(false)
  })
})

describe("resources as JSON", () => {
  const scalar = { name: "cpus", type: "SCALAR", scalar: { value: 1.5 } }
  test.each<[string, unknown]>([
    ["cpus:1.5", [scalar]],
    ["cpus(db):1.5", [{ ...scalar, role: "db" }]],
    ["cpus(db):1.5", [{ ...scalar, reservations: [{ type: "STATIC", role: "db" }] }]],
    ["cpus:3", [scalar, { ...scalar, role: "*" }]],
    [
      "error: Bad value for resources, at [0]: 'scalar': expected an object, got 3",
      [{ ...scalar, scalar: 3 }],
    ],
    ["error: Resource 'cpus' is negative: -1", [{ ...scalar, scalar: { value: -1 } }]],
  ])("reads %p", (expected, json) => {
    expect(rendered(JSON.stringify(json))).toBe(expected)
  })

  test("the default role takes only what names no role", () => {
    expect(rendered(JSON.stringify([scalar, { ...scalar, role: "*" }]), "eng")).toBe(
      "cpus:1.5;cpus(eng):1.5",
    )
  })

  test("broken JSON is named so", () => {
    expect(rendered("[{")).toStartWith("error: Bad value for resources, not JSON")
  })
})
