import { expect, test } from "bun:test"
import fc from "fast-check"
import type { GroupChange } from "./group.ts"
import { parseGroup } from "./parse-group.ts"
import { resolvePathId, ROOT } from "./path-id.ts"
import type { Rejection } from "./rejection.ts"
import { DEFAULT_RULES } from "./rules.ts"

const options = { rules: DEFAULT_RULES, base: ROOT }

function change(json: unknown): GroupChange {
  const result = parseGroup(json, options)
  if (!result.ok) throw new Error(JSON.stringify(result.error))
  return result.value.change
}

function rejection(json: unknown): Rejection {
  const result = parseGroup(json, options)
  if (result.ok) throw new Error("was accepted")
  return result.error
}

test("resolves ids against the enclosing group and says where each app stands", () => {
  const read = change({
    id: "g",
    apps: [{ id: "a", cmd: "x", dependencies: ["../b", "c"] }],
    groups: [{ id: "/g/h", apps: [{ id: "a", cmd: "x" }], dependencies: ["/k"] }],
    pods: [{}],
  })
  expect(read).toMatchObject({
    kind: "content",
    content: {
      id: "/g",
      path: "",
      apps: [{ id: "/g/a", path: "/apps(0)", fields: { dependencies: ["/b", "/g/c"] } }],
      groups: [
        {
          id: "/g/h",
          path: "/groups(0)",
          apps: [{ id: "/g/h/a", path: "/groups(0)/apps(0)" }],
          dependencies: ["/k"],
        },
      ],
    },
  })
})

test("keeps apart what is absent and what is empty", () => {
  expect(change({ id: "g", apps: [] })).toEqual({
    kind: "content",
    content: { id: resolvePathId("g"), path: "", apps: [] },
  })
})

test("takes a factor or a version only alone", () => {
  expect(change({ id: "g", scaleBy: 1.5 })).toEqual({ kind: "scale", factor: 1.5 })
  expect(change({ id: "g", version: "2020-01-01T00:00:00.000Z" })).toMatchObject({
    kind: "rollback",
  })
  expect(rejection({ id: "g", scaleBy: 2, apps: [] }).code).toBe("illegal")
  expect(rejection({ id: "g", version: "now" })).toEqual({
    code: "illegal",
    message: "Invalid timestamp provided 'now'. Expecting ISO-8601 datetime string.",
  })
})

test.each<[unknown, string, string]>([
  [
    { groups: [{ id: "g", apps: [{}] }], id: "x" },
    "/groups(0)/apps(0)/id",
    "'id' is undefined on object: {}",
  ],
  [{}, "/id", "'id' is undefined on object: {}"],
  [{ id: "g", groups: [{}] }, "/groups(0)/id", "'id' is undefined on object: {}"],
  [{ id: "g", apps: [{ id: "a", cpus: "1" }] }, "/apps(0)/cpus", "error.expected.jsnumber"],
  [{ id: "g", scaleBy: -1 }, "/scaleBy", "error.min"],
])("names the wrong type in %j", (json, path, error) => {
  expect(rejection(json)).toEqual({ code: "badTypes", details: [{ path, errors: [error] }] })
})

test.each<[unknown, string, string]>([
  [
    { id: "g", apps: [{ id: "/a", cmd: "x" }] },
    "/apps(0)/id",
    "Identifier is not child of '/g'. Hint: use relative paths.",
  ],
  [
    { id: "g", groups: [{ id: "/h" }] },
    "/groups(0)/id",
    "Identifier is not child of '/g'. Hint: use relative paths.",
  ],
  [
    { id: "g", apps: [{ id: "a" }], groups: [{ id: "a" }] },
    "/",
    "Groups and Applications may not have the same identifier.",
  ],
  [
    { id: "g", groups: [{ id: "h", enforceRole: true }] },
    "/groups(0)/enforceRole",
    "enforceRole can only be set for top-level groups, and /g/h is not top-level",
  ],
  [{ id: "G" }, "/id", "must fully match regular expression '"],
])("refuses %j", (json, path, error) => {
  const refused = rejection(json)
  expect(refused).toMatchObject({ code: "invalid", details: [{ path }] })
  expect(JSON.stringify(refused)).toContain(error)
})

test("refuses groups nested without end", () => {
  let json: unknown = { id: "a" }
  for (let i = 0; i < 100; i++) json = { id: "a", groups: [json] }
  expect(rejection(json).code).toBe("badTypes")
})

test("answers any body with a change or a rejection, never an exception", () => {
  const key = fc.constantFrom("id", "apps", "groups", "scaleBy", "version", "dependencies")
  const json = fc.jsonValue({ maxDepth: 4 })
  fc.assert(
    fc.property(fc.oneof(json, fc.dictionary(key, json)), (body) => {
      parseGroup(body, options)
    }),
  )
})
