import { describe, expect, test } from "bun:test"
import { ok } from "#lib/std/result.ts"
import { ROOT } from "../model/index.ts"
import type { Command } from "./command.ts"
import { equal } from "#lib/std/equal.ts"
import { patch, pathId, put, remove, testSpec } from "./test-app.ts"
import { World } from "./test-world.ts"

describe("the root group", () => {
  test("gets the groups that an app lies in", () => {
    const world = new World()
    world.deploy(put(testSpec({ id: pathId("/a/b/web") })))
    expect([...world.machine.view.groups()].map(({ id }): string => id)).toEqual([
      "/",
      "/a",
      "/a/b",
    ])
  })

  test("keeps groups that were left empty, until they are removed", () => {
    const world = new World()
    world.deploy(put(testSpec({ id: pathId("/a/web") })))
    world.deploy(remove("/a/web"))
    expect(world.machine.view.group(pathId("/a"))).toBeDefined()
    const command: Command = {
      kind: "change",
      change: () => ok({ groups: new Map([[pathId("/a"), null]]) }),
      force: false,
      groupId: ROOT,
    }
    world.deploy(command)
    expect(world.machine.view.group(pathId("/a"))).toBeUndefined()
  })

  test("lets an app take the name of an empty group", () => {
    const world = new World()
    world.deploy(put(testSpec({ id: pathId("/a/web") })))
    world.deploy(remove("/a/web"))
    world.deploy(put(testSpec({ id: pathId("/a") })))
    expect(world.machine.view.group(pathId("/a"))).toBeUndefined()
    expect(world.machine.view.app(pathId("/a"))).toBeDefined()
  })

  test("gets a higher version with each change, even when time stands still", () => {
    const world = new World()
    const versions = [world.machine.view.rootVersion]
    for (const instances of [1, 2, 3]) {
      world.deploy(put(testSpec({ instances }), true))
      versions.push(world.machine.view.rootVersion)
    }
    expect([...versions].sort()).toEqual(versions)
    expect(new Set(versions).size).toBe(4)
  })

  test("can be read as it was at earlier versions", () => {
    const world = new World()
    const { view } = world.machine
    world.deploy(put(testSpec({ cmd: "one" })))
    const first = view.rootVersion
    world.advance(1000)
    world.deploy(patch("/web", { cmd: "two" }))
    world.deploy(put(testSpec({ id: pathId("/g/other") }), true))
    world.deploy(remove("/web"))
    expect(view.rootAt(first)?.app(pathId("/web"))?.cmd).toBe("one")
    expect([...(view.rootAt(first)?.groups() ?? [])].map(({ id }): string => id)).toEqual(["/"])
    expect([...(view.rootAt(view.rootVersion)?.apps() ?? [])].map(({ id }): string => id)).toEqual([
      "/g/other",
    ])
    expect(view.rootAt("2001-01-01T00:00:00.000Z" as never)).toBeUndefined()
    expect(view.rootVersions()[0]).toBe(view.rootVersion)
  })

  test("keeps a bounded number of versions of itself and of each app", () => {
    const world = new World({ options: { maxVersions: 5 } })
    for (let cpus = 1; cpus <= 20; cpus++) {
      world.deploy(put(testSpec({ cpus: cpus / 100 }), true))
      world.advance(1000)
    }
    expect(world.machine.view.rootVersions()).toHaveLength(5)
    expect(world.machine.view.appVersions(pathId("/web"))).toHaveLength(5)
    const stored = [...world.store.keys()]
    expect(stored.filter((key) => key.startsWith("/marathon/root/"))).toHaveLength(5)
    expect(stored.filter((key) => key.startsWith("/marathon/apps/"))).toHaveLength(5)
  })

  test("writes as much for a change among many apps as among few", () => {
    const puts = (apps: number): number => {
      const world = new World()
      const specs = Array.from({ length: apps }, (_, index) =>
        testSpec({ id: pathId(`/app-${index}`), instances: 0 }),
      )
      world.deploy(put(specs))
      const before = new Map(world.store)
      world.deploy(patch("/app-1", { cmd: "changed" }))
      return [...world.store].filter(([key, value]) => before.get(key) !== value).length
    }
    expect(puts(300)).toBe(puts(3))
  })

  test("tells of refused changes", () => {
    const world = new World()
    expect(world.request(patch("/none", {}))).toEqual({
      ok: false,
      error: { code: "rejected", rejection: "no such app" },
    })
    expect(world.events.at(-1)).toMatchObject({
      eventType: "group_change_failed",
      groupId: "/",
      reason: "rejected",
    })
  })
})

describe("service ports", () => {
  const ports = (world: World, id = "/web"): readonly number[] =>
    world.machine.view.app(pathId(id))?.portDefinitions.map(({ port }) => port) ?? []
  const wish = (...numbers: number[]) =>
    numbers.map((port) => ({ port, protocol: "tcp" as const, labels: {} }))

  test("stay with their app when it is put again", () => {
    const world = new World()
    world.deploy(put(testSpec({ id: pathId("/first") })))
    world.deploy(put(testSpec({ portDefinitions: wish(0, 0) })))
    expect(ports(world)).toEqual([10_001, 10_002])
    world.deploy(remove("/first"))
    world.deploy(put(testSpec({ portDefinitions: wish(0, 0, 0) }), true))
    expect(ports(world)).toEqual([10_001, 10_002, 10_000])
  })

  test("may be fixed, and are then not given to others", () => {
    const world = new World()
    world.deploy(put(testSpec({ portDefinitions: wish(10_000, 80) })))
    expect(ports(world)).toEqual([10_000, 80])
    world.deploy(put(testSpec({ id: pathId("/other") })))
    expect(ports(world, "/other")).toEqual([10_001])
  })

  test("run out with a refusal", () => {
    const world = new World({ options: { localPortMin: 10_000, localPortMax: 10_002 } })
    const reply = world.request(put(testSpec({ portDefinitions: wish(0, 0, 0) })))
    expect(reply).toEqual({
      ok: false,
      error: { code: "portsExhausted", min: 10_000, max: 10_002 },
    })
  })

  test("are free again when their app is gone", () => {
    const world = new World()
    world.deploy(put(testSpec()))
    world.deploy(remove("/web"))
    world.deploy(put(testSpec({ id: pathId("/other") })))
    expect(ports(world, "/other")).toEqual([10_000])
  })
})

describe("equality of definitions", () => {
  test.each([
    [{ a: 1, b: [1, { c: 2 }] }, { b: [1, { c: 2 }], a: 1 }, true],
    [{ a: 1, b: undefined }, { a: 1 }, true],
    [{ a: 1 }, { a: 1, b: null }, false],
    [[1, 2], [2, 1], false],
    [{ a: [] }, { a: {} }, false],
    ["1", 1, false],
  ])("%j and %j: %p", (a, b, same) => {
    expect(equal(a, b)).toBe(same)
    expect(equal(b, a)).toBe(same)
  })
})
