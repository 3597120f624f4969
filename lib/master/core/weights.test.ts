import { describe, expect, test } from "bun:test"
import { Bench, frameworkInfo } from "./builders.ts"

const update = (bench: Bench, role: string, weight: number) =>
  bench.operate({ kind: "updateWeights", weightInfos: [{ role, weight }] })

describe("UPDATE_WEIGHTS", () => {
  test("is stored, and wins over the weights the master was started with", () => {
    const bench = new Bench({ master: { weights: { web: 2 } } })
    expect(bench.master.view.weight("web")).toBe(2)
    expect(update(bench, "web", 3.5)).toEqual({ status: 200 })
    const again = new Bench({ store: bench.store, master: { weights: { web: 2 } } })
    expect(again.master.view.weight("web")).toBe(3.5)
    expect(again.master.view.weight("other")).toBe(1)
  })

  test("makes all offers anew when somebody has the role, or one below it", () => {
    const bench = new Bench()
    const scheduler = bench.subscribe(frameworkInfo({ roles: ["web/a"] }))
    bench.register()
    update(bench, "db", 2)
    expect(bench.events(scheduler.stream, "rescind")).toEqual([])
    update(bench, "web", 2)
    expect(bench.events(scheduler.stream, "rescind")).toHaveLength(1)
    expect(bench.offers(scheduler)).toHaveLength(2)
    update(bench, "web", 2)
    expect(bench.events(scheduler.stream, "rescind")).toHaveLength(1)
  })

  test.each([
    ["web", 0, "the weight of role 'web' is 0; it must be a number above 0"],
    ["web", Number.NaN, "must be a number above 0"],
    ["-x", 1, "starts with a dash"],
    ["other", 1, "Unknown role 'other'"],
  ])("refuses %s=%d", (role, weight, message) => {
    const bench = new Bench({ master: { roles: ["web"] } })
    expect(update(bench, role, weight)).toMatchObject({
      status: 400,
      message: expect.stringContaining(message),
    })
    expect(bench.store.size).toBe(0)
  })
})
