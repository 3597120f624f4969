import { describe, expect, test } from "bun:test"
import type { App, PathId, Timestamp } from "../model/index.ts"
import { planSteps } from "./plan.ts"
import type { AppChange, PlanTarget } from "./plan.ts"
import type { GroupNode } from "./records.ts"
import { pathId, testAppVersion } from "./test-app.ts"

const at = (version: string): Pick<App, "version" | "versionInfo"> => ({
  version: version as Timestamp,
  versionInfo: { lastScalingAt: version as Timestamp, lastConfigChangeAt: version as Timestamp },
})

const app = (id: string, change: Partial<App> = {}): App =>
  testAppVersion({ id: pathId(id), ...change })

const change = (before: App | undefined, after: App | undefined, isMixed = false): AppChange => ({
  id: (after ?? before)?.id ?? pathId("/"),
  before,
  after,
  isMixed,
})

const target = (apps: readonly App[], groups: readonly GroupNode[] = []): PlanTarget => {
  const byId = new Map(apps.map((one) => [one.id, one]))
  const groupsById = new Map(groups.map((one) => [one.id, one]))
  return { app: (id) => byId.get(id), group: (id) => groupsById.get(id), appIds: () => byId.keys() }
}

const plan = (changes: readonly AppChange[], groups: readonly GroupNode[] = []): unknown => {
  const apps = changes.flatMap(({ after }) => after ?? [])
  const steps = planSteps(changes, target(apps, groups))
  return steps.ok
    ? steps.value.map(({ actions }) => actions.map((one) => `${one.action} ${one.app}`))
    : steps.error
}

const depends = (...ids: string[]): { readonly dependencies: readonly PathId[] } => ({
  dependencies: ids.map(pathId),
})

describe("the steps of a deployment", () => {
  test("stop first, then start, then scale by depth", () => {
    const db = app("/db")
    const api = app("/api", depends("/db"))
    const ui = app("/ui", depends("/api", "/db"))
    expect(
      plan([
        change(app("/gone"), undefined),
        change(undefined, ui),
        change(undefined, db),
        change(undefined, api),
      ]),
    ).toEqual([
      ["StopApplication /gone"],
      ["StartApplication /ui", "StartApplication /db", "StartApplication /api"],
      ["ScaleApplication /db"],
      ["ScaleApplication /api"],
      ["ScaleApplication /ui"],
    ])
  })

  test("scale when only the count changed, restart when anything else did", () => {
    const before = app("/a")
    const scaled = { ...before, instances: 5, version: "2026-02-01T00:00:00.000Z" as Timestamp }
    expect(plan([change(before, scaled)])).toEqual([["ScaleApplication /a"]])
    expect(plan([change(before, app("/a", at("2026-02-01T00:00:00.000Z")))])).toEqual([
      ["RestartApplication /a"],
    ])
  })

  test("scale, whatever changed, when nothing is to run", () => {
    const after = app("/a", { instances: 0, ...at("2026-02-01T00:00:00.000Z") })
    expect(plan([change(app("/a"), after)])).toEqual([["ScaleApplication /a"]])
  })

  test("restart a scaled app that still runs another configuration", () => {
    const scaled = app("/a", { instances: 5, version: "2026-02-01T00:00:00.000Z" as Timestamp })
    expect(plan([change(app("/a"), scaled, true)])).toEqual([["RestartApplication /a"]])
  })

  test("are none when nothing changed", () => {
    expect(plan([change(app("/a"), app("/a"))])).toEqual([])
    expect(plan([])).toEqual([])
  })

  test("follow dependencies on groups, own and inherited", () => {
    const groups: GroupNode[] = [
      { id: pathId("/back"), dependencies: [] },
      { id: pathId("/front"), ...depends("/back") },
    ]
    const [db, ui] = [app("/back/deep/db"), app("/front/ui")]
    expect(plan([change(undefined, ui), change(undefined, db)], groups)).toEqual([
      ["StartApplication /front/ui", "StartApplication /back/deep/db"],
      ["ScaleApplication /back/deep/db"],
      ["ScaleApplication /front/ui"],
    ])
  })

  test("ignore dependencies on what is not there, and of an app on its own group", () => {
    const groups = [{ id: pathId("/g"), ...depends("/g/a") }]
    expect(plan([change(undefined, app("/g/a", depends("/nowhere")))], groups)).toEqual([
      ["StartApplication /g/a"],
      ["ScaleApplication /g/a"],
    ])
  })

  test("do not exist for a circle", () => {
    const [a, b] = [app("/a", depends("/b")), app("/b", depends("/a"))]
    expect(plan([change(undefined, a), change(undefined, b)])).toEqual({
      code: "cyclicDependencies",
      ids: [pathId("/a"), pathId("/b")],
    })
  })
})
