import { expect, test } from "bun:test"
import { appEmbeds, groupEmbeds } from "./embed.ts"

const query = (...values: string[]): URLSearchParams =>
  new URLSearchParams(values.map((value): [string, string] => ["embed", value]))

test("knows each embed of apps under each prefix", () => {
  for (const prefix of ["apps", "app", "group.apps"])
    expect([...appEmbeds(query(`${prefix}.failures`), ["counts"])].sort()).toEqual([
      "counts",
      "deployments",
      "lastTaskFailure",
      "tasks",
    ])
})

test("ignores what it does not know", () => {
  const unknown = query("tasks", "apps.foo", "apps.toString", "x.tasks", "")
  expect([...appEmbeds(unknown, [])]).toEqual([])
  expect([...groupEmbeds(query("toString"))]).toEqual([])
})

test("shows everything of a group unless something is named", () => {
  expect([...groupEmbeds(query())].sort()).toEqual(["apps", "groups", "pods"])
  expect([...groupEmbeds(query("group.apps"))]).toEqual(["apps"])
  // Naming only members of apps leaves the apps themselves out, as in the original.
  expect([...groupEmbeds(query("group.apps.counts"))]).toEqual([])
})
